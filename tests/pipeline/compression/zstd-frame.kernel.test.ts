import fc from 'fast-check';
import { expect, test } from 'vitest';
import { zstdFrames } from '../../../pipeline/compression/zstd-frame.kernel.ts';

const WINDOW = 8 << 20;
const MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const block = (type: number, size: number, last: boolean): number[] => {
  const header = (size << 3) | (type << 1) | (last ? 1 : 0);
  return [header & 255, (header >> 8) & 255, header >> 16];
};

test('a raw frame: header, blocks, checksum, and the next frame behind it', () => {
  // Single segment, 1 byte of content size, checksum.
  const frame = [...MAGIC, 0x24, 5, ...block(0, 3, false), 1, 2, 3, ...block(1, 2, true), 9, 0, 0, 0, 0];
  const found = zstdFrames(Uint8Array.from([...frame, ...frame]), WINDOW, 100);
  expect(found).toEqual({
    ok: true,
    contentBytes: 10,
    frames: [
      { start: 0, end: frame.length, contentBytes: 5, exact: true },
      { start: frame.length, end: 2 * frame.length, contentBytes: 5, exact: true },
    ],
  });
});

test('content sizes of 2, 4 and 8 bytes; claims are added over the frames', () => {
  const rle = block(1, 300, true);
  const sizes = [
    [0x60, 44, 0],
    [0xa0, 0x2c, 1, 0, 0],
    [0xe0, 0x2c, 1, 0, 0, 0, 0, 0, 0],
  ];
  for (const size of sizes) {
    const frame = [...MAGIC, ...size, ...rle, 7];
    expect(zstdFrames(Uint8Array.from(frame), WINDOW, 300)).toMatchObject({ ok: true, contentBytes: 300 });
    expect(zstdFrames(Uint8Array.from(frame), WINDOW, 299)).toEqual({ ok: false, cause: 'too_large' });
    expect(zstdFrames(Uint8Array.from([...frame, ...frame]), WINDOW, 599)).toEqual({ ok: false, cause: 'too_large' });
  }
});

test.each([
  ['a reserved bit', [...MAGIC, 0x28, 1, ...block(0, 1, true), 1], 'malformed'],
  ['a reserved block type', [...MAGIC, 0x20, 1, ...block(3, 1, true), 1], 'malformed'],
  ['a block larger than a block may be', [...MAGIC, 0x20, 1, ...block(1, 131_073, true), 1], 'malformed'],
  ['more content than its blocks can hold', [...MAGIC, 0x20, 2, ...block(0, 1, true), 1], 'malformed'],
  ['a dictionary', [...MAGIC, 0x21, 7, 1, ...block(0, 1, true), 1], 'dictionary'],
  ['only skippable frames', [0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0], 'truncated'],
  ['nothing', [], 'truncated'],
] as const)('%s is refused', (_name, bytes, cause) => {
  expect(zstdFrames(Uint8Array.from(bytes), WINDOW, 100)).toMatchObject({ ok: false, cause });
});

test('the window is read as RFC 8878 says, and the limit is exact', () => {
  const frame = (window: number): Uint8Array => Uint8Array.from([...MAGIC, 0, window, ...block(0, 1, true), 1]);
  expect(zstdFrames(frame(0x68), WINDOW, 100)).toMatchObject({ ok: true });
  expect(zstdFrames(frame(0x69), WINDOW, 100)).toEqual({ ok: false, cause: 'window', windowBytes: 9 << 20 });
});

test('any bytes behind the magic number end in an answer, and every frame lies within them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (rest) => {
      const bytes = Uint8Array.from([...MAGIC, ...rest]);
      const found = zstdFrames(bytes, WINDOW, 1000);
      if (!found.ok) return;
      expect(found.frames.every(({ start, end }) => start < end && end <= bytes.length)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
