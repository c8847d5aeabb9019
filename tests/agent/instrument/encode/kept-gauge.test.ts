import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeResource } from '../../../../agent/instrument/encode/attributes.ts';
import { KeptGauge } from '../../../../agent/instrument/encode/kept-gauge.ts';
import { CellReader } from '../../../../agent/instrument/encode/reader.ts';
import { EXPORT_LIMITS } from '../../../../agent/instrument/limits.ts';
import { AgentMeterProvider } from '../../../../agent/instrument/metrics/provider.ts';
import { pointsOf } from '../../../support/metric-points.ts';

const GAUGE = { name: 'things', meter: 'app' };
const MS = 1_000_000n;
const START = 1_795_258_800_000n * MS;

const point = (value: number) => ({ timeNs: START - 1n, value, attributes: { thing: 'a' } });

class Kept {
  readonly reader = new CellReader({ resource: encodeResource({}), temporality: 'cumulative' });

  tell(points: Readonly<Record<string, number | undefined>>): void {
    const told = Object.entries(points).map(([key, value]) => ({
      key,
      point: value === undefined ? undefined : point(value),
    }));
    this.reader.addKept({ ...GAUGE, points: told });
  }

  /** What leaves `afterMs` after the start; it arrives unless it is said. */
  leaving(afterMs: number, arrives = true): number[] {
    const collected = this.reader.collect(START + BigInt(afterMs) * MS, 2 ** 20);
    if (arrives) collected.commit();
    return pointsOf(collected.requests.map(({ body }) => body)).map(({ value }) => value);
  }
}

describe('a point that is told whole', () => {
  it('is one of a gauge, with its own time and attributes', () => {
    const kept = new Kept();
    kept.tell({ a: -1.5 });
    const [only, ...more] = pointsOf(kept.reader.collect(START, 2 ** 20).requests.map(({ body }) => body));
    expect(more).toEqual([]);
    expect(only).toMatchObject({
      meter: 'app',
      metric: 'things',
      type: 'gauge',
      value: -1.5,
      timeNs: START - 1n,
      attributes: { thing: 'a' },
    });
  });

  it('leaves until it has arrived, and then no more until it changes', () => {
    const kept = new Kept();
    kept.tell({ a: 1, b: 2 });
    expect(kept.leaving(0, false)).toEqual([1, 2]);
    expect(kept.leaving(5000)).toEqual([1, 2]);
    expect(kept.leaving(10_000)).toEqual([]);
    kept.tell({ a: 3 });
    expect(kept.leaving(15_000)).toEqual([3]);
  });

  it('leaves again, after a time, for as long as it stands', () => {
    const kept = new Kept();
    kept.tell({ a: 1, b: 2 });
    kept.leaving(0);
    expect(kept.leaving(EXPORT_LIMITS.repeatMs - 1)).toEqual([]);
    kept.tell({ b: undefined });
    expect(kept.leaving(EXPORT_LIMITS.repeatMs)).toEqual([1]);
    expect(kept.leaving(EXPORT_LIMITS.repeatMs + 1)).toEqual([]);
    kept.tell({ a: undefined });
    expect(kept.leaving(3 * EXPORT_LIMITS.repeatMs)).toEqual([]);
  });

  it('that changes on its way leaves as it is now', () => {
    const kept = new Kept();
    kept.tell({ a: 1 });
    const { requests, commit } = kept.reader.collect(START, 2 ** 20);
    kept.tell({ a: 2 });
    commit();
    expect(requests).toHaveLength(1);
    expect(kept.leaving(1)).toEqual([2]);
  });

  it('of which a part arrived leaves with the rest of them', () => {
    const kept = new Kept();
    for (let i = 0; i < 100; i++) kept.tell({ [i]: i });
    const { requests } = kept.reader.collect(START, 500);
    expect(requests.length).toBeGreaterThan(2);
    requests[1]!.commit();
    const arrived = pointsOf([requests[1]!.body]).map(({ value }) => value);
    const all = Array.from({ length: 100 }, (_, i) => i);
    expect(kept.leaving(1)).toEqual(all.filter((value) => !arrived.includes(value)));
  });

  it('is not taken for delivered when sums are', () => {
    const reader = new CellReader({ resource: encodeResource({}), temporality: 'delta' });
    const provider = new AgentMeterProvider({ sink: reader, onFault: () => undefined });
    provider.getMeter('app').createCounter('jobs').add(5);
    reader.addKept({ ...GAUGE, points: [{ key: 'a', point: point(1) }] });
    reader.rebase(START);
    expect(pointsOf(reader.collect(START + MS, 2 ** 20).requests.map(({ body }) => body)).map(({ value }) => value)).toEqual([1]);
  });

  it('has no series', () => {
    const gauge = new KeptGauge({ ...GAUGE, points: [] });
    expect(() => gauge.add()).toThrow('BUG');
    expect(() => gauge.setExemplars()).toThrow('BUG');
  });
});

it('what a collector knows in the end is what was told last, whatever was lost on the way', () => {
  const change = fc.record({ key: fc.constantFrom('a', 'b', 'c'), value: fc.option(fc.nat(9), { nil: undefined }) });
  const round = fc.record({ changes: fc.array(change, { maxLength: 4 }), arrives: fc.boolean() });
  fc.assert(
    fc.property(fc.array(round, { maxLength: 12 }), (rounds) => {
      const kept = new Kept();
      const told = new Map<string, number>();
      const known = new Map<string, number>();
      const learn = (afterMs: number, arrives: boolean): void => {
        const { requests, commit } = kept.reader.collect(START + BigInt(afterMs) * MS, 2 ** 20);
        if (!arrives) return;
        commit();
        for (const { value } of pointsOf(requests.map(({ body }) => body))) known.set(keyOf(value), value);
      };
      // Each number tells of its key.
      const keyOf = (value: number): string => 'abc'[Math.floor(value / 10)]!;
      for (const [at, { changes, arrives }] of rounds.entries()) {
        for (const { key, value } of changes) {
          const number = value === undefined ? undefined : value + 10 * 'abc'.indexOf(key);
          kept.tell({ [key]: number });
          if (number === undefined) told.delete(key);
          else told.set(key, number);
        }
        learn(at, arrives);
      }
      learn(rounds.length, true);
      for (const [key, value] of told) expect(known.get(key)).toBe(value);
      expect(kept.leaving(rounds.length + 1)).toEqual([]);
    }),
    { endOnFailure: true },
  );
});
