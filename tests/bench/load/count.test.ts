import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BodySource } from '../../../bench/load/body-source.ts';
import { countItems } from '../../../bench/load/count.ts';

const source = new BodySource({ signal: 'traces', groupsPerBody: 3, sets: 'unique', dirty: false });
const out = Buffer.alloc(source.maxBytes);
const body = Buffer.from(out.subarray(0, source.write(5, out, new DataView(out.buffer, out.byteOffset, out.length), 0)));

test('requests one after another count as one', () => {
  expect(countItems('traces', Buffer.concat([body, body]))).toBe(60);
  expect(countItems('traces', new Uint8Array(0))).toBe(0);
});

test('a request cut anywhere but between groups is broken', () => {
  const whole = [0, 1, 2, 3].map(
    (groups) => new BodySource({ signal: 'traces', groupsPerBody: groups, sets: 'unique', dirty: false }),
  );
  const ends = new Set(whole.map((one) => one.write(5, out, new DataView(out.buffer, out.byteOffset, out.length), 0)));
  fc.assert(
    fc.property(fc.integer({ min: 1, max: body.length - 1 }), (length) => {
      const items = countItems('traces', body.subarray(0, length));
      expect(items === -1 || ends.has(length)).toBe(true);
    }),
  );
});

test('any bytes end in a count, never in an exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom('metrics' as const, 'logs' as const), (bytes, signal) => {
      expect(countItems(signal, bytes)).toBeGreaterThanOrEqual(-1);
    }),
  );
});
