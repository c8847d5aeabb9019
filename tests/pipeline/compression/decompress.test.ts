import { deflateSync, gzipSync } from 'node:zlib';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compress } from '../../../pipeline/compression/compress.ts';
import { decompress, isKnownEncoding, unzstd } from '../../../pipeline/compression/decompress.ts';
import { nodeEngine, wasmEngine, type ZstdEngine } from '../../../pipeline/compression/zstd.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

const MAX = 1 << 20;
const text = Buffer.from('some telemetry, '.repeat(500));
const codeOf = (result: Uint8Array | { code: string }): string => ('code' in result ? result.code : 'ok');

describe('decompress', () => {
  test.each(['gzip', 'GZIP', ' gzip ', 'x-gzip'])('takes "%s"', (encoding) => {
    expect(Buffer.from(decompress(encoding, gzipSync(text), MAX) as Uint8Array)).toEqual(text);
  });

  test('takes deflate as zlib, and no encoding and identity as they are', () => {
    expect(Buffer.from(decompress('deflate', deflateSync(text), MAX) as Uint8Array)).toEqual(text);
    expect(decompress('', text, MAX)).toBe(text);
    expect(decompress('Identity', text, MAX)).toBe(text);
  });

  test('refuses an unknown encoding and names the ones it knows', () => {
    const refusal = decompress('br', text, MAX);
    expect(refusal).toMatchObject({ code: 'BAD_ENCODING', retryable: false });
    expect(refusal).toHaveProperty('message', expect.stringContaining('gzip, zstd, deflate, identity'));
    expect(isKnownEncoding('br')).toBe(false);
    expect(isKnownEncoding('ZSTD')).toBe(true);
  });

  test('refuses a zstd body of very many frames before it decodes one', () => {
    // Magic, a descriptor without content size, a window of 1 KiB, and one empty raw block that is the last.
    const empty = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 1, 0, 0]);
    const frames = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => empty));
    expect(decompress('zstd', frames(LIMITS.zstdFrames), MAX)).toHaveLength(0);
    expect(codeOf(decompress('zstd', frames(LIMITS.zstdFrames + 1), MAX))).toBe('BAD_ENCODING');
  });

  test('reads gzip members one after another', () => {
    const two = Buffer.concat([gzipSync(text), gzipSync('end')]);
    expect(Buffer.from(decompress('gzip', two, MAX) as Uint8Array)).toEqual(Buffer.concat([text, Buffer.from('end')]));
  });

  test.each(['gzip', 'deflate'])('refuses %s that is empty, cut, damaged or followed by garbage', (encoding) => {
    const good = encoding === 'gzip' ? gzipSync(text) : deflateSync(text);
    for (let end = 0; end < good.length; end += 1)
      expect(codeOf(decompress(encoding, good.subarray(0, end), MAX))).toBe('BAD_ENCODING');
    for (const tail of ['x', '\0\0\0', 'more'])
      expect(codeOf(decompress(encoding, Buffer.concat([good, Buffer.from(tail)]), MAX))).toBe('BAD_ENCODING');
    const damaged = Buffer.from(good);
    damaged[good.length >> 1] = (damaged[good.length >> 1] ?? 0) ^ 0xff;
    expect(codeOf(decompress(encoding, damaged, MAX))).toBe('BAD_ENCODING');
  });

  test.each([
    ['gzip', gzipSync(Buffer.alloc(50 * MAX))],
    ['deflate', deflateSync(Buffer.alloc(50 * MAX))],
  ])('a %s bomb costs BODY_TOO_LARGE and little memory', (encoding, bomb) => {
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    for (let i = 0; i < 20; i += 1) {
      expect(codeOf(decompress(encoding, bomb, MAX))).toBe('BODY_TOO_LARGE');
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    expect(most).toBeLessThan(60 * MAX);
  });

  test('a body of exactly the limit passes, one byte more does not', () => {
    for (const encoding of ['gzip', 'deflate', 'zstd', ''] as const) {
      const pack = (bytes: Buffer): Uint8Array =>
        encoding === 'deflate' ? deflateSync(bytes) : encoding === '' ? bytes : Buffer.concat(compress(encoding, [bytes]));
      expect(decompress(encoding, pack(Buffer.alloc(5000, 'ab')), 5000)).toHaveLength(5000);
      expect(codeOf(decompress(encoding, pack(Buffer.alloc(5001, 'ab')), 5000))).toBe('BODY_TOO_LARGE');
    }
  });

  test('a gzip trailer that lies about the length allocates no more than the data is worth', () => {
    const lying = Buffer.from(gzipSync('tiny'));
    lying.writeUInt32LE(0x03ffffff, lying.length - 4);
    expect(codeOf(decompress('gzip', lying, 64 << 20))).toBe('BAD_ENCODING');
  });

  test('any bytes under any encoding give bytes or a refusal', () => {
    const encodings = fc.constantFrom('gzip', 'deflate', 'zstd', 'identity', 'br', '');
    const magic = fc.constantFrom(
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
      Buffer.from([0x1f, 0x8b, 8]),
      Buffer.from([0x78, 0x9c]),
      Buffer.alloc(0),
    );
    fc.assert(
      fc.property(encodings, magic, fc.uint8Array({ maxLength: 200 }), (encoding, start, rest) => {
        expect(['ok', 'BAD_ENCODING', 'BODY_TOO_LARGE']).toContain(
          codeOf(decompress(encoding, Buffer.concat([start, rest]), 1000)),
        );
      }),
      { numRuns: 500 },
    );
  });
});

const native = 'zstdDecompressSync' in zlib ? [['node', nodeEngine(zlib as never)] as const] : [];
describe.each([['wasm', wasmEngine()] as const, ...native])('zstd by %s', (_name, engine: ZstdEngine) => {
  const unpack = (body: Uint8Array, maxBytes = MAX): Uint8Array | { code: string; message: string } =>
    unzstd(body, maxBytes, () => engine);
  const good = engine.compress([text], 3);
  // `printf abc | zstd -c`: no content size in the header, a 2 MiB window, a checksum.
  const streamed = Buffer.from('28b52ffd0458190000616263990977ad', 'hex');

  test('round trip of several segments, empty ones among them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 6 }),
        fc.integer({ min: 1, max: 9 }),
        (segments, level) => {
          expect(Buffer.from(unpack(engine.compress(segments, level)) as Uint8Array)).toEqual(Buffer.concat(segments));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('reads several frames, skippable ones among them', () => {
    const skippable = Buffer.from([0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
    expect(Buffer.from(unpack(Buffer.concat([good, skippable, good])) as Uint8Array)).toEqual(Buffer.concat([text, text]));
  });

  test('reads a frame that does not say its size', () => {
    expect(Buffer.from(unpack(streamed) as Uint8Array).toString()).toBe('abc');
  });

  test('refuses what is empty, cut, damaged or followed by garbage', () => {
    for (let end = 0; end < good.length; end += 1) expect(codeOf(unpack(good.subarray(0, end)))).toBe('BAD_ENCODING');
    for (const tail of ['x', 'more than four'])
      expect(codeOf(unpack(Buffer.concat([good, Buffer.from(tail)])))).toBe('BAD_ENCODING');
    const damaged = Buffer.from(streamed);
    damaged[damaged.length - 1] = 0;
    expect(codeOf(unpack(damaged))).toBe('BAD_ENCODING');
  });

  test('a frame that asks for a huge window is refused before anything is decoded', () => {
    const huge = Buffer.from(streamed);
    huge[5] = 0xf8;
    expect(unpack(huge)).toMatchObject({
      code: 'BAD_ENCODING',
      message: expect.stringContaining(`limit is ${LIMITS.zstdWindowBytes}`),
    });
  });

  test('a frame that says it is larger than the limit is refused by its header, one that does not by its content', () => {
    const bomb = engine.compress([Buffer.alloc(4 * MAX)], 3);
    expect(bomb.length).toBeLessThan(2000);
    expect(codeOf(unpack(bomb))).toBe('BODY_TOO_LARGE');
    expect(codeOf(unpack(bomb, 4 * MAX))).toBe('ok');
    // No size in the header, 40 RLE blocks of 128 KiB.
    const block = Buffer.from([0x02, 0x00, 0x10, 0x41]);
    const last = Buffer.from([0x03, 0x00, 0x10, 0x41]);
    const silent = Buffer.concat([
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58]),
      ...Array.from({ length: 39 }, () => block),
      last,
    ]);
    expect(codeOf(unpack(silent))).toBe('BODY_TOO_LARGE');
    expect(unpack(silent, 8 * MAX)).toHaveLength(40 * 128 * 1024);
  });

  test('a frame that asks for a dictionary is refused', () => {
    expect(unpack(Buffer.from('28b52ffd21070361010000', 'hex'))).toMatchObject({
      code: 'BAD_ENCODING',
      message: expect.stringContaining('dictionary'),
    });
  });
});

test('a large body leaves no large WASM heap behind', () => {
  const engine = wasmEngine() as ZstdEngine & { heapBytes: number };
  const large = Buffer.alloc(40 * MAX, 'large ');
  const packed = engine.compress([large], 1);
  expect(engine.heapBytes).toBe(0);
  expect(engine.decompress(packed, large.length)).toHaveLength(large.length);
  expect(engine.heapBytes).toBe(0);
  expect(engine.decompress(engine.compress([text], 3), text.length)).toHaveLength(text.length);
  expect(engine.heapBytes).toBeLessThanOrEqual(LIMITS.zstdHeapBytes);
});
