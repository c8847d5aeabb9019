import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { leastSeverity, logCounts, logRows, type LogView } from '../../../../server/dashboard/model/log-queries.ts';
import { levelName, logRowsOf, prepend } from '../../../../server/dashboard/model/log-rows.ts';
import { wholeBuckets } from '../../../../server/dashboard/model/time-range.ts';
import { traceList, traceSpans, type TraceView } from '../../../../server/dashboard/model/trace-queries.ts';
import { spansOf, ticksOf, traceLengthNs, waterfall, type Span } from '../../../../server/dashboard/model/waterfall.ts';
import { windowTables, type WindowTables } from '../../../support/window-tables.ts';

const T0 = Date.UTC(2026, 10, 21, 11);
const STRETCH = { fromMs: T0, toMs: T0 + 60_000 };
let tables: WindowTables;
beforeAll(async () => {
  tables = await windowTables();
  const at = (ms: number): string => `epoch_ms(${T0 + ms})::TIMESTAMP_NS`;
  await tables.run(`INSERT INTO otel_logs BY NAME
    SELECT ${at(1000)} AS Timestamp, 'aa' AS TraceId, '' AS SpanId, 9 AS SeverityNumber, 'cart' AS ServiceName, 'Order placed' AS Body, MAP {'order.id': '7'} AS LogAttributes, MAP {'host.name': 'h1'} AS ResourceAttributes
    UNION ALL SELECT ${at(2000)}, '', '', 17, 'pay', 'card declined: 100%', MAP {}, MAP {'host.name': 'h2'}
    UNION ALL SELECT ${at(12_000)}, 'aa', '', 0, 'pay', 'no level', MAP {}, MAP {}
    UNION ALL SELECT ${at(90_000)}, '', '', 24, 'pay', 'later', MAP {}, MAP {}`);
  await tables.run(`INSERT INTO otel_traces BY NAME
    SELECT ${at(1000)} AS Timestamp, 'aa' AS TraceId, '1' AS SpanId, '' AS ParentSpanId, 'GET /' AS SpanName, 'Server' AS SpanKind, 'web' AS ServiceName, 50000000 AS Duration, 'Unset' AS StatusCode, MAP {'http.route': '/'} AS SpanAttributes, MAP {} AS ResourceAttributes
    UNION ALL SELECT ${at(1010)}, 'aa', '2', '1', 'Charge', 'Client', 'pay', 90000000, 'Error', MAP {'card': 'visa'}, MAP {}
    UNION ALL SELECT ${at(5000)}, 'bb', '3', 'gone', 'Poll', 'Internal', 'cart', 1000000, 'Ok', MAP {}, MAP {}`);
});
afterAll(() => tables.close());

const LOGS: LogView = { q: '', service: '', severity: '', trace: '' };
const TRACES: TraceView = { q: '', service: '', errors: false, least: 0, order: 'newest' };

describe('log queries', () => {
  it.each([
    [{}, ['no level', 'card declined: 100%', 'Order placed']],
    [{ q: 'DECLINED' }, ['card declined: 100%']],
    [{ q: '100%' }, ['card declined: 100%']],
    [{ q: 'order.id=7' }, ['Order placed']],
    [{ q: 'host.name!=h1' }, ['no level', 'card declined: 100%']],
    [{ service: 'pay', severity: 'warn' }, ['card declined: 100%']],
    [{ trace: 'aa' }, ['no level', 'Order placed']],
    [{ q: "' OR 1=1 --" }, []],
  ])('%o finds %o, the newest first', async (view, bodies) => {
    const found = await tables.run(logRows({ ...LOGS, ...view }, STRETCH, 10));
    expect(found.map(({ body }) => body)).toEqual(bodies);
  });

  it('find a trace whenever its records came, and no more rows than asked for', async () => {
    expect(await tables.run(logRows(LOGS, undefined, 2))).toHaveLength(2);
  });

  it('count by level and bucket', async () => {
    const found = await tables.run(logCounts(LOGS, STRETCH, 10));
    expect(found.map(({ t, level, n }) => [(Number(t) - T0) / 1000, levelName(Number(level)), n]).toSorted()).toEqual([
      [0, 'error', 1],
      [0, 'info', 1],
      [10, 'none', 1],
    ]);
  });

  it('know the least number of a level', () => {
    expect(['trace', 'info', 'warn', 'error', 'fatal', '', 'nonsense'].map(leastSeverity)).toEqual([1, 9, 13, 17, 21, 0, 0]);
  });
});

describe('rows of logs', () => {
  const row = (seconds: number, body: string) => ({
    time: `2026-11-21T11:00:${String(seconds).padStart(2, '0')}.5Z`,
    body,
    severity: 9,
    service: 's',
  });

  it('keep their keys from one answer to the next, twins included', () => {
    const first = logRowsOf([row(2, 'b'), row(1, 'a'), row(1, 'a')]);
    const second = logRowsOf([row(3, 'c'), row(2, 'b'), row(1, 'a'), row(1, 'a')]);
    expect(new Set(first.map(({ key }) => key)).size).toBe(3);
    expect(second.slice(1).map(({ key }) => key)).toEqual(first.map(({ key }) => key));
  });

  it('that just came stand before the others, once, and no more than asked for', () => {
    const there = logRowsOf([row(2, 'b'), row(1, 'a')]);
    const joined = prepend(logRowsOf([row(3, 'c'), row(4, 'd'), row(2, 'b')]), there, 3);
    expect(joined.map(({ body }) => body)).toEqual(['d', 'c', 'b']);
    expect(prepend([], there, 1)).toHaveLength(1);
  });
});

describe('whole buckets', () => {
  it('leave out the one that is still filling, and widen what stands still', () => {
    expect(wholeBuckets({ fromMs: 12_000, toMs: 38_000 }, 10, true)).toEqual({ fromMs: 10_000, toMs: 30_000 });
    expect(wholeBuckets({ fromMs: 12_000, toMs: 38_000 }, 10, false)).toEqual({ fromMs: 10_000, toMs: 40_000 });
    expect(wholeBuckets({ fromMs: 12_000, toMs: 13_000 }, 10, true)).toEqual({ fromMs: 10_000, toMs: 20_000 });
  });
});

describe('the list of traces', () => {
  it('has each trace with its length, its errors and its root', async () => {
    expect(await tables.run(traceList(TRACES, STRETCH, 10))).toMatchObject([
      { trace: 'bb', spans: 1, errors: 0, name: 'Poll', service: 'cart', duration: 1e6 },
      { trace: 'aa', start: T0 + 1000, spans: 2, errors: 1, name: 'GET /', service: 'web', duration: 100e6 },
    ]);
  });

  it.each([
    [{ errors: true }, ['aa']],
    [{ service: 'cart' }, ['bb']],
    [{ q: 'card=visa' }, ['aa']],
    [{ q: 'charge' }, ['aa']],
    // One span must fit all of it.
    [{ q: 'card=visa', service: 'web' }, []],
    [{ q: 'name:"GET /" kind=Server' }, ['aa']],
    [{ least: 50 }, ['aa']],
    [{ order: 'slowest' as const }, ['aa', 'bb']],
  ])('%o finds %o', async (view, traces) => {
    expect((await tables.run(traceList({ ...TRACES, ...view }, STRETCH, 10))).map(({ trace }) => trace)).toEqual(traces);
  });

  it('opens to its spans, times from its beginning', async () => {
    const found = await tables.run(traceSpans('aa'));
    expect(found.map(({ span, offset_ns: offset, duration }) => [span, offset, duration])).toEqual([
      ['1', 0, 50e6],
      ['2', 10e6, 90e6],
    ]);
    expect(traceLengthNs(spansOf(found))).toBe(100e6);
    expect(spansOf(found)[1]).toMatchObject({ name: 'Charge', error: true, parent: '1' });
  });
});

const span = (id: string, parent: string, offsetNs = 0, durationNs = 1): Span => ({
  span: id,
  parent,
  offsetNs,
  durationNs,
  name: id,
  kind: '',
  service: '',
  time: '',
  error: false,
  message: '',
  instrumentation: '',
  attributes: {},
  resource: {},
  events: [],
  links: [],
});
const drawn = (spans: readonly Span[], folded: readonly string[] = []): string[] =>
  waterfall(spans, new Set(folded)).map(
    (bar) => `${'·'.repeat(bar.depth)}${bar.span.span}${bar.folded ? `+${bar.below}` : ''}${bar.orphan ? '?' : ''}`,
  );

describe('a waterfall', () => {
  const spans = [span('c', 'a', 5), span('a', ''), span('b', 'a', 1), span('d', 'b', 2), span('lost', 'never', 3)];
  it('puts spans below their parents, in the order of their start', () => {
    expect(drawn(spans)).toEqual(['a', '·b', '··d', '·c', 'lost?']);
  });

  it('folds what is below', () => {
    expect(drawn(spans, ['b'])).toEqual(['a', '·b+1', '·c', 'lost?']);
    expect(drawn(spans, ['a', 'd'])).toEqual(['a+3', 'lost?']);
  });

  it('is not led astray by circles and twins, and not by ten thousand levels', () => {
    expect(drawn([span('a', 'b'), span('b', 'a'), span('c', 'c')])).toEqual(['c', 'a', '·b']);
    expect(drawn([span('a', ''), span('a', '')])).toEqual(['a']);
    const deep = Array.from({ length: 10_000 }, (_, at) => span(`s${at}`, at === 0 ? '' : `s${at - 1}`));
    expect(waterfall(deep, new Set())).toHaveLength(10_000);
  });

  it('shows every span once, whatever points at what', () => {
    const any = fc.array(fc.tuple(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 14 })), { maxLength: 13 });
    fc.assert(
      fc.property(any, (pairs) => {
        const all = pairs.map(([id, parent]) => span(`${id}`, `${parent}`));
        const shown = waterfall(all, new Set()).map((bar) => bar.span.span);
        expect(shown.toSorted()).toEqual([...new Set(all.map((each) => each.span))].toSorted());
      }),
      { endOnFailure: true },
    );
  });

  it('has a scale of round numbers', () => {
    expect(ticksOf(348e6, 5)).toEqual([0, 1e8, 2e8, 3e8]);
    expect(ticksOf(0, 5)).toEqual([0]);
  });
});
