import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nanosOfTime, timeText } from '../../../pipeline/perf/time.ts';

it('keeps every nanosecond, there and back', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 253_402_300_799_999_999_999n }), (nanos) => {
      fc.pre(nanos < 2n ** 63n);
      expect(nanosOfTime(timeText(nanos))).toBe(nanos);
    }),
    { endOnFailure: true },
  );
});

it.each([
  ['2026-11-21T11:00:00Z', 1_795_258_800_000_000_000n],
  ['2026-11-21T12:00:00.5+01:00', 1_795_258_800_500_000_000n],
  [1_795_258_800_000.25, 1_795_258_800_000_250_000n],
  [7n, 7n],
])('%s is %s', (time, nanos) => {
  expect(nanosOfTime(time)).toBe(nanos);
});

it.each([
  '2026-11-21',
  '2026-11-21T11:00:00',
  '2026-13-01T00:00:00Z',
  '2026-11-21T11:00:00.1234567891Z',
  Number.NaN,
  Infinity,
  -1,
  1e300,
  {},
  null,
])('%s is no time', (time) => {
  expect(nanosOfTime(time)).toBeUndefined();
});
