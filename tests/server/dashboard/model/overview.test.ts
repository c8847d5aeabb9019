import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gaugeChanges, logChanges, spanChanges, topChanges, type SpanRow } from '../../../../server/dashboard/model/changes.ts';
import { acceptedBySignal, exporterBalances, intakeBalance, ratesBetween } from '../../../../server/dashboard/model/ledger.ts';
import * as queries from '../../../../server/dashboard/model/overview-queries.ts';
import { containsText, name, text, where } from '../../../../server/dashboard/model/sql-text.ts';
import { windowTables, type WindowTables } from '../../../support/window-tables.ts';

const NOW = Date.UTC(2026, 10, 21, 11);
let tables: WindowTables;
beforeAll(async () => {
  tables = await windowTables();
});
afterAll(() => tables.close());

describe('texts and names in SQL', () => {
  it('mean themselves, whatever they are', async () => {
    const any = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && !/\p{Cs}/u.test(value));
    await fc.assert(
      fc.asyncProperty(any, async (value) => {
        const [row] = await tables.run(`SELECT ${text(value)} AS v, ${containsText(text(`a${value}b`), value)} AS found`);
        expect(row).toEqual({ v: value, found: true });
        if (value !== '') expect(Object.keys((await tables.run(`SELECT 1 AS ${name(value)}`))[0] ?? {})).toEqual([value]);
      }),
      // A capital letter of Unicode 16, and one whose small form is two; names that objects have of their own.
      { numRuns: 150, endOnFailure: true, examples: [['\u{10d54}'], ['\u0130'], ['\u03a3'], ['__proto__'], ['constructor']] },
    );
  });

  it('make a condition of those that are given', () => {
    expect(where('a', undefined, '', 'b')).toBe('WHERE a\n  AND b');
    expect(where(undefined)).toBe('');
  });
});

describe('the queries of the overview', () => {
  it('count what came by signal and bucket', async () => {
    const at = (seconds: number): string => `TIMESTAMP_NS '2026-11-21 10:59:${String(seconds).padStart(2, '0')}.5'`;
    await tables.run(`INSERT INTO otel_logs BY NAME SELECT ${at(1)} AS Timestamp, 'a' AS Body UNION ALL SELECT ${at(2)}, 'b'`);
    await tables.run(`INSERT INTO otel_metrics_gauge BY NAME SELECT ${at(12)} AS TimeUnix, 1 AS Value`);
    await tables.run(`INSERT INTO otel_metrics_histogram BY NAME SELECT ${at(13)} AS TimeUnix, 1 AS Count`);
    const rows = await tables.run(queries.arrivals({ fromMs: NOW - 60_000, toMs: NOW }, 10));
    const minute = NOW - 60_000;
    expect(rows).toEqual([
      { t: minute, signal: 'logs', items: 2 },
      { t: minute + 10_000, signal: 'metrics', items: 2 },
    ]);
  });

  it('tell before from after', async () => {
    const span = (secondsAgo: number, ms: number, status: string): string =>
      `SELECT epoch_ms(${NOW - secondsAgo * 1000})::TIMESTAMP_NS AS Timestamp, 'pay' AS ServiceName, 'POST' AS SpanName, 'Server' AS SpanKind, ${ms * 1e6} AS Duration, '${status}' AS StatusCode`;
    const spans = [
      ...Array.from({ length: 30 }, () => span(300, 10, 'Unset')),
      ...Array.from({ length: 20 }, () => span(30, 80, 'Error')),
    ];
    await tables.run(`INSERT INTO otel_traces BY NAME ${spans.join(' UNION ALL ')}`);
    const rows = await tables.run(queries.spanChanges(queries.comparison(NOW)));
    expect(rows).toEqual([{ service: 'pay', name: 'POST', n0: 30, n1: 20, p0: 10e6, p1: 80e6, e0: 0, e1: 20, minutes: 3 }]);
    expect(spanChanges(rows as unknown as SpanRow[]).map(({ kind, words, worse }) => [kind, words, worse])).toEqual([
      ['latency', '×8', true],
      ['errors', 'new', true],
    ]);
    const [timing] = await tables.run(queries.latencies({ fromMs: NOW - 900_000, toMs: NOW }));
    expect(timing).toMatchObject({ service: 'pay', spans: 50, p95: 80e6, errors: 20 });
  });

  it('find the gauge that left where it was, and not the one that always swings', async () => {
    const points = ['steady', 'swings'].map(
      (metric, id) =>
        `INSERT INTO series BY NAME SELECT ${id} AS SeriesId, '${metric}' AS MetricName, 'gauge' AS MetricType, '1' AS MetricUnit, 'pay' AS ServiceName`,
    );
    for (const sql of points) await tables.run(sql);
    const point = (id: number, secondsAgo: number, value: number): string =>
      `SELECT ${id} AS SeriesId, epoch_ms(${NOW - secondsAgo * 1000})::TIMESTAMP_NS AS TimeUnix, ${value} AS Value`;
    const before = Array.from({ length: 20 }, (_, at) => [
      point(0, 200 + at, 10 + (at % 2) * 0.1),
      point(1, 200 + at, at % 2 === 0 ? 0 : 100),
    ]).flat();
    const after = Array.from({ length: 4 }, (_, at) => [point(0, 10 + at, 14), point(1, 10 + at, 70)]).flat();
    await tables.run(`INSERT INTO points BY NAME ${[...before, ...after].join(' UNION ALL ')}`);
    const rows = (await tables.run(queries.gaugeChanges(queries.comparison(NOW)))) as never[];
    expect(gaugeChanges(rows).map(({ name: metric, words }) => [metric, words])).toEqual([['steady', '+39%']]);
  });

  it('are understood by the database, empty tables or not', async () => {
    for (const sql of [queries.services(), queries.logChanges(queries.comparison(NOW))]) await tables.run(sql);
  });
});

describe('changes', () => {
  const row: SpanRow = { service: 's', name: 'n', n0: 1000, n1: 200, p0: 1e6, p1: 1e6, e0: 10, e1: 2, minutes: 10 };
  it('are none where all is as it was', () => {
    expect([...spanChanges([row]), ...logChanges([{ service: 's', before: 900, n0: 10, n1: 2, minutes: 10 }])]).toEqual([]);
  });

  it('of how much comes are told against the minutes that are known, of which there must be one', () => {
    const young = { ...row, n0: 200, e0: 0, e1: 0, minutes: 2 };
    expect(spanChanges([young])).toEqual([]);
    expect(spanChanges([{ ...young, n1: 800 }])).toMatchObject([
      { kind: 'traffic', before: '100/min', after: '400/min', words: '×4' },
    ]);
    expect(spanChanges([{ ...young, n1: 800, minutes: 0.5 }])).toEqual([]);
    expect(spanChanges([{ ...young, n1: 800, minutes: null }])).toEqual([]);
  });

  it('are none where there is too little to tell', () => {
    expect(logChanges([{ service: 's', before: 3, n0: 0, n1: 40, minutes: 10 }])).toEqual([]);
    expect(spanChanges([{ ...row, n0: 5, n1: 3, p1: 9e9, e0: 0, e1: 3 }])).toEqual([]);
  });

  it('are told the biggest first, one for each thing', () => {
    const found = spanChanges([
      { ...row, p1: 4e6, e1: 150 },
      { ...row, name: 'm', p1: 64e6 },
    ]);
    expect(
      topChanges([...found, ...logChanges([{ service: 's', before: 900, n0: 0, n1: 40, minutes: 10 }])], 3).map(
        ({ name: each }) => each,
      ),
    ).toEqual(['n', 'm', 'error logs']);
  });
});

describe('the ledger as a balance', () => {
  const ledger = {
    receivers: [
      { receiver: 'otlp', signal: 'logs', received: 10, accepted: 7, rejected: { scope_mismatch: 2, invalid: 1 } },
      { receiver: 'otlp', signal: 'metrics', received: 5, accepted: 5, rejected: {} },
    ],
    exporters: [
      { exporter: 'debug', routed: 7, exported: 4, refused: 1, dropped: { queue_full: 1 }, inFlight: 1 },
      { exporter: 'debug', routed: 5, exported: 5, refused: 0, dropped: {}, inFlight: 0 },
      { exporter: 'broken', routed: 5, exported: 3, refused: 0, dropped: {}, inFlight: 0 },
    ],
  };
  it('adds up at the door and at every exit, or says that it does not', () => {
    expect(intakeBalance(ledger)).toMatchObject({
      whole: 15,
      balanced: true,
      reasons: [
        ['scope_mismatch', 2],
        ['invalid', 1],
      ],
    });
    expect(exporterBalances(ledger).map(({ name: each, whole, balanced }) => [each, whole, balanced])).toEqual([
      ['broken', 5, false],
      ['debug', 12, true],
    ]);
  });

  it('gives rates from two looks at it, none from a count that went back', () => {
    expect(acceptedBySignal(ledger)).toEqual({ logs: 7, metrics: 5 });
    const rates = ratesBetween(
      { atMs: 0, accepted: { logs: 1, metrics: 9 } },
      { atMs: 2000, accepted: acceptedBySignal(ledger) },
    );
    expect(rates).toEqual({ logs: 3, metrics: 0 });
    expect(ratesBetween({ atMs: 5, accepted: {} }, { atMs: 5, accepted: {} })).toEqual({});
  });
});
