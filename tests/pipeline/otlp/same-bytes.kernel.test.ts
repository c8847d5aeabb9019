import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareRuns, equals, sameRun } from '../../../pipeline/otlp/same-bytes.kernel.ts';

const run = fc.uint8Array({ maxLength: 6, max: 3 });

test('runs of bytes compare as copies of them do', () => {
  fc.assert(
    fc.property(run, run, run, (before, a, b) => {
      const bytes = Buffer.concat([before, a, b]);
      const [start, middle, end] = [before.length, before.length + a.length, bytes.length];
      const order = Buffer.compare(a, b);
      expect(Math.sign(compareRuns(bytes, start, middle, bytes, middle, end))).toBe(order);
      expect(sameRun(bytes, start, middle, bytes, middle, end)).toBe(order === 0);
      expect(equals(bytes, start, middle, b)).toBe(order === 0);
    }),
    { endOnFailure: true },
  );
});
