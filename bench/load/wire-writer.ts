const encoder = new TextEncoder();

/**
 * Writes protobuf for the load generator. Its own few lines on purpose: a generator that shared code with the system
 * under test would share its mistakes. Remembers where a value was written, so that it can be patched in each copy.
 */
export class WireWriter {
  #bytes = new Uint8Array(128);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  varint(value: number): this {
    let rest = value;
    this.#reserve(10);
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
    return this;
  }

  uint(field: number, value: number): this {
    return this.varint(field << 3).varint(value);
  }

  /** Writes a 64-bit fixed field and returns where its eight bytes begin. */
  fixed64(field: number, high: number, low: number): number {
    this.varint((field << 3) | 1);
    this.#reserve(8);
    const at = this.#length;
    const view = new DataView(this.#bytes.buffer, at, 8);
    view.setUint32(0, low, true);
    view.setUint32(4, high, true);
    this.#length += 8;
    return at;
  }

  /** Writes a double field and returns where its eight bytes begin. */
  double(field: number, value: number): number {
    this.varint((field << 3) | 1);
    this.#reserve(8);
    const at = this.#length;
    new DataView(this.#bytes.buffer, at, 8).setFloat64(0, value, true);
    this.#length += 8;
    return at;
  }

  /** Writes a length-delimited field and returns where its content begins. */
  bytes(field: number, content: Uint8Array): number {
    this.varint((field << 3) | 2).varint(content.length);
    this.#reserve(content.length);
    const at = this.#length;
    this.#bytes.set(content, at);
    this.#length += content.length;
    return at;
  }

  string(field: number, text: string): number {
    return this.bytes(field, encoder.encode(text));
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

/** A message built inside another one whose patch offsets still have to be moved by where it ends up. */
export interface Patchable {
  readonly bytes: Uint8Array;
  /** Offsets into `bytes`, by what is patched there. */
  readonly marks: Marks;
}

export interface Marks {
  /** Start of the eight bytes of a time. */
  readonly times: number[];
  /** Start of a second time that lies a little after the first (the end of a span, the time a record was observed). */
  readonly laterTimes: number[];
  readonly doubles: number[];
  readonly integers: number[];
  /** Start of eight hexadecimal characters that tell series, records or spans apart. */
  readonly identifiers: number[];
  /** Start of eight hexadecimal characters in a text that no processor looks at. */
  readonly texts: number[];
  /** Start of the 16 random bytes of a trace id or the 8 of a span id; four bytes at a time. */
  readonly randoms: number[];
}

const KINDS = [
  'times',
  'laterTimes',
  'doubles',
  'integers',
  'identifiers',
  'texts',
  'randoms',
] as const satisfies (keyof Marks)[];

export function noMarks(): Marks {
  return { times: [], laterTimes: [], doubles: [], integers: [], identifiers: [], texts: [], randoms: [] };
}

/** Writes `inner` as field `field` and takes its marks over. */
export function nest(writer: WireWriter, marks: Marks, field: number, inner: Patchable): void {
  const at = writer.bytes(field, inner.bytes);
  for (const kind of KINDS) {
    for (const offset of inner.marks[kind]) marks[kind].push(offset + at);
  }
}
