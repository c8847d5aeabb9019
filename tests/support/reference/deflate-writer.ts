/** A literal, or a match. */
export type DeflateToken = number | { readonly length: number; readonly distance: number };

const LENGTH_BASES = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const DISTANCE_BASES = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289,
  16385, 24577,
];

/** Bits as RFC 1951, 3.1.1 packs them: numbers from their lowest bit, codes from their highest. */
export class BitWriter {
  readonly #bits: number[] = [];

  number(value: number, count: number): this {
    for (let bit = 0; bit < count; bit++) this.#bits.push((value >> bit) & 1);
    return this;
  }

  code(value: number, count: number): this {
    for (let bit = count - 1; bit >= 0; bit--) this.#bits.push((value >> bit) & 1);
    return this;
  }

  bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8));
    this.#bits.forEach((bit, i) => (bytes[i >> 3] = bytes[i >> 3]! | (bit << (i & 7))));
    return bytes;
  }
}

function literalCode(writer: BitWriter, symbol: number): void {
  if (symbol < 144) writer.code(0x30 + symbol, 8);
  else if (symbol < 256) writer.code(0x190 + symbol - 144, 9);
  else if (symbol < 280) writer.code(symbol - 256, 7);
  else writer.code(0xc0 + symbol - 280, 8);
}

/** A raw stream of one block with fixed codes that says exactly these tokens, sensible or not. */
export function deflateOf(tokens: readonly DeflateToken[]): Buffer {
  const writer = new BitWriter().number(1, 1).number(1, 2);
  for (const token of tokens) {
    if (typeof token === 'number') {
      literalCode(writer, token);
      continue;
    }
    const length = LENGTH_BASES.findLastIndex((base) => base <= token.length);
    literalCode(writer, 257 + length);
    const lengthBits = length < 8 || length === 28 ? 0 : (length >> 2) - 1;
    writer.number(token.length - LENGTH_BASES[length]!, lengthBits);
    const distance = DISTANCE_BASES.findLastIndex((base) => base <= token.distance);
    writer.code(distance, 5);
    writer.number(token.distance - DISTANCE_BASES[distance]!, distance < 4 ? 0 : (distance >> 1) - 1);
  }
  literalCode(writer, 256);
  return writer.bytes();
}
