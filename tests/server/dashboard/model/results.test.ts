import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  EVENTS_MAX,
  isRoutine,
  activityLines,
  activityTypes,
  withEvents,
  type ActivityEvent,
} from '../../../../server/dashboard/model/activity-events.ts';
import { SQL_FUNCTIONS, SQL_KEYWORDS, SQL_TYPES } from '../../../../server/dashboard/model/duckdb-words.ts';
import { fits, streamedRows } from '../../../../server/dashboard/model/log-rows.ts';
import {
  impactTone,
  perfCsv,
  perfKey,
  perfRows,
  statusTone,
  type PerfRow,
} from '../../../../server/dashboard/model/perf-rows.ts';
import { cellText, chartOf } from '../../../../server/dashboard/model/result-chart.ts';
import { SQL_EXAMPLES } from '../../../../server/dashboard/model/sql-examples.ts';
import { windowTables, type WindowTables } from '../../../support/window-tables.ts';

let tables: WindowTables;
beforeAll(async () => {
  tables = await windowTables();
});
afterAll(() => tables.close());

describe('the examples of the SQL page', () => {
  it.each(SQL_EXAMPLES.map(({ name, sql }) => [name, sql] as const))('%s runs', async (_name, sql) => {
    await expect(tables.run(sql)).resolves.toEqual([]);
  });
});

describe('words of the editor', () => {
  it('are what DuckDB calls so', async () => {
    const functions = await tables.run('SELECT DISTINCT lower(function_name) AS name FROM duckdb_functions()');
    const known = new Set(functions.map(({ name }) => name));
    // These two are written like functions and are parts of the grammar.
    expect(SQL_FUNCTIONS.split(' ').filter((name) => !known.has(name) && !['coalesce', 'nullif'].includes(name))).toEqual([]);
    const types = new Set((await tables.run('SELECT lower(type_name) AS name FROM duckdb_types()')).map(({ name }) => name));
    expect(SQL_TYPES.split(' ').filter((name) => !types.has(name))).toEqual([]);
    expect(new Set(SQL_KEYWORDS.split(' '))).toContain('qualify');
  });
});

describe('a result as a picture', () => {
  const time = { name: 'time', type: 'TIMESTAMP' };
  const at = (seconds: number): string => `2026-11-21T11:00:${String(seconds).padStart(2, '0')}Z`;
  const T0 = Date.UTC(2026, 10, 21, 11) / 1000;

  it('is lines over time, one for each name', () => {
    const rows = [
      [at(2), 'a', 1],
      [at(1), 'a', 3],
      [at(1), 'b', 5],
    ];
    expect(chartOf([time, { name: 'service', type: 'VARCHAR' }, { name: 'n', type: 'BIGINT' }], rows)).toEqual({
      kind: 'time',
      stretch: { fromMs: (T0 + 1) * 1000, toMs: (T0 + 2) * 1000 },
      lines: [
        { name: 'a', xs: Float64Array.of(T0 + 1, T0 + 2), values: Float64Array.of(3, 1) },
        { name: 'b', xs: Float64Array.of(T0 + 1), values: Float64Array.of(5) },
      ],
    });
  });

  it('is no picture of numbers that are no times, and has a second on both sides of moments that nothing tells apart', () => {
    const columns = [
      { name: 't', type: 'DOUBLE' },
      { name: 'n', type: 'BIGINT' },
    ];
    for (const t of [1e20, 1e300, '1e999']) expect(chartOf(columns, [[t, 1]])).toBeUndefined();
    expect(chartOf(columns, [[1e12, 1], [1e17, 2]])).toMatchObject({ lines: [{ xs: Float64Array.of(1e9) }] }); // prettier-ignore
    expect(chartOf(columns, [[1e12, 1], [1e12 + 0.5, 2]])).toMatchObject({ stretch: { fromMs: 1e12 - 1000 } }); // prettier-ignore
  });

  it('is a line for each number where there are several, and takes milliseconds for a time', () => {
    const columns = [
      { name: 't', type: 'BIGINT' },
      { name: 'low', type: 'DOUBLE' },
      { name: 'high', type: 'DOUBLE' },
    ];
    expect(chartOf(columns, [[1_795_258_800_000, 1, '2']])).toEqual({
      kind: 'time',
      stretch: { fromMs: 1_795_258_799_000, toMs: 1_795_258_801_000 },
      lines: [
        { name: 'low', xs: Float64Array.of(1_795_258_800), values: Float64Array.of(1) },
        { name: 'high', xs: Float64Array.of(1_795_258_800), values: Float64Array.of(2) },
      ],
    });
  });

  it('is bars of names without a time, and nothing where it would say nothing', () => {
    const columns = [
      { name: 'service', type: 'VARCHAR' },
      { name: 'n', type: 'HUGEINT' },
    ];
    expect(
      chartOf(columns, [
        ['a', 3],
        ['b', null],
      ]),
    ).toEqual({
      kind: 'bars',
      of: 'n',
      bars: [
        { name: 'a', value: 3 },
        { name: 'b', value: 0 },
      ],
    });
    expect(chartOf(columns, [])).toBeUndefined();
    expect(chartOf([{ name: 'a', type: 'VARCHAR' }], [['x']])).toBeUndefined();
    expect(chartOf([{ name: 'n', type: 'BIGINT' }], [[1]])).toBeUndefined();
  });

  it('has each of very many points, in the order of time', () => {
    const order = (each: number): number => (each * 7919) % 50_000;
    const rows = Array.from({ length: 50_000 }, (_, each) => [
      T0 * 1000 + order(each) * 10,
      order(each) === 31_234 ? null : order(each),
    ]);
    const columns = [
      { name: 't', type: 'BIGINT' },
      { name: 'v', type: 'DOUBLE' },
    ];
    const chart = chartOf(columns, rows);
    const [line] = chart?.kind === 'time' ? chart.lines : [];
    expect(line?.xs).toHaveLength(50_000);
    expect(line?.values.every((value, at) => (at === 31_234 ? Number.isNaN(value) : value === at))).toBe(true);
    expect(line?.xs.every((x, at, all) => at === 0 || x > (all[at - 1] ?? x))).toBe(true);
  });

  it('is none where no row has a time', () => {
    expect(chartOf([time, { name: 'n', type: 'BIGINT' }], [[null, 1]])).toBeUndefined();
  });

  it('shows a cell as text', () => {
    expect([null, 1.5, 'x', { a: 1 }, [1]].map(cellText)).toEqual(['NULL', '1.5', 'x', '{"a":1}', '[1]']);
  });
});

const PERF: PerfRow = {
  category: 'Security',
  type: 'configuration',
  topic: 'Path Hardening',
  subCat: '',
  id: 'p1',
  value: 'ENABLED',
  pattern: '',
  locations: 'server',
  impact: 'high',
  properties: { scope: 'A', rule: '7' },
  time: '2026-11-21T11:00:00.000000000Z',
};

describe('rows of MASTER_PERF', () => {
  it('are found by any word, by category and by type, and keep their places', () => {
    const rows = [{ ...PERF, topic: 'b' }, { ...PERF, category: 'R2', type: 'performance', id: 'p2', value: '12ms' }, PERF];
    const ids = (view: Partial<{ q: string; category: string; type: string }>): string[] =>
      perfRows(rows, { q: '', category: '', type: '', ...view }).map(({ id, topic }) => `${id} ${topic}`);
    expect(ids({})).toEqual(['p2 Path Hardening', 'p1 b', 'p1 Path Hardening']);
    expect(ids({ category: 'R2' })).toEqual(['p2 Path Hardening']);
    expect(ids({ type: 'configuration', q: 'HARDENING rule' })).toEqual(['p1 Path Hardening']);
    expect(perfKey(PERF)).not.toBe(perfKey({ ...PERF, properties: { scope: 'B' } }));
  });

  it('have colours for what they say', () => {
    expect(['ENABLED', 'ready', 'FAILED', 'degraded', '12.3ms', ''].map(statusTone)).toEqual([
      'good',
      'good',
      'bad',
      'warn',
      '',
      '',
    ]);
    expect(['high', 'Medium', 'low'].map(impactTone)).toEqual(['bad', 'warn', '']);
  });

  it('go into a file with all their columns', () => {
    expect(perfCsv([PERF]).split('\r\n')).toEqual([
      'category,type,topic,subCat,id,value,pattern,locations,impact,properties,time',
      'Security,configuration,Path Hardening,,p1,ENABLED,,server,high,"{""scope"":""A"",""rule"":""7""}",2026-11-21T11:00:00.000000000Z',
      '',
    ]);
  });
});

describe('activity', () => {
  const event = (text: string, more: Partial<ActivityEvent> = {}): ActivityEvent => ({
    time: '2026-11-21T11:00:00Z',
    category: 'auth',
    type: 'AUTH',
    severity: 'INFO',
    success: true,
    count: 1,
    text,
    ...more,
  });

  it('stands newest first, with a number of its own, and not without end', () => {
    const lines = withEvents([event('c')], withEvents([event('a'), event('b')], []));
    expect(lines.map(({ text, key }) => [text, key])).toEqual([
      ['c', 3],
      ['b', 2],
      ['a', 1],
    ]);
    const many = withEvents(
      Array.from({ length: EVENTS_MAX + 5 }, (_, at) => event(`${at}`)),
      lines,
    );
    expect([many.length, many[0]?.text]).toEqual([EVENTS_MAX, `${EVENTS_MAX + 4}`]);
  });

  it('that repeats within a minute is one line that counts, and keeps its place and number', () => {
    const first = withEvents([event('spans', { count: 10 }), event('sign-in')], []);
    const second = withEvents([event('spans', { count: 5, time: '2026-11-21T11:00:59Z' })], first);
    expect(second.map(({ text, count, key }) => [text, count, key])).toEqual([
      ['sign-in', 1, 2],
      ['spans', 15, 1],
    ]);
    const later = withEvents([event('spans', { time: '2026-11-21T11:01:00Z' }), event('spans', { success: false })], second);
    expect(later.map(({ count, key }) => [count, key])).toEqual([
      [1, 4],
      [1, 3],
      [1, 2],
      [15, 1],
    ]);
  });

  it('is filtered by category, type and success', () => {
    const lines = withEvents([event('a'), event('b', { category: 'error', type: 'ERROR', success: false })], []);
    const texts = (view: object): string[] =>
      activityLines(lines, { category: '', type: '', result: '', ...view }).map(({ text }) => text);
    expect([
      texts({}),
      texts({ category: 'auth' }),
      texts({ type: 'ERROR' }),
      texts({ result: 'failed' }),
      texts({ result: 'ok' }),
    ]).toEqual([['b', 'a'], ['a'], ['b'], ['b'], ['a']]);
    expect(activityTypes(lines)).toEqual(['AUTH', 'ERROR']);
    expect(
      [event('a'), event('b', { category: 'metric' }), event('c', { category: 'metric', success: false })].map(isRoutine),
    ).toEqual([false, true, false]);
  });
});

describe('records of the live stream', () => {
  const [row] = streamedRows([
    {
      time: '2026-11-21T11:00:00.000000001Z',
      severity: 'ERROR',
      severity_number: 17,
      service: 'pay',
      body: 'Card declined',
      attributes: { card: 'visa' },
      trace_id: 'aa',
      span_id: 'b',
    },
  ]);
  it.each([
    [{}, true],
    [{ q: 'card DECLINED' }, true],
    [{ q: 'accepted' }, false],
    [{ q: 'card=visa' }, true],
    [{ q: 'card!=visa' }, false],
    [{ q: 'host.name=h1' }, false],
    [{ service: 'pay', severity: 'error' }, true],
    [{ service: 'cart' }, false],
    [{ severity: 'fatal' }, false],
    [{ trace: 'aa' }, true],
  ])('fit %o: %s', (view, expected) => {
    if (row === undefined) throw new Error('no row');
    expect(fits(row, { q: '', service: '', severity: '', trace: '', ...view })).toBe(expected);
  });
});
