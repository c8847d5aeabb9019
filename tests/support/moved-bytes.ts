/** What a call moves in memory by native copies: bytes, whatever the code that copies looks like. */
export function movedBytes(run: () => void): number {
  const typed = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array;
  const buffer = Buffer.prototype;
  const { set, slice, copyWithin } = typed;
  const { copy } = buffer;
  const { concat } = Buffer;
  let moved = 0;
  typed.set = function (this: Uint8Array, source: ArrayLike<number>, offset?: number) {
    moved += source.length;
    set.call(this, source, offset);
  };
  typed.slice = function (this: Uint8Array, start?: number, end?: number) {
    const made = slice.call(this, start, end);
    moved += made.length;
    return made;
  } as typeof slice;
  typed.copyWithin = function (this: Uint8Array, target: number, start: number, end = this.length) {
    moved += end - start;
    return copyWithin.call(this, target, start, end);
  } as typeof copyWithin;
  buffer.copy = function (this: Buffer, ...args: Parameters<typeof copy>) {
    const copied = copy.apply(this, args);
    moved += copied;
    return copied;
  };
  Buffer.concat = (list, length) => {
    const made = concat(list, length);
    moved += made.length;
    return made;
  };
  try {
    run();
  } finally {
    Object.assign(typed, { set, slice, copyWithin });
    buffer.copy = copy;
    Buffer.concat = concat;
  }
  return moved;
}
