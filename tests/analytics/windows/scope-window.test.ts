import { afterEach, describe, expect, it } from 'vitest';
import { attribute, encode } from '../../support/build.ts';
import type { Tree } from '../../support/reference/otlp.ts';
import { openWindow, type OpenWindow } from '../../support/sql-rows.ts';

const MINUTE = 60_000;
/** The table of figures is made for a twentieth of the time at most: on a slow machine not soon again. */
const LONG = { timeout: 20_000 };
const NO_BOUNDS = { maxAgeMs: Number.POSITIVE_INFINITY, maxRows: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY };
const SECOND = 1_700_000_000n;
const nanos = (second: number): bigint => (SECOND + BigInt(second)) * 1_000_000_000n;

let open: OpenWindow;
afterEach(() => open.close());

const service = (name: string): Tree => ({ attributes: [attribute('service.name', name)] });
const metrics = (name: string, of: Tree, from = 'shop'): Tree => ({
  resourceMetrics: [{ resource: service(from), scopeMetrics: [{ metrics: [{ name, ...of }] }] }],
});
const gauge = (name: string, value: number, second = 0, id = 'a'): Tree =>
  metrics(name, { gauge: { dataPoints: [{ attributes: [attribute('id', id)], timeUnixNano: nanos(second), asDouble: value }] } });
const logs = (count: number, severityNumber = 9): Tree => ({
  resourceLogs: [
    {
      resource: service('shop'),
      scopeLogs: [{ logRecords: Array.from({ length: count }, (_, i) => ({ severityNumber, timeUnixNano: nanos(i) })) }],
    },
  ],
});
const spans = (count: number, code: number): Tree => ({
  resourceSpans: [
    {
      resource: service('cart'),
      scopeSpans: [{ spans: Array.from({ length: count }, () => ({ startTimeUnixNano: nanos(5), status: { code } })) }],
    },
  ],
});
const count = async (table: string): Promise<number> => Number((await open.query(`SELECT count(*) AS n FROM ${table}`))[0]!['n']);
/** Scans a request that came at this time, and loads it. */
async function come(signal: 'metrics' | 'logs' | 'traces', request: Tree, receivedMs: number): Promise<void> {
  expect(open.window.append(signal, encode(signal, request), receivedMs).fault).toBe('');
  await open.window.flush();
}
const tables = (): Promise<Record<string, unknown>[]> =>
  open.query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'base' ORDER BY 1");

/** The slices that are compressed, after a trim at this time, if one is given. */
async function compressed(nowMs?: number, maxRows = Number.POSITIVE_INFINITY): Promise<number[]> {
  if (nowMs !== undefined) await open.window.trim(nowMs, { ...NO_BOUNDS, maxRows });
  // Whatever comes next waits for it.
  await open.window.flush();
  const found: number[] = [];
  for (const { table_name: name } of await tables()) {
    const slice = /^gauge_([0-9]+)$/.exec(String(name))?.[1];
    const segments = slice === undefined ? [] : await open.query(`FROM pragma_storage_info('base.gauge_${slice}')`);
    if (segments.length > 0 && segments.every(({ compression }) => compression !== 'Uncompressed')) found.push(Number(slice));
  }
  return found.sort((a, b) => a - b);
}

describe('a window', () => {
  it('shows rows after a flush, and not before', async () => {
    open = await openWindow();
    open.window.append('logs', encode('logs', logs(3)), 0);
    expect(await count('otel_logs')).toBe(0);
    expect(open.window.usage().rows).toBe(3);
    await open.window.flush();
    expect(await count('otel_logs')).toBe(3);
  });

  it('keeps nothing of a request that it cannot read, and says so', async () => {
    open = await openWindow();
    const bytes = encode('logs', logs(3));
    expect(open.window.append('logs', bytes.subarray(0, bytes.length - 1), 0)).toMatchObject({ rows: 0, skipped: 1 });
    expect(open.window.append('logs', bytes, 0)).toEqual({ rows: 3, skipped: 0, fault: '' });
    await open.window.flush();
    expect(await count('otel_logs')).toBe(3);
  });

  it('loads what came while it was loading with the next flush, in order, however often flush is called', async () => {
    open = await openWindow();
    const flushes: Promise<void>[] = [];
    for (let i = 0; i < 20; i++) {
      open.window.append('metrics', encode('metrics', gauge('m', i, i)), i);
      flushes.push(open.window.flush());
    }
    await Promise.all(flushes);
    expect(await open.query('SELECT "Value" FROM points ORDER BY "TimeUnix"')).toEqual(
      Array.from({ length: 20 }, (_, Value) => ({ Value })),
    );
  });

  it('tells by versions which views have new rows', async () => {
    open = await openWindow();
    const changed = async (request: () => Promise<void>): Promise<string[]> => {
      const before = new Map(open.window.versions());
      await request();
      const after = open.window.versions();
      return [...after].filter(([view, version]) => version !== before.get(view)).map(([view]) => view);
    };
    expect(await changed(() => open.load('logs', logs(1)))).toEqual(['otel_logs', 'services']);
    expect(await changed(() => open.load('traces', spans(1, 0)))).toEqual(['otel_traces', 'services']);
    expect(await changed(() => open.load('metrics', gauge('m', 1)))).toEqual([
      'otel_metrics_gauge',
      'points',
      'series',
      'services',
    ]);
    expect(await changed(() => open.window.flush())).toEqual([]);
  });

  it('closes twice without a word, and takes a flush after it for nothing', async () => {
    open = await openWindow();
    await open.window.close();
    await open.window.close();
    await open.window.flush();
  });
});

describe('slices', () => {
  it('begin after their time, and are dropped whole when their last row is too old', async () => {
    open = await openWindow({ figuresIntervalMs: 0, sliceMs: MINUTE });
    for (let minute = 0; minute < 10; minute++) await come('logs', logs(10), minute * MINUTE);
    expect(await count('otel_logs')).toBe(100);
    const bounds = { ...NO_BOUNDS, maxAgeMs: 4 * MINUTE };
    expect(await open.window.trim(10 * MINUTE, bounds)).toBe(60);
    expect(await count('otel_logs')).toBe(40);
    expect(open.window.usage()).toMatchObject({ rows: 40, oldestMs: 6 * MINUTE });
    expect(await open.window.trim(10 * MINUTE, bounds)).toBe(0);
    expect(await open.window.trim(14 * MINUTE, bounds)).toBe(40);
    expect(await count('otel_logs')).toBe(0);
    await come('logs', logs(1), 14 * MINUTE);
    expect(await count('otel_logs')).toBe(1);
  });

  it('are dropped oldest first, of all signals, until the rows fit', async () => {
    open = await openWindow({ figuresIntervalMs: 0, sliceRows: 10 });
    for (let i = 0; i < 5; i++) {
      await come('logs', logs(10), 2 * i);
      await come('traces', spans(10, 0), 2 * i + 1);
    }
    expect(await open.window.trim(10, { ...NO_BOUNDS, maxRows: 75 })).toBe(30);
    expect([await count('otel_logs'), await count('otel_traces')]).toEqual([30, 40]);
    expect(open.window.usage().rows).toBe(70);
  });

  it('leave no table behind when all is dropped, and their dictionaries go with them', async () => {
    open = await openWindow();
    const empty = (await tables()).length;
    for (let i = 0; i < 50; i++) await come('metrics', gauge(`m${i}`, i), i);
    const { bytes } = open.window.usage();
    await open.window.trim(50, { ...NO_BOUNDS, maxRows: 0 });
    expect((await tables()).length).toBe(empty);
    expect(open.window.usage()).toMatchObject({ rows: 0 });
    expect(open.window.usage().bytes).toBeLessThan(bytes);
    expect(await count('series')).toBe(0);
    await come('metrics', gauge('m', 1), 51);
    expect(await count('series')).toBe(1);
  });

  it('are compressed together when they are full, take much and have stood for a while', async () => {
    const rows = 4096;
    const dataPoints = Array.from({ length: rows }, (_, i) => ({ timeUnixNano: nanos(1), asDouble: i % 10 }));
    // Three slices, by the account of rows.
    open = await openWindow({ sliceRows: rows, looseBytes: 3 * rows * 32, looseMs: MINUTE, nowMs: 0 });
    for (let i = 0; i < 3; i++) await come('metrics', metrics('m', { gauge: { dataPoints } }), i);
    await come('metrics', gauge('m', 1), 3);
    expect(await compressed(MINUTE - 1)).toEqual([]);
    expect((await compressed(MINUTE)).slice(0, 3)).toEqual([1, 2, 3]);
    // Those that are dropped meanwhile do not wait.
    for (let i = 0; i < 12; i++) {
      await come('metrics', metrics('m', { gauge: { dataPoints } }), MINUTE + i * (MINUTE / 4));
      const standing = (await compressed(MINUTE + i * (MINUTE / 4), 3 * rows)).filter((slice) => slice > 4);
      expect(standing).toEqual([]);
    }
    expect(await count('otel_metrics_gauge')).toBeLessThanOrEqual(4 * rows);
    // Twice as much does not wait, nor for a trim.
    for (let i = 0; i < 7; i++) await come('metrics', metrics('m', { gauge: { dataPoints } }), 5 * MINUTE + i);
    expect((await compressed()).some((slice) => slice > 4)).toBe(true);
    await open.close();
    // Two that are full are too little.
    open = await openWindow({ sliceRows: rows, looseBytes: 3 * rows * 32, looseMs: MINUTE, nowMs: 0 });
    for (let i = 0; i < 3; i++) await come('metrics', metrics('m', { gauge: { dataPoints } }), i);
    expect(await compressed(2 * MINUTE)).toEqual([]);
  });

  it('are compressed later where a query that began before their last load still runs', async () => {
    const rows = 4096;
    const dataPoints = Array.from({ length: rows }, (_, i) => ({ timeUnixNano: nanos(1), asDouble: i % 10 }));
    open = await openWindow({ sliceRows: rows, looseBytes: 3 * rows * 32, looseMs: MINUTE, nowMs: 0 });
    const reader = await open.instance.connect();
    await reader.run('BEGIN TRANSACTION READ ONLY');
    await reader.run('SELECT count(*) FROM otel_metrics_gauge');
    for (let i = 0; i < 3; i++) await come('metrics', metrics('m', { gauge: { dataPoints } }), i);
    await come('metrics', gauge('m', 1), 3);
    expect(await compressed(MINUTE)).toEqual([]);
    await reader.run('ROLLBACK');
    reader.closeSync();
    expect((await compressed(MINUTE + 1)).slice(0, 3)).toEqual([1, 2, 3]);
  });

  it('begin when rows come, not while there are none', async () => {
    open = await openWindow({ figuresIntervalMs: 0, sliceMs: MINUTE, nowMs: 0 });
    const empty = (await tables()).length;
    for (let minute = 0; minute < 30; minute++) await open.window.trim(minute * MINUTE, { ...NO_BOUNDS, maxAgeMs: MINUTE });
    await come('logs', logs(1), 30 * MINUTE);
    expect(open.window.usage().oldestMs).toBe(30 * MINUTE);
    expect((await tables()).length).toBe(empty);
  });

  it('keep only tables with rows when they are full, and show the rows of each kind wherever they stand', async () => {
    open = await openWindow({ figuresIntervalMs: 0, sliceMs: MINUTE });
    const dataPoints = [{ timeUnixNano: nanos(1), asDouble: 1 }];
    const requests = [{ gauge: { dataPoints } }, { sum: { dataPoints } }, { summary: { dataPoints: [{ count: 1n }] } }];
    for (const [minute, request] of requests.entries()) await come('metrics', metrics('m', request), minute * MINUTE);
    await come('metrics', gauge('m', 2, 2), requests.length * MINUTE);
    expect((await tables()).map((row) => row['table_name']).filter((name) => /^(gauge|sum|hist|exp)/.test(String(name)))).toEqual(
      [
        'exponential_histogram_4',
        'gauge_1',
        'gauge_4',
        'gauge_rich_4',
        'histogram_4',
        'sum_2',
        'sum_4',
        'sum_rich_4',
        'summary_3',
        'summary_4',
      ],
    );
    expect([await count('otel_metrics_gauge'), await count('otel_metrics_sum'), await count('points')]).toEqual([2, 1, 3]);
    expect([await count('otel_metrics_summary'), await count('otel_metrics_histogram')]).toEqual([1, 0]);
    expect(await open.window.trim(10 * MINUTE, { ...NO_BOUNDS, maxRows: 1 })).toBe(3);
    expect([await count('points'), await count('otel_metrics_summary')]).toEqual([1, 0]);
  });

  it('are named by the views once they have rows of a kind, one empty table where nothing has', async () => {
    open = await openWindow({ figuresIntervalMs: 0, sliceMs: MINUTE });
    const named = async (view: string): Promise<string[]> => {
      const [row] = await open.query(`SELECT sql FROM duckdb_views() WHERE view_name = '${view}'`);
      const names = String(row?.['sql']).matchAll(/\b(?:gauge|sum|summary|logs|traces)(?:_rich)?_\d+/g);
      return [...new Set([...names].map(([name]) => name))].sort();
    };
    const [plain, flagged] = [0, 1].map((flags) =>
      metrics('m', { gauge: { dataPoints: [{ timeUnixNano: nanos(1), asDouble: 1, flags }] } }),
    ) as [Tree, Tree];
    expect([await named('points'), await named('otel_logs')]).toEqual([['gauge_1'], ['logs_1']]);
    await come('metrics', metrics('s', { sum: { dataPoints: [{ timeUnixNano: nanos(1), asDouble: 1 }] } }), 0);
    expect([await named('points'), await named('otel_metrics_gauge')]).toEqual([['sum_1'], ['gauge_1']]);
    await come('metrics', flagged, 1);
    expect([await named('points'), await named('otel_metrics_gauge')]).toEqual([['gauge_rich_1', 'sum_1'], ['gauge_rich_1']]);
    await come('metrics', plain, MINUTE);
    await come('logs', logs(2), MINUTE);
    await come('logs', logs(2), 2 * MINUTE);
    expect(await named('points')).toEqual(['gauge_2', 'gauge_rich_1', 'sum_1']);
    expect([await named('otel_logs'), await named('services')]).toEqual([
      ['logs_2', 'logs_3'],
      ['logs_2', 'logs_3'],
    ]);
    expect([await count('points'), await count('otel_logs'), await count('otel_metrics_summary')]).toEqual([3, 4, 0]);
    expect(await open.query('SELECT "ServiceName", "Logs" FROM services')).toEqual([{ ServiceName: 'shop', Logs: 4n }]);
  });

  it('show all that was loaded, whatever kinds come while the views are made', async () => {
    open = await openWindow({ figuresIntervalMs: 0, nowMs: 0 });
    const point = (of: string, flags: number): Tree =>
      metrics(`${of}${flags}`, { [of]: { dataPoints: [{ timeUnixNano: nanos(1), asDouble: 1, flags }] } });
    const kinds = [point('gauge', 0), point('sum', 0), point('gauge', 1), point('sum', 1)];
    const loaded = ['gauge', 'sum', 'gauge_rich', 'sum_rich']
      .map((kind) => `SELECT * FROM base.${kind}_1`)
      .join(' UNION ALL BY NAME ');
    let appended = 0;
    for (const first of kinds) {
      open.window.append('metrics', encode('metrics', first), 0);
      const flushed = open.window.flush();
      appended++;
      for (const later of kinds) {
        // Between the steps of the flush, which waits for DuckDB.
        await new Promise((resolve) => setImmediate(resolve));
        open.window.append('metrics', encode('metrics', later), 0);
        appended++;
      }
      await flushed;
      expect(await count('points')).toBe(await count(`(${loaded})`));
    }
    await open.window.flush();
    expect(await count('points')).toBe(appended);
    expect((await count('otel_metrics_gauge')) + (await count('otel_metrics_sum'))).toBe(appended);
  });

  it('hold what is pending while the last of their rows are dropped', async () => {
    open = await openWindow();
    await come('metrics', gauge('m', 1, 1), 0);
    open.window.append('metrics', encode('metrics', gauge('m', 2, 2)), 1);
    await open.window.trim(1, { ...NO_BOUNDS, maxRows: 0 });
    await open.window.flush();
    expect(await open.query('SELECT "MetricName", "Value" FROM otel_metrics_gauge')).toEqual([{ MetricName: 'm', Value: 2 }]);
  });

  it('outlive a clock that is set ahead by a year and back, and age from there', async () => {
    open = await openWindow({ figuresIntervalMs: 0, sliceMs: MINUTE });
    const year = 365 * 24 * 60 * MINUTE;
    const bounds = { ...NO_BOUNDS, maxAgeMs: 60 * MINUTE };
    await come('logs', logs(10), 0);
    await come('logs', logs(10), year);
    expect(await open.window.trim(year, bounds)).toBe(0);
    await come('logs', logs(10), MINUTE);
    expect(await open.window.trim(2 * MINUTE, bounds)).toBe(0);
    expect(await count('otel_logs')).toBe(30);
    let dropped = 0;
    for (let minute = 3; minute < 70; minute++) dropped += await open.window.trim(minute * MINUTE, bounds);
    expect(dropped).toBe(30);
  });
});

it('points with flags or exemplars stand beside those without, in one view', async () => {
  open = await openWindow();
  const flagged = metrics('m', { gauge: { dataPoints: [{ timeUnixNano: nanos(2), asDouble: 2, flags: 1 }] } });
  const sampled = metrics('m', {
    gauge: {
      dataPoints: [
        { timeUnixNano: nanos(3), asDouble: 3, exemplars: [{ asDouble: 9 }] },
        { timeUnixNano: nanos(4), asDouble: 4 },
      ],
    },
  });
  for (const request of [gauge('m', 1, 1), flagged, sampled]) await open.load('metrics', request);
  const rows = await open.query(
    `SELECT "Value", "Flags", len("Exemplars") AS exemplars FROM otel_metrics_gauge ORDER BY "TimeUnix"`,
  );
  expect(rows).toEqual([
    { Value: 1, Flags: 0, exemplars: 0n },
    { Value: 2, Flags: 1, exemplars: 0n },
    { Value: 3, Flags: 0, exemplars: 1n },
    { Value: 4, Flags: 0, exemplars: 0n },
  ]);
  expect(await count('points')).toBe(4);
  expect((await open.query('SELECT sum("Points")::INTEGER AS n, max("LastValue") AS last FROM series'))[0]).toEqual({
    n: 4,
    last: 4,
  });
});

describe('dictionaries', () => {
  it('begin anew when they are over their budget, and rows of before keep theirs', async () => {
    open = await openWindow({ figuresIntervalMs: 0, dictionaryBytes: 64 * 1024 });
    for (let i = 0; i < 40; i++) {
      const dataPoints = Array.from({ length: 100 }, (_, k) => ({
        attributes: [attribute('id', `series ${i * 100 + k}`)],
        timeUnixNano: nanos(i),
        asDouble: k,
      }));
      await come('metrics', metrics('m', { gauge: { dataPoints } }), i);
    }
    const generations = await open.query("SELECT count(*) AS n FROM duckdb_tables() WHERE table_name LIKE 'metrics_series_%'");
    expect(Number(generations[0]!['n'])).toBeGreaterThan(2);
    expect(await count('otel_metrics_gauge')).toBe(4000);
    expect(await count('series')).toBe(4000);
    const [found] = await open.query(
      `SELECT count(DISTINCT "Attributes"['id']) AS ids, count(DISTINCT "SeriesId") AS series FROM otel_metrics_gauge`,
    );
    expect(found).toEqual({ ids: 4000n, series: 4000n });
  });

  it('are freed with the last slice that points to them', async () => {
    open = await openWindow({ figuresIntervalMs: 0, dictionaryBytes: 64 * 1024, sliceMs: 1 });
    let most = 0;
    for (let i = 0; i < 60; i++) {
      const dataPoints = Array.from({ length: 100 }, (_, k) => ({ attributes: [attribute('id', `series ${i * 100 + k}`)] }));
      await come('metrics', metrics('m', { gauge: { dataPoints } }), i * 10);
      await open.window.trim(i * 10, { ...NO_BOUNDS, maxRows: 1000 });
      if (i > 20) most = Math.max(most, (await tables()).length);
    }
    expect(await count('otel_metrics_gauge')).toBe(1000);
    expect(most).toBeLessThan(150);
    expect(open.window.usage().bytes).toBeLessThan(4 * 1024 * 1024);
  });
});

describe('the view series', () => {
  it('has first, last and latest value of each series, however its points come', async () => {
    open = await openWindow();
    await open.load('metrics', gauge('m', 5, 5), gauge('m', 9, 9));
    await open.load('metrics', gauge('m', 2, 2), gauge('m', 7, 7, 'b'));
    const rows = await open.query(
      `SELECT "MetricName", "MetricType", "ServiceName", "Attributes"['id'] AS id, epoch_ns("FirstSeen") AS first,
       epoch_ns("LastSeen") AS last, "Points", "LastValue" FROM series ORDER BY id`,
    );
    const common = { MetricName: 'm', MetricType: 'gauge', ServiceName: 'shop' };
    expect(rows).toEqual([
      { ...common, id: 'a', first: nanos(2), last: nanos(9), Points: 3n, LastValue: 9 },
      { ...common, id: 'b', first: nanos(7), last: nanos(7), Points: 1n, LastValue: 7 },
    ]);
  });

  it('tells a metric that changes its type, or its unit, as another series', async () => {
    open = await openWindow();
    const dataPoints = [{ timeUnixNano: nanos(1), asInt: 3n }];
    await open.load('metrics', metrics('m', { unit: 's', gauge: { dataPoints } }));
    await open.load(
      'metrics',
      metrics('m', { unit: 's', sum: { dataPoints } }),
      metrics('m', { unit: 'ms', gauge: { dataPoints } }),
    );
    await open.load('metrics', metrics('m', { unit: 's', histogram: { dataPoints: [{ timeUnixNano: nanos(1), count: 1n }] } }));
    expect(await open.query('SELECT "MetricType", "MetricUnit", "LastValue" FROM series ORDER BY 1, 2')).toEqual([
      { MetricType: 'gauge', MetricUnit: 'ms', LastValue: 3 },
      { MetricType: 'gauge', MetricUnit: 's', LastValue: 3 },
      { MetricType: 'histogram', MetricUnit: 's', LastValue: null },
      { MetricType: 'sum', MetricUnit: 's', LastValue: 3 },
    ]);
    expect(await count('otel_metrics_gauge')).toBe(2);
    expect(await count('otel_metrics_sum')).toBe(1);
  });

  it('tells what it told before when it cannot be made, and is made later', async () => {
    open = await openWindow({ figuresIntervalMs: 1 });
    const asked = async (): Promise<unknown> => {
      await open.window.prepare(new Set(['series']));
      return (await open.query('SELECT "LastValue" FROM series'))[0]?.['LastValue'];
    };
    await open.load('metrics', gauge('m', 1, 1));
    expect(await asked()).toBe(1);
    await open.load('metrics', gauge('m', 2, 2));
    const { connection } = open;
    await connection.run('CREATE TABLE base.metrics_figures_1_2 (n INTEGER)');
    await expect.poll(() => open.window.versions().get('series'), LONG).toBe(2);
    expect(await asked()).toBe(1);
    await connection.run('DROP TABLE base.metrics_figures_1_2');
    await expect.poll(asked, LONG).toBe(2);
    await open.load('metrics', gauge('m', 3, 3));
    await expect.poll(asked, LONG).toBe(3);
  });

  it('is made when somebody asks for it, or for services, at most so often', async () => {
    const last = () => open.query('SELECT "LastValue" FROM series');
    const version = () => open.window.versions().get('series')!;
    open = await openWindow({ figuresIntervalMs: 3_600_000 });
    const first = version();
    await open.load('metrics', gauge('m', 1, 1));
    expect(version()).toBe(first + 1);
    await open.window.prepare(new Set(['otel_logs']));
    expect(await last()).toEqual([]);
    await open.window.prepare(new Set(['otel_logs', 'services']));
    expect(await last()).toEqual([{ LastValue: 1 }]);
    // Who was told all of it need not ask again.
    expect(version()).toBe(first + 1);
    await open.load('metrics', gauge('m', 2, 2));
    await open.window.prepare(new Set(['series']));
    expect(await last()).toEqual([{ LastValue: 1 }]);
    expect(version()).toBe(first + 1);
    await open.close();
    open = await openWindow({ figuresIntervalMs: 1 });
    for (const value of [3, 4]) {
      await open.load('metrics', gauge('m', value, value));
      await expect.poll(version, LONG).toBe(value - 2);
      await open.window.prepare(new Set(['series']));
      expect(await last()).toEqual([{ LastValue: value }]);
      expect(version()).toBe(value - 2);
    }
  });
});

it('the view services counts points, spans, records and errors of each service', async () => {
  open = await openWindow();
  await open.load('metrics', gauge('m', 1, 1), gauge('m', 1, 8));
  await open.load('logs', logs(3), logs(2, 17));
  await open.load('traces', spans(4, 0), spans(1, 2));
  const rows = await open.query(
    `SELECT "ServiceName", epoch_ns("FirstSeen") AS first, epoch_ns("LastSeen") AS last, "Points", "Spans", "Logs", "Errors"
     FROM services ORDER BY 1`,
  );
  expect(rows).toEqual([
    { ServiceName: 'cart', first: nanos(5), last: nanos(5), Points: 0n, Spans: 5n, Logs: 0n, Errors: 1n },
    { ServiceName: 'shop', first: nanos(0), last: nanos(8), Points: 2n, Spans: 0n, Logs: 5n, Errors: 2n },
  ]);
});

it('attribute sets that make rows of MASTER_PERF are marked', async () => {
  open = await openWindow();
  const record = (key: string): Tree => ({ attributes: [attribute(key, 'ZSTD')] });
  await open.load('logs', {
    resourceLogs: [{ scopeLogs: [{ logRecords: [record('perf.category'), record('category')] }] }],
  });
  const rows = await open.query(
    'SELECT attributes, has_perf_category FROM base.logs_attribute_sets_1 WHERE cardinality(attributes) > 0',
  );
  expect(rows.filter((row) => row['has_perf_category'] === true)).toHaveLength(1);
  expect(rows).toHaveLength(2);
});
