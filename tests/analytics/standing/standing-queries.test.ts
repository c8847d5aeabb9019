import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { StandingQueries } from '../../../analytics/standing/standing-queries.ts';
import type { SqlFault, StandingQuery } from '../../../pipeline/analytics.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { attribute } from '../../support/build.ts';
import type { Tree } from '../../support/reference/otlp.ts';
import { sameRows } from '../../support/reference/standing-rows.ts';
import { StandingBench, type Listener } from '../../support/standing-bench.ts';

const open: StandingBench[] = [];
const bench = async (): Promise<StandingBench> => {
  const made = await StandingBench.open();
  open.push(made);
  return made;
};
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
});

const nanos = (second: number): bigint => (1_700_000_000n + BigInt(second)) * 1_000_000_000n;
const service = (name: string): Tree => ({ attributes: [attribute('service.name', name)] });
const log = (from: string, severityNumber: number, body = 'x'): Tree => ({
  resourceLogs: [
    {
      resource: service(from),
      scopeLogs: [{ logRecords: [{ severityNumber, timeUnixNano: nanos(1), body: { stringValue: body } }] }],
    },
  ],
});
const span = (from: string, code: number): Tree => ({
  resourceSpans: [
    {
      resource: service(from),
      scopeSpans: [{ spans: [{ name: 'op', startTimeUnixNano: nanos(2), endTimeUnixNano: nanos(3), status: { code } }] }],
    },
  ],
});
const gauge = (from: string, value: number): Tree => ({
  resourceMetrics: [
    {
      resource: service(from),
      scopeMetrics: [{ metrics: [{ name: 'g', gauge: { dataPoints: [{ timeUnixNano: nanos(4), asDouble: value }] } }] }],
    },
  ],
});

const BY_SERVICE: StandingQuery = {
  sql: 'SELECT ServiceName, count(*) AS n FROM otel_logs GROUP BY ALL ORDER BY ServiceName',
  key: ['ServiceName'],
};

describe('a standing query', () => {
  it('gives a snapshot, then what changes of it by key, then a snapshot of that to who comes later', async () => {
    const all = await bench();
    await all.load('logs', log('cart', 9));
    const one = all.listen(BY_SERVICE, [0]);
    await all.settled();
    expect([one.twin.rows, one.snapshots]).toEqual([[['cart', 1]], 1]);
    await all.load('logs', log('cart', 9));
    await all.load('logs', log('shop', 9));
    await all.second();
    expect(one.deltas).toEqual([{ added: [['shop', 1]], changed: [['cart', 2]] }]);
    const two = all.listen(BY_SERVICE, [0]);
    expect([two.twin.rows, two.deltas]).toEqual([
      [
        ['cart', 2],
        ['shop', 1],
      ],
      [],
    ]);
  });

  it('runs again only when a view that it reads has changed', async () => {
    const all = await bench();
    const spans: StandingQuery = { sql: 'SELECT count(*) FROM otel_traces' };
    const services: StandingQuery = { sql: 'SELECT ServiceName, Logs, Spans FROM services', key: ['ServiceName'] };
    const none: StandingQuery = { sql: 'SELECT 1' };
    for (const query of [BY_SERVICE, spans, services, none]) all.listen(query, query.key && [0]);
    const counts = (): number[] => [BY_SERVICE, spans, services, none].map(({ sql }) => all.runsOf(sql));
    await all.second(4);
    expect(counts()).toEqual([1, 1, 1, 1]);
    await all.second(10);
    expect(counts()).toEqual([1, 1, 1, 1]);
    await all.load('logs', log('cart', 9));
    await all.second(4);
    expect(counts()).toEqual([2, 1, 2, 1]);
    await all.load('traces', span('cart', 0));
    await all.second(4);
    expect(counts()).toEqual([2, 2, 3, 1]);
    await all.load('metrics', gauge('cart', 1));
    await all.second(4);
    expect(counts()).toEqual([2, 2, 4, 1]);
  });

  it('runs again when rows went', async () => {
    const all = await bench();
    await all.load('logs', log('cart', 9));
    const one = all.listen(BY_SERVICE, [0]);
    await all.settled();
    await all.store.trim(all.nowMs, { maxAgeMs: 1e9, maxRows: 0, maxBytes: 1e9 });
    await all.second();
    expect(one.deltas).toEqual([{ removed: [['cart', 1]] }]);
  });

  it('runs at most once a second, however often data comes, and misses nothing of it', async () => {
    const all = await bench();
    const one = all.listen(BY_SERVICE, [0]);
    await all.settled();
    for (let step = 0; step < 25; step++) {
      await all.load('logs', log('cart', 9));
      all.nowMs += 200;
      await all.settled();
    }
    expect(all.runsOf(BY_SERVICE.sql)).toBe(6);
    await all.second();
    expect(one.twin.rows).toEqual([['cart', 25]]);
  });

  it('that asks for the time runs each second, and tells only what has changed', async () => {
    const all = await bench();
    const sql = 'SELECT now() > epoch_ms(0)::TIMESTAMPTZ AS later';
    const one = all.listen({ sql });
    await all.settled();
    await all.second(5);
    expect([all.runsOf(sql), one.deltas]).toEqual([6, []]);
  });

  it('is one for all who ask the same, and ends with the last of them', async () => {
    const all = await bench();
    const listeners = Array.from({ length: 20 }, () => all.listen(BY_SERVICE, [0]));
    const other = all.listen({ ...BY_SERVICE, key: undefined });
    await all.second();
    await all.load('logs', log('cart', 9));
    await all.second(2);
    expect(all.queries.open.map(({ runs }) => runs)).toEqual([2, 2]);
    expect(listeners.map(({ deltas }) => deltas)).toEqual(listeners.map(() => [{ added: [['cart', 1]] }]));
    for (const { id } of listeners) all.queries.remove(id);
    expect(all.queries.open).toHaveLength(1);
    all.queries.remove(other.id);
    expect(all.queries.open).toHaveLength(0);
  });

  it('does not run while somebody has not taken its last delta', async () => {
    const all = await bench();
    const slow = all.listen(BY_SERVICE, [0]);
    await all.settled();
    slow.takes = false;
    for (let seconds = 0; seconds < 5; seconds++) {
      await all.load('logs', log('cart', 9));
      await all.second();
    }
    expect([slow.deltas.length, all.runsOf(BY_SERVICE.sql)]).toEqual([1, 2]);
    all.queries.next(slow.id);
    await all.second();
    expect(slow.twin.rows).toEqual([['cart', 5]]);
  });
});

describe('runs', () => {
  it('are one at a time in a scope, two in all, the longest due first', async () => {
    const running: string[] = [];
    const ends: (() => void)[] = [];
    const queries = new StandingQueries({
      now: () => 0,
      read: (scope, { sql }) => {
        running.push(`${scope} ${sql}`);
        return new Promise((resolve) => ends.push(() => resolve({ ok: false, code: 'SQL_INVALID', message: 'cannot' })));
      },
      version: () => undefined,
      tell: () => {},
      end: () => {},
    });
    try {
      for (const [at, scope] of ['A', 'A', 'B', 'C'].entries()) queries.add(at, scope, { sql: `SELECT ${at}` });
      expect(running).toEqual(['A SELECT 0', 'B SELECT 2']);
      while (ends.length > 0) {
        ends.shift()?.();
        await new Promise((resolve) => setImmediate(resolve));
        expect(ends.length).toBeLessThanOrEqual(LIMITS.standingRuns);
      }
      expect(running).toEqual(['A SELECT 0', 'B SELECT 2', 'A SELECT 1', 'C SELECT 3']);
      expect(queries.open).toEqual([]);
    } finally {
      queries.close();
    }
  });
});

describe('a query that cannot stand', () => {
  it.each([
    ['SELECT nothing FROM otel_logs', 'SQL_INVALID'],
    ['SELECT * FROM nowhere', 'SQL_INVALID'],
    ['EXPLAIN SELECT 1', 'SQL_FORBIDDEN'],
    ["SELECT * FROM read_csv('/etc/passwd')", 'SQL_FORBIDDEN'],
    ['SELECT 1; SELECT 2', 'SQL_FORBIDDEN'],
    ['DROP VIEW otel_logs', 'SQL_FORBIDDEN'],
  ])('is refused with the reason: %s', async (sql, code) => {
    const all = await bench();
    const one = all.listen({ sql });
    await all.settled();
    expect(one.fault).toMatchObject({ ok: false, code, message: expect.stringMatching(/^cannot /) as string });
    expect(all.queries.open).toHaveLength(0);
  });

  it('is told which key two rows have, at once or when that comes', async () => {
    const all = await bench();
    const query: StandingQuery = { sql: 'SELECT ServiceName, Body FROM otel_logs', key: ['ServiceName'] };
    const one = all.listen(query, [0]);
    await all.load('logs', log('cart', 9, 'a'));
    await all.second();
    expect(one.twin.rows).toEqual([['cart', 'a']]);
    await all.load('logs', log('cart', 9, 'b'));
    await all.second();
    expect(one.fault?.message).toBe('cannot keep the query: two of its rows have the key "cart"');
  });

  it('with too many rows is refused at once', async () => {
    const all = await bench();
    const one = all.listen({ sql: `SELECT * FROM range(${LIMITS.standingRows + 1})` });
    const most = all.listen({ sql: `SELECT * FROM range(${LIMITS.standingRows})` });
    await all.settled();
    await all.second();
    expect(one.fault).toMatchObject({ code: 'SQL_TOO_LARGE', message: expect.stringContaining('more than 5000 rows') as string });
    expect([most.fault, most.twin.rows.length]).toEqual([undefined, LIMITS.standingRows]);
  });

  it('is one too many of its scope', async () => {
    const all = await bench();
    const some = Array.from({ length: LIMITS.standingQueriesPerScope }, (_, n) => all.listen({ sql: `SELECT ${n}` }));
    expect(all.listen({ sql: 'SELECT 1000' }).fault).toMatchObject({ code: 'ANALYTICS_BUSY' });
    expect(all.listen({ sql: 'SELECT 1' }).fault).toBeUndefined();
    expect(all.listen({ sql: 'SELECT 1000' }, undefined, 'B').fault).toBeUndefined();
    all.queries.remove(some[0]!.id);
    expect(all.listen({ sql: 'SELECT 1000' }).fault).toBeUndefined();
  });
});

describe('a query over its budget', () => {
  const late: SqlFault = { ok: false, code: 'SQL_TIMEOUT', message: 'cannot finish the query: it ran longer than 2000 ms' };

  it('is slowed down from the third time in a row on, and then refused with the reason', async () => {
    const all = await bench();
    const one = all.listen(BY_SERVICE, [0]);
    await all.settled();
    all.instead = late;
    const intervals: number[] = [];
    let lastRun = all.nowMs;
    for (let seconds = 0; seconds < 300 && one.fault === undefined; seconds++) {
      const before = all.runsOf(BY_SERVICE.sql);
      await all.load('logs', log('cart', 9));
      await all.second();
      if (all.runsOf(BY_SERVICE.sql) === before) continue;
      intervals.push((all.nowMs - lastRun) / 1000);
      lastRun = all.nowMs;
    }
    expect(intervals).toEqual([1, 1, 1, 2, 4, 8, 16, 30]);
    expect(one.fault).toEqual(late);
  });

  it('goes on where it left off when it keeps it again', async () => {
    const all = await bench();
    const one = all.listen(BY_SERVICE, [0]);
    await all.settled();
    all.instead = late;
    for (let seconds = 0; seconds < 8; seconds++) {
      await all.load('logs', log('cart', 9));
      await all.second();
    }
    all.instead = undefined;
    await all.second(10);
    expect([one.fault, one.twin.rows]).toEqual([undefined, [['cart', 8]]]);
  });

  it('is not blamed for others who kept it waiting', async () => {
    const all = await bench();
    const one = all.listen(BY_SERVICE, [0]);
    all.instead = { ok: false, code: 'ANALYTICS_BUSY', message: 'cannot run the query: too many run or wait' };
    await all.second(20);
    all.instead = undefined;
    await all.second(2);
    expect([one.fault, one.snapshots]).toEqual([undefined, 1]);
  });

  it('is interrupted by the real thing, and refused when it never kept it', async () => {
    const all = await bench();
    const one = all.listen({ sql: 'SELECT count(*) FROM range(100000) a, range(100000) b WHERE (a.range * b.range) % 7 = 3' });
    await all.settled();
    expect(one.fault).toBeUndefined();
    await all.second(10);
    expect(one.fault).toMatchObject({ code: 'SQL_TIMEOUT' });
  });
});

describe('deltas on a snapshot', () => {
  const QUERIES: readonly (readonly [query: StandingQuery, key?: readonly number[]])[] = [
    [BY_SERVICE, [0]],
    [{ sql: 'SELECT ServiceName, SeverityNumber, Body FROM otel_logs' }],
    [{ sql: 'SELECT Body FROM otel_logs WHERE SeverityNumber >= ? ORDER BY Body LIMIT 3', params: [10] }],
    [
      {
        sql: 'SELECT ServiceName, SeverityNumber, count(*) AS n FROM otel_logs GROUP BY ALL',
        key: ['SeverityNumber', 'ServiceName'],
      },
      [0, 1],
    ],
    [{ sql: 'SELECT ServiceName, Points, Spans, Logs, Errors FROM services', key: ['ServiceName'] }, [0]],
    [{ sql: 'SELECT ServiceName, MetricName, Points, LastValue FROM series' }],
    [{ sql: 'SELECT avg(Value), count(*) FROM points' }],
    [
      {
        sql: "SELECT l.ServiceName, count(*) FROM otel_logs l JOIN otel_traces t USING (ServiceName) WHERE t.StatusCode = 'Error' GROUP BY 1",
      },
    ],
  ];

  it('are what polling the same SELECT answers, after any inserts and trims', { timeout: 120_000 }, async () => {
    const from = fc.constantFrom('cart', 'shop', 'pay');
    const body = fc.constantFrom('a', 'b', '"q"', 'é\n');
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.tuple(fc.constant('logs' as const), from, fc.integer({ min: 8, max: 12 }), body) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('traces' as const), from, fc.integer({ min: 0, max: 2 }), body) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('metrics' as const), from, fc.integer({ min: -2, max: 2 }), body) },
      { weight: 1, arbitrary: fc.tuple(fc.constant('trim' as const), from, fc.integer({ min: 0, max: 30 }), body) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('join' as const), from, fc.integer({ min: 0, max: 7 }), body) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 25 }), async (steps) => {
        const all = await StandingBench.open();
        const told: [StandingQuery, Listener][] = QUERIES.map(([query, key]) => [query, all.listen(query, key)]);
        try {
          for (const [what, name, number, text] of steps) {
            if (what === 'logs') await all.load('logs', log(name, number, text));
            else if (what === 'traces') await all.load('traces', span(name, number));
            else if (what === 'metrics') await all.load('metrics', gauge(name, number));
            else if (what === 'trim') await all.store.trim(all.nowMs, { maxAgeMs: 1e9, maxRows: number, maxBytes: 1e9 });
            else told.push([QUERIES[number]![0], all.listen(QUERIES[number]![0], QUERIES[number]![1])]);
            await all.rested();
            all.nowMs += 1000;
            // Each in its turn: a scope runs one at a time.
            for (const _ of QUERIES) await all.settled();
            for (const [query, listener] of told) {
              expect(listener.fault).toBeUndefined();
              const polled = await all.poll(query);
              if (!sameRows(listener.twin.rows, polled)) expect([query.sql, listener.twin.rows]).toEqual([query.sql, polled]);
            }
          }
        } finally {
          await all.close();
        }
      }),
      { endOnFailure: true, numRuns: 6 },
    );
  });
});
