import { constants, crc32, deflateSync, gzipSync, type ZlibOptions } from 'node:zlib';
import fc from 'fast-check';

/** Texts a compressor finds something in: words of a small stock, runs, and noise between them. */
export const texts: fc.Arbitrary<Buffer> = fc
  .tuple(
    fc.array(fc.uint8Array({ minLength: 1, maxLength: 40, size: 'max' }), { minLength: 1, maxLength: 6 }),
    fc.array(fc.tuple(fc.nat(6), fc.nat(400), fc.uint8Array({ maxLength: 12 })), { minLength: 1, maxLength: 120, size: 'max' }),
  )
  .map(([stock, parts]) =>
    Buffer.concat(
      parts.flatMap(([word, run, noise]) => {
        const bytes = stock[word % stock.length]!;
        return run < 300 ? [bytes, noise] : [Buffer.alloc(run * (word + 1), bytes[0])];
      }),
    ),
  );

/** Everything zlib's writer can be told. */
export const options: fc.Arbitrary<ZlibOptions> = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FILTERED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FIXED,
  ),
});

export const FORMATS = ['gzip', 'zlib'] as const;
export const pack = (format: (typeof FORMATS)[number], text: Uint8Array, settings: ZlibOptions = {}): Buffer =>
  format === 'gzip' ? gzipSync(text, settings) : deflateSync(text, settings);

/** One gzip member around a raw stream, whatever it is, with the trailer of `text`. */
export function gzipMember(raw: Uint8Array, text: Uint8Array): Buffer {
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(text), 0);
  trailer.writeUInt32LE(text.length, 4);
  return Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), raw, trailer]);
}
