/** Numbers as protobuf's fixed64 and sfixed64, little-endian, from doubles: no BigInt is made. */
const HIGH = 2 ** 32;
const INT64_END = 2 ** 63;

/** Unsigned, a whole number below 2^53. */
export function putUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, (value / HIGH) >>> 0, true);
}

/** Signed, a whole number; what 64 bits do not hold becomes the nearest that they do. */
export function putInt64(view: DataView, at: number, value: number): void {
  if (value >= INT64_END) {
    view.setUint32(at, 0xffff_ffff, true);
    view.setUint32(at + 4, 0x7fff_ffff, true);
    return;
  }
  const held = value < -INT64_END ? -INT64_END : value;
  view.setUint32(at, held >>> 0, true);
  view.setUint32(at + 4, Math.floor(held / HIGH) >>> 0, true);
}
