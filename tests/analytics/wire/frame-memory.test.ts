import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameMemory } from '../../../analytics/wire/frame-memory.ts';
import { frameHead } from '../../../analytics/wire/frames.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

type Frame = readonly [head: object, body: Buffer];

interface Reading {
  readonly frames: Frame[];
  /** Lengths of the memory that reads went to. */
  readonly lengths: Set<number>;
}

/** Reads `stream` as a pipe would, `sizes` bytes at a time, over and over. */
function read(stream: Buffer, sizes: readonly number[]): Reading {
  const frames: Frame[] = [];
  const lengths = new Set<number>();
  const memory = new FrameMemory((head, bytes) => void frames.push([head as object, Buffer.from(bytes)]));
  for (let at = 0, n = 0; at < stream.length; n++) {
    const room = memory.room();
    lengths.add(room.buffer.byteLength);
    const count = Math.min(sizes[n % sizes.length]!, room.length, stream.length - at);
    expect(count).toBeGreaterThan(0);
    stream.copy(room, 0, at, at + count);
    memory.filled(count);
    at += count;
  }
  return { frames, lengths };
}

function streamOf(frames: readonly (readonly [head: object, body: Uint8Array])[]): Buffer {
  return Buffer.concat(frames.flatMap(([head, body]) => [frameHead(head, body.length), Buffer.from(body)]));
}

/** So many bytes that tell which frame they belong to and where they stand. */
function body(number: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8) + number) & 0xff;
  return bytes;
}

const MEMORY = LIMITS.analyticsReadBytes;

describe('frames that are read where a pipe has put them', () => {
  it('come out as they went in, however the pipe cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.uint8Array({ maxLength: 300 })), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        (frames, sizes) => {
          const expected = frames.map(([head, bytes]) => [JSON.parse(JSON.stringify(head)), Buffer.from(bytes)]);
          expect(read(streamOf(frames), sizes).frames).toEqual(expected);
        },
      ),
      { endOnFailure: true },
    );
  });

  it('go over the end of the memory, and through memory of their own where they do not fit', () => {
    const lengths = [MEMORY / 3, MEMORY / 2, MEMORY / 2, MEMORY - 100, 10, 2 * MEMORY + 5, 700_000, MEMORY, 0, MEMORY / 3];
    const frames = lengths.map((length, i): Frame => [{ i }, body(i, Math.floor(length))]);
    for (const sizes of [[200_000], [1, 65_536, 3], [10 * MEMORY]]) {
      const { frames: found, lengths: used } = read(streamOf(frames), sizes);
      expect(found.map(([head]) => head)).toEqual(frames.map(([head]) => head));
      for (const [i, [, bytes]] of found.entries()) expect(bytes.equals(frames[i]![1])).toBe(true);
      expect(used.has(MEMORY)).toBe(true);
    }
  });

  it('share one memory, and one of more bytes leaves it no larger', () => {
    const small = Array.from({ length: 40 }, (_, i): Frame => [{ i }, body(i, 300_000)]);
    expect(read(streamOf(small), [150_000]).lengths).toEqual(new Set([MEMORY]));
    const frames: Frame[] = [[{}, body(0, 3 * MEMORY)], ...small];
    const memory = new FrameMemory(() => {});
    const stream = streamOf(frames);
    let last = 0;
    let room = memory.room();
    for (let at = 0; at < stream.length; room = memory.room()) {
      last = room.buffer.byteLength;
      const count = Math.min(150_000, room.length, stream.length - at);
      stream.copy(room, 0, at, at + count);
      memory.filled(count);
      at += count;
    }
    expect(last).toBe(MEMORY);
  });

  it('that make no sense are a bug, not a wait for more', () => {
    const filled = (bytes: Buffer): void => void read(bytes, [bytes.length]);
    const tooLong = Buffer.alloc(8);
    tooLong.writeUInt32LE(LIMITS.analyticsFrameBytes + 1, 0);
    expect(() => filled(tooLong)).toThrow('BUG: a frame of');
    const headless = Buffer.alloc(12);
    headless.writeUInt32LE(8, 0);
    headless.writeUInt32LE(5, 4);
    expect(() => filled(headless)).toThrow('BUG: a frame is shorter than its head');
  });
});
