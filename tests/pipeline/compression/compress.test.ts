import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compress } from '../../../pipeline/compression/compress.ts';
import { decompress } from '../../../pipeline/compression/decompress.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

test('none gives the very segments back', () => {
  const segments = [Buffer.from('a'), Buffer.from('b')];
  expect(compress('none', segments)).toBe(segments);
});

test('what gzip and zstd make of any segments decompresses to them, at any level', () => {
  const encodings = fc.constantFrom('gzip' as const, 'zstd' as const);
  fc.assert(
    fc.property(
      encodings,
      fc.array(fc.uint8Array({ maxLength: 2000 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 9 }),
      (encoding, segments, level) => {
        const packed = Buffer.concat(compress(encoding, segments, level));
        expect(Buffer.from(decompress(encoding, packed, 1 << 20) as Uint8Array)).toEqual(Buffer.concat(segments));
      },
    ),
    { numRuns: 150 },
  );
});

test('gzip is one member, for readers that stop at the end of the first', () => {
  const packed = compress('gzip', [Buffer.from('one '), Buffer.from('two')]);
  expect(packed).toHaveLength(1);
  const members =
    Buffer.from(packed[0] ?? [])
      .toString('latin1')
      .split('\x1f\x8b\x08').length - 1;
  expect(members).toBe(1);
  expect(gunzipSync(packed[0] ?? '').toString()).toBe('one two');
});

test('batches beyond the kept scratch are compressed too, and results do not share it', () => {
  const half = Buffer.alloc(LIMITS.compressScratchBytes, 'abcdefgh');
  const large = compress('gzip', [half, half], 1)[0];
  const first = compress('gzip', [Buffer.from('first '), Buffer.from('batch')])[0];
  const second = compress('gzip', [Buffer.from('second '), Buffer.from('batch')])[0];
  expect(gunzipSync(large ?? '')).toHaveLength(half.length * 2);
  expect(gunzipSync(first ?? '').toString()).toBe('first batch');
  expect(gunzipSync(second ?? '').toString()).toBe('second batch');
});

test('a higher level gives fewer bytes', () => {
  const lines = Array.from({ length: 3000 }, (_, i) => Buffer.from(`{"k":"v${i % 17}","n":${(i * 7919) % 1000}}\n`));
  for (const encoding of ['gzip', 'zstd'] as const) {
    const size = (level?: number): number => compress(encoding, lines, level)[0]?.length ?? 0;
    expect(size(9)).toBeLessThan(size(1));
    expect(size()).toBeLessThanOrEqual(size(1));
  }
});
