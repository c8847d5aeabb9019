import { describe, expect, test } from 'vitest';
import { type Arrival, deliveryOf } from '../../../bench/stream/delivery.ts';

/** Deltas of two scopes, whose newest points were sent 400 and 10 ms before the server sends both, at `sentMs`. */
const second = (sentMs: number, ...delays: number[]): Arrival[] =>
  delays.map((delay, i) => ({ atMs: sentMs + delay, newestMs: sentMs - (i % 2 === 0 ? 400 : 10) }));

describe('how long deltas took', () => {
  test('is counted from the newest point that any of the same second has', () => {
    const delivery = deliveryOf([...second(1000, 5, 25), ...second(2000, 15, 35)]);
    expect(delivery).toMatchObject({ ticks: 2, deltas: 4, p50Ms: 30, maxMs: 45, p99Ms: 45 });
  });

  test('and beside it from the newest point of the delta itself', () => {
    expect(deliveryOf(second(1000, 0, 0, 0, 0))).toMatchObject({ agesP50Ms: 205, agesP99Ms: 400 });
  });

  test('in whatever order they are given', () => {
    const arrivals = [...second(1000, 5, 25), ...second(2000, 15, 35)];
    expect(deliveryOf(arrivals.toReversed())).toEqual(deliveryOf(arrivals));
  });

  test('seconds that run into one another are taken for one', () => {
    const late = Array.from({ length: 12 }, (_, i) => 100 * i);
    expect(deliveryOf([...second(1000, ...late), ...second(2000, 150)]).ticks).toBe(1);
  });

  test('nothing came: no times', () => {
    expect(deliveryOf([])).toMatchObject({ ticks: 0, deltas: 0, p99Ms: Number.NaN });
  });
});
