import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageReader } from '../../../server/engine/grpc-message.ts';
import { prefixed } from '../../support/raw-grpc.ts';

/** Feeds the reader as a call does; false when bytes follow the message. */
function feed(reader: MessageReader, chunks: readonly Uint8Array[]): boolean {
  for (const chunk of chunks) {
    const start = reader.length < 0 ? reader.prefix(chunk) : 0;
    if (reader.length < 0) continue;
    if (!reader.add(chunk, start)) return false;
  }
  return true;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].toSorted((left, right) => left - right);
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const end of [...ends, bytes.length]) {
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

describe('a length-prefixed message', () => {
  test('comes out whole however its pieces are cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.boolean(),
        fc.array(fc.nat(), { maxLength: 12 }),
        (message, flag, places) => {
          const reader = new MessageReader();
          expect(feed(reader, cut(prefixed(message, message.length, flag ? 1 : 0), places))).toBe(true);
          expect(reader).toMatchObject({ length: message.length, flags: flag ? 1 : 0, complete: true });
          expect(Buffer.from(reader.take()).equals(message)).toBe(true);
        },
      ),
      { endOnFailure: true },
    );
  });

  test('of several megabytes grows as it comes', () => {
    const message = Buffer.alloc(5_000_001, 'a pattern of seventeen ');
    const reader = new MessageReader();
    const wire = prefixed(message);
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < wire.length; at += 70_000) chunks.push(wire.subarray(at, at + 70_000));
    expect(feed(reader, chunks)).toBe(true);
    expect(Buffer.from(reader.take()).equals(message)).toBe(true);
  });

  test('that is short is not complete, one that goes on is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.integer({ min: 1, max: 50 }), (message, more) => {
        const short = new MessageReader();
        expect(feed(short, [prefixed(message, message.length + more)])).toBe(true);
        expect(short.complete).toBe(false);
        const long = new MessageReader();
        expect(feed(long, [Buffer.concat([prefixed(message), Buffer.alloc(more)])])).toBe(false);
      }),
      { endOnFailure: true },
    );
  });

  test('a chunk may be changed once it is fed', () => {
    const wire = prefixed(Buffer.from('abc'));
    const reader = new MessageReader();
    feed(reader, [wire]);
    wire.fill(0);
    expect(Buffer.from(reader.take()).toString()).toBe('abc');
  });

  test('lengths up to 4 GiB are read, none is negative', () => {
    const reader = new MessageReader();
    reader.prefix(Buffer.of(0, 0xff, 0xff, 0xff, 0xff));
    expect(reader.length).toBe(0xffff_ffff);
  });
});
