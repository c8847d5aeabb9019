import { describe, expect, test } from 'vitest';
import { Sequence, type Told } from '../../../bench/stream/sequence.ts';

const delta = (seq: number): Told => ({ type: 'delta', seq });
const snapshot = (seq: number): Told => ({ type: 'snapshot', seq });
const gap = (from: number, to: number, dropped = to - from + 1): Told => ({ type: 'gap', dropped, from_seq: from, to_seq: to });
const faultsOf = (...told: Told[]): number => {
  const sequence = new Sequence();
  for (const one of told) sequence.take(one);
  return sequence.faults;
};

describe('what a client is told about its deltas', () => {
  test('deltas one after the other, from where the snapshot stands', () => {
    expect(faultsOf(snapshot(7), delta(8), delta(9))).toBe(0);
  });

  test('a delta that is missing, or comes twice, is a fault', () => {
    expect(faultsOf(snapshot(7), delta(9))).toBe(1);
    expect(faultsOf(snapshot(7), delta(8), delta(8))).toBe(1);
  });

  test('a gap stands for the deltas that it names, and is counted', () => {
    const sequence = new Sequence();
    for (const one of [snapshot(0), delta(1), gap(2, 5), delta(6)]) sequence.take(one);
    expect(sequence).toMatchObject({ faults: 0, gaps: 1, dropped: 4, deltas: 2 });
  });

  test('a gap that names too few, too many or others is a fault', () => {
    expect(faultsOf(snapshot(0), gap(2, 5))).toBe(1);
    expect(faultsOf(snapshot(0), gap(1, 5, 4))).toBe(1);
    expect(faultsOf(snapshot(0), gap(1, 5), delta(7))).toBe(1);
  });

  test('a snapshot after a gap stands where the gap ends', () => {
    expect(faultsOf(snapshot(0), gap(1, 5), snapshot(5), delta(6))).toBe(0);
    expect(faultsOf(snapshot(0), gap(1, 5), snapshot(6))).toBe(1);
  });

  test('deltas before any snapshot are a fault', () => {
    expect(faultsOf(delta(1))).toBe(1);
  });
});
