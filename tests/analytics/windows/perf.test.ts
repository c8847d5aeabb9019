import type { DuckDBMapValue, DuckDBTimestampNanosecondsValue } from '@duckdb/node-api';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { PERF_COMMENTS } from '../../../analytics/windows/perf-table.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { perfRuleOf, perfRuleSchema } from '../../../pipeline/perf/rule.ts';
import type { Signal } from '../../../pipeline/signal.ts';
import {
  exponentialHistogram,
  exponentialHistogramPoint,
  gauge,
  histogram,
  histogramPoint,
  logRecord,
  point,
  request,
  span,
  sum,
  summary,
  summaryPoint,
  type Attributes,
} from '../../support/build.ts';
import { naivePerfRows, type NaivePerfRow } from '../../support/reference/perf-rows.ts';
import type { Tree } from '../../support/reference/otlp.ts';
import { openWindow, type OpenWindow } from '../../support/sql-rows.ts';

const opened: OpenWindow[] = [];
afterEach(async () => {
  for (const each of opened.splice(0)) await each.close();
});

const RULES = [
  perfRuleOf(
    perfRuleSchema.parse({
      match: { metric: 'r2.latency' },
      category: 'R2',
      topic: '{op}',
      sub_cat: 'Latency',
      id: 'r2.{op}.{none}',
      locations: "it's",
    }),
  ),
];
const NAIVE_RULES = [
  {
    metric: 'r2.latency',
    texts: {
      'perf.category': 'R2',
      'perf.type': 'performance',
      'perf.topic': '{op}',
      'perf.sub_cat': 'Latency',
      'perf.id': 'r2.{op}.{none}',
      'perf.locations': "it's",
    },
  },
];

async function start(): Promise<OpenWindow> {
  const window = await openWindow({ figuresIntervalMs: 0, perfRules: RULES });
  opened.push(window);
  return window;
}

async function rowsOf(window: OpenWindow, view: string): Promise<NaivePerfRow[]> {
  const rows = await window.query(`SELECT * FROM ${view}`);
  return rows.map((row) => ({
    ...row,
    Timestamp: (row['Timestamp'] as DuckDBTimestampNanosecondsValue).nanos,
    Properties: Object.fromEntries((row['Properties'] as DuckDBMapValue).entries.map(({ key, value }) => [key, value])),
  })) as unknown as NaivePerfRow[];
}

const inOrder = (rows: readonly NaivePerfRow[]): string[] =>
  rows
    .map((row) =>
      JSON.stringify(
        Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)),
        (_, v) => (typeof v === 'bigint' ? `${v}n` : v),
      ),
    )
    .sort();

/** The last in time of each thing. Times of a test differ. */
function latestOf(rows: readonly NaivePerfRow[]): NaivePerfRow[] {
  const latest = new Map<string, NaivePerfRow>();
  for (const row of rows) {
    const key = JSON.stringify([row.Category, row.Type, row.Topic, row.SubCat, row.Id]);
    const known = latest.get(key);
    if (known === undefined || known.Timestamp <= row.Timestamp) latest.set(key, row);
  }
  return [...latest.values()];
}

const RESOURCE = { 'service.name': 'shop', 'periscope.scope': 'A' };
const PERF: Attributes = { 'perf.category': 'R2', 'perf.type': 'performance', 'perf.topic': 'Get', 'perf.id': 'get' };
const ofLogs = (...records: Tree[]): Tree => request('logs', [{ resource: RESOURCE, items: records }]);
const state = (value: string, timeUnixNano: bigint, more: Attributes = {}): Tree =>
  logRecord({ ...PERF, ...more, 'perf.value': value }, 'x', { timeUnixNano });

/** Items with and without what makes a row, each at a time of its own. */
function anyRequests(): fc.Arbitrary<{ signal: Signal; tree: Tree }[]> {
  const few = (...values: string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
  const attributes = fc.record(
    {
      'perf.category': few('R2', 'Zstd', ''),
      'perf.topic': few('Get', 'Put'),
      'perf.sub_cat': few('Latency', ''),
      'perf.id': few('a', 'b'),
      'perf.value': few('ENABLED', '12.34ms'),
      'perf.impact': fc.string({ unit: 'grapheme', maxLength: 30 }),
      'perf.properties.x': few('1', '2'),
      'perf.properties.scope': few('B'),
      op: few('get', 'put'),
      other: fc.boolean(),
    },
    { requiredKeys: [] },
  );
  const number = fc.oneof(fc.double({ noNaN: false }), fc.bigInt({ min: -(2n ** 50n), max: 2n ** 50n }));
  const item = fc.record({
    of: attributes,
    number,
    kind: fc.nat(4),
    name: few('r2.latency', 'other'),
    unit: few('ms', '', '1', '{request}', 'By'),
  });
  const group = fc.record({
    signal: fc.constantFrom<Signal>('metrics', 'traces', 'logs'),
    items: fc.array(item, { maxLength: 8 }),
    resource: fc.constantFrom<Attributes>(RESOURCE, { 'dashboard.scope': 'D' }, {}),
  });
  return fc.array(group, { minLength: 1, maxLength: 6 }).map((groups) => {
    let nanos = 1_700_000_000_000_000_000n;
    return groups.map(({ signal, items, resource }) => {
      const made = items.map(({ of, number: value, kind, name, unit }) => {
        nanos += 1n;
        if (signal === 'logs') return logRecord(of, 'body', { timeUnixNano: nanos });
        if (signal === 'traces')
          return span(of, { startTimeUnixNano: nanos, endTimeUnixNano: nanos + BigInt(kind) * 1_234_567n });
        const at = { timeUnixNano: nanos };
        const metric = [
          () => gauge(name, [{ ...point(of, value), ...at }]),
          () => sum(name, [{ ...point(of, value), ...at }]),
          () => histogram(name, [{ ...histogramPoint(of), ...at }]),
          () => exponentialHistogram(name, [{ ...exponentialHistogramPoint(of), ...at }]),
          () => summary(name, [{ ...summaryPoint(of), ...at }]),
        ][kind]!();
        const { unit: _unit, ...rest } = metric;
        return unit === '' ? rest : { ...rest, unit };
      });
      return { signal, tree: request(signal, [{ resource, items: made }]) };
    });
  });
}

describe('MASTER_PERF in a window', () => {
  it('has every row that a reader of the requests finds, and the latest of each thing', async () => {
    await fc.assert(
      fc.asyncProperty(anyRequests(), async (requests) => {
        const window = await openWindow({ figuresIntervalMs: 0, perfRules: RULES });
        try {
          const expected: NaivePerfRow[] = [];
          for (const { signal, tree } of requests) {
            await window.load(signal, tree);
            expected.push(...naivePerfRows(signal, tree, NAIVE_RULES));
          }
          expect(inOrder(await rowsOf(window, 'master_perf_history'))).toEqual(inOrder(expected));
          expect(inOrder(await rowsOf(window, 'master_perf'))).toEqual(inOrder(latestOf(expected)));
        } finally {
          await window.close();
        }
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('is empty, listed and described before anything came', async () => {
    const { query } = await start();
    for (const view of Object.keys(PERF_COMMENTS)) expect(await query(`SELECT * FROM ${view}`)).toEqual([]);
  });

  it('a row that came later counts where the time is the same, an older one never', async () => {
    const window = await start();
    await window.load('logs', ofLogs(state('first', 5n), state('second', 5n)));
    expect(await rowsOf(window, 'master_perf')).toMatchObject([{ Value: 'second' }]);
    await window.load('logs', ofLogs(state('late', 4n)));
    expect(await rowsOf(window, 'master_perf')).toMatchObject([{ Value: 'second' }]);
    await window.load('logs', ofLogs(state('third', 5n)));
    expect(await rowsOf(window, 'master_perf')).toMatchObject([{ Value: 'third', Timestamp: 5n }]);
  });

  it('history is bounded; a state stays when its row has gone', async () => {
    const window = await start();
    await window.load('logs', ofLogs(state('ENABLED', 1n, { 'perf.id': 'hardening' })));
    const points = (count: number, first: number): Tree =>
      request('metrics', [
        {
          resource: RESOURCE,
          items: [
            gauge(
              'g',
              Array.from({ length: count }, (_, i) => ({ ...point(PERF, first + i), timeUnixNano: BigInt(first + i) })),
            ),
          ],
        },
      ]);
    for (let first = 10; first < 14_010; first += 1000) await window.load('metrics', points(1000, first));
    const history = await rowsOf(window, 'master_perf_history');
    expect(history.length).toBeLessThanOrEqual(LIMITS.perfHistoryRows);
    expect(history.length).toBeGreaterThanOrEqual(LIMITS.perfHistoryRows / 2);
    expect(history.some(({ Id }) => Id === 'hardening')).toBe(false);
    expect(inOrder(await rowsOf(window, 'master_perf'))).toEqual(
      inOrder([
        { ...history.at(-1)!, Value: '14009', Timestamp: 14_009n },
        { ...history.at(-1)!, Id: 'hardening', Value: 'ENABLED', Timestamp: 1n, Source: 'log' },
      ]),
    );
  });

  it('of a flood the newest are kept, and the last of each series', async () => {
    const window = await start();
    const flood = Array.from({ length: 5000 }, (_, i) => ({
      ...point({ ...PERF, 'perf.id': i === 0 ? 'rare' : 'often' }, i),
      timeUnixNano: BigInt(i + 1),
    }));
    await window.load('metrics', request('metrics', [{ resource: RESOURCE, items: [gauge('g', flood)] }]));
    expect((await rowsOf(window, 'master_perf_history')).length).toBe(LIMITS.perfFound + 1);
    expect((await rowsOf(window, 'master_perf')).map(({ Id, Value }) => [Id, Value]).sort()).toEqual([
      ['often', '4999'],
      ['rare', '0'],
    ]);
  });

  it('ages with the window, its states do not', async () => {
    const window = await start();
    const { window: scope } = window;
    await window.load('logs', ofLogs(state('ENABLED', 1n)));
    const bounds = { maxAgeMs: 60_000, maxRows: 1e9, maxBytes: 1e9 };
    const version = (): number => scope.versions().get('master_perf_history') ?? -1;
    const before = version();
    await scope.trim(30_000, bounds);
    expect(await rowsOf(window, 'master_perf_history')).toHaveLength(1);
    expect(version()).toBe(before);
    await scope.trim(200_000, bounds);
    expect(await rowsOf(window, 'master_perf_history')).toEqual([]);
    expect(version()).toBeGreaterThan(before);
    expect(await rowsOf(window, 'master_perf')).toMatchObject([{ Value: 'ENABLED' }]);
  });

  it('goes by other rules from when it is given them', async () => {
    const window = await start();
    const points = (time: bigint): Tree =>
      request('metrics', [
        { resource: RESOURCE, items: [gauge('queue.depth', [{ ...point({ op: 'get' }, 3), timeUnixNano: time }])] },
      ]);
    await window.load('metrics', points(1n));
    window.window.perfRules = [perfRuleOf(perfRuleSchema.parse({ match: { metric: 'queue.depth' }, category: 'Queues' }))];
    await window.load('metrics', points(2n));
    expect(await rowsOf(window, 'master_perf_history')).toMatchObject([{ Category: 'Queues', Value: '3', Timestamp: 2n }]);
  });

  it('tells by its version that rows came, and only then', async () => {
    const window = await start();
    const version = (): number => window.window.versions().get('master_perf') ?? -1;
    const before = version();
    await window.load('logs', ofLogs(logRecord({ a: 'b' })));
    expect(version()).toBe(before);
    await window.load('logs', ofLogs(state('x', 1n)));
    expect(version()).toBe(before + 1);
  });

  it('goes on over a new generation of dictionaries', async () => {
    const window = await openWindow({ figuresIntervalMs: 0, dictionaryBytes: 1 });
    opened.push(window);
    for (let i = 0; i < 5; i++) await window.load('logs', ofLogs(state(`v${i}`, BigInt(i + 1)), logRecord({ n: BigInt(i) })));
    expect((await rowsOf(window, 'master_perf_history')).map(({ Value }) => Value)).toEqual(['v0', 'v1', 'v2', 'v3', 'v4']);
    expect(await rowsOf(window, 'master_perf')).toMatchObject([{ Value: 'v4' }]);
  });
});
