import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, frameHead } from '../../../analytics/wire/frames.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

type Frame = readonly [head: object, body: Buffer];

function read(chunks: readonly Buffer[]): Frame[] {
  const frames: Frame[] = [];
  const reader = new FrameReader((head, bytes) => void frames.push([head as object, Buffer.from(bytes)]));
  for (const chunk of chunks) reader.push(chunk);
  return frames;
}

describe('frames on a pipe', () => {
  it('come out as they went in, however the pipe cuts them', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.uint8Array({ maxLength: 300 })), { maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        (frames, cuts) => {
          const stream = Buffer.concat(frames.flatMap(([head, body]) => [frameHead(head, body.length), Buffer.from(body)]));
          const chunks: Buffer[] = [];
          for (let at = 0, n = 0; at < stream.length; n++) {
            const end = at + cuts[n % cuts.length]!;
            chunks.push(Buffer.from(stream.subarray(at, end)));
            at = end;
          }
          const expected = frames.map(([head, body]) => [JSON.parse(JSON.stringify(head)), Buffer.from(body)]);
          expect(read(chunks)).toEqual(expected);
          expect(read([stream])).toEqual(expected);
        },
      ),
      { endOnFailure: true },
    );
  });

  it('do not share the memory of a frame that came in pieces with the next one', () => {
    const kept: Uint8Array[] = [];
    const reader = new FrameReader((_head, bytes) => void kept.push(bytes));
    for (const letter of ['a', 'b']) {
      const frame = Buffer.concat([frameHead({}, 4), Buffer.from(letter.repeat(4))]);
      reader.push(frame.subarray(0, 5));
      reader.push(frame.subarray(5));
    }
    expect(kept.map((bytes) => Buffer.from(bytes).toString())).toEqual(['aaaa', 'bbbb']);
  });

  it('that make no sense are a bug, not a wait for more', () => {
    const tooLong = Buffer.alloc(8);
    tooLong.writeUInt32LE(LIMITS.analyticsFrameBytes + 1, 0);
    expect(() => read([tooLong])).toThrow('BUG: a frame of');
    const tooShort = Buffer.alloc(8);
    expect(() => read([tooShort])).toThrow('BUG: a frame of 4 bytes');
    const headless = Buffer.alloc(12);
    headless.writeUInt32LE(8, 0);
    headless.writeUInt32LE(5, 4);
    expect(() => read([headless])).toThrow('BUG: a frame is shorter than its head');
  });
});
