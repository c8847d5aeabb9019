import { describe, expect, it } from 'vitest';
import { encodeResource } from '../../../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../../../agent/instrument/encode/reader.ts';
import { PERF_LIMITS } from '../../../../agent/instrument/limits.ts';
import { drawMatrix } from '../../../../agent/instrument/perf/matrix.ts';
import { NO_PERF } from '../../../../agent/instrument/perf/no-perf.ts';
import { startPerf, type PerfOptions } from '../../../../agent/instrument/perf/perf.ts';
import { plainTable } from '../../../../agent/instrument/perf/plain-table.ts';
import type { OperationTotals } from '../../../../agent/instrument/track/contract.ts';
import type { PerfMetric } from '../../../../pipeline/perf/record.ts';
import { pointsOf } from '../../../support/metric-points.ts';

const METRIC: PerfMetric = {
  category: 'Isolation',
  type: 'performance',
  topic: 'Agent Scaling',
  subCat: 'Performance',
  id: '50 @ 19.6ms',
  value: 'sub-ms deploy',
  pattern: 'scaling_pattern',
  locations: 'scale.ts',
  impact: 'High density',
  properties: { agents: '50' },
};
const started = (options: Partial<PerfOptions> = {}) => startPerf({ scope: () => 'DEVELOPMENT', draw: drawMatrix, ...options });

/** Who exports. */
class Reader {
  readonly reader = new CellReader({ resource: encodeResource({}), temporality: 'delta' });
  readonly #outbox: ReturnType<typeof started>['outbox'];

  constructor(outbox: ReturnType<typeof started>['outbox']) {
    this.#outbox = outbox;
  }

  export() {
    this.reader.addKept(structuredClone(this.#outbox.take(false)));
    const { requests, commit } = this.reader.collect(BigInt(Date.now()) * 1_000_000n, 2 ** 20);
    commit();
    return pointsOf(requests.map(({ body }) => body));
  }
}

describe('a row', () => {
  it('has the scope of the process, and is there as it was added', () => {
    const { perf } = started();
    expect(perf.add(METRIC)).toEqual({ accepted: true });
    expect(perf.metrics()).toEqual([
      { ...METRIC, properties: { scope: 'DEVELOPMENT', agents: '50' }, time: expect.stringMatching(/^20.*\.\d{9}Z$/) },
    ]);
    expect(perf.metrics({ category: 'R2' })).toEqual([]);
  });

  it('asks for that scope when there is one, and once', () => {
    let asked = 0;
    const { perf } = started({ scope: () => `S${(asked += 1)}` });
    expect(asked).toBe(0);
    perf.add(METRIC);
    perf.add(METRIC);
    expect(perf.metrics()).toMatchObject([{ properties: { scope: 'S1' } }]);
    expect(asked).toBe(1);
  });

  it('of another scope is thrown back, told of, and nowhere', () => {
    const reasons: string[] = [];
    const { perf, outbox } = started({ onViolation: (reason) => reasons.push(reason) });
    for (const properties of [{ scope: 'ENTERPRISE' }, { 'periscope.scope': 'ENTERPRISE' }, { scope: 7 }])
      expect(() => perf.add({ ...METRIC, properties })).toThrow(
        expect.objectContaining({ name: 'ScopeViolation', code: 'SCOPE_VIOLATION', currentScope: 'DEVELOPMENT' }),
      );
    expect(reasons).toHaveLength(3);
    expect(reasons[0]).toContain('"ENTERPRISE"');
    expect(perf.metrics()).toEqual([]);
    expect(outbox.take(true).points).toEqual([]);
    expect(perf.add({ ...METRIC, properties: { scope: 'DEVELOPMENT' } })).toEqual({ accepted: true });
  });

  it('that is none is not taken, and nothing throws', () => {
    const { perf } = started();
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    );
    for (const wrong of [
      undefined,
      null,
      7,
      'x',
      [],
      {},
      { ...METRIC, properties: [] },
      hostile,
      {
        ...METRIC,
        properties: {
          get a() {
            throw new Error('no');
          },
        },
      },
    ])
      expect(perf.add(wrong as never)).toMatchObject({ accepted: false, code: 'MALFORMED', reason: expect.any(String) });
    expect(perf.metrics()).toEqual([]);
  });

  it('is cleaned as the collector cleans it', () => {
    const { perf } = started();
    perf.add({ ...METRIC, value: 'a\nb', properties: { 'bad key!': 1, nested: { a: [1] }, none: undefined } });
    expect(perf.metrics()).toMatchObject([{ value: 'a b', properties: { bad_key_: '1', nested: '{"a":[1]}' } }]);
  });

  it('is one of so many at most', () => {
    const { perf, outbox } = started();
    for (let i = 0; i < PERF_LIMITS.rows + 10; i++) perf.add({ ...METRIC, id: String(i) });
    expect(perf.metrics()).toHaveLength(PERF_LIMITS.rows);
    expect(perf.metrics()[0]).toMatchObject({ id: '10' });
    expect(outbox.take(false).points).toHaveLength(PERF_LIMITS.rows);
  });
});

describe('what is sent', () => {
  it('is a point of the gauge perf.metric, with the nanoseconds of its row and without its claim', () => {
    const { perf, outbox } = started();
    perf.add({ ...METRIC, value: '12.34ms', time: '2026-11-21T11:00:00.000000007Z' });
    const [point, ...more] = new Reader(outbox).export();
    expect(more).toEqual([]);
    expect(point).toMatchObject({
      meter: 'periscope.master_perf',
      metric: 'perf.metric',
      type: 'gauge',
      value: 12.34,
      timeNs: 1_795_258_800_000_000_007n,
      attributes: {
        'perf.category': 'Isolation',
        'perf.type': 'performance',
        'perf.topic': 'Agent Scaling',
        'perf.sub_cat': 'Performance',
        'perf.id': '50 @ 19.6ms',
        'perf.value': '12.34ms',
        'perf.pattern': 'scaling_pattern',
        'perf.locations': 'scale.ts',
        'perf.impact': 'High density',
        'perf.properties.agents': '50',
      },
    });
    expect(Object.keys(point!.attributes)).not.toContain('perf.properties.scope');
  });

  it.each([
    ['ENABLED', 1],
    ['-5', -5],
    ['1e3 rows', 1000],
    ['1e999', 1],
    ['', 1],
    ['7', 7],
  ])('%j has the number %d', (value, number) => {
    const { perf, outbox } = started();
    perf.add({ ...METRIC, value });
    expect(new Reader(outbox).export()[0]?.value).toBe(number);
  });

  it('are rows that changed; one that is gone is told of once', () => {
    const { perf, outbox } = started();
    for (let i = 0; i < PERF_LIMITS.rows; i++) perf.add({ ...METRIC, id: String(i) });
    const reader = new Reader(outbox);
    expect(reader.export()).toHaveLength(PERF_LIMITS.rows);
    expect(reader.export()).toEqual([]);
    perf.add({ ...METRIC, id: 'new' });
    expect(outbox.take(false).points.map(({ point }) => point === undefined)).toEqual([true, false]);
    expect(outbox.take(false).points).toEqual([]);
    expect(outbox.take(true).points).toHaveLength(PERF_LIMITS.rows);
  });
});

describe('operations', () => {
  it('are rows by what their calls took since the export before', () => {
    let totals: OperationTotals[] = [{ name: 'charge', calls: 2, failures: 1, seconds: 0.004 }];
    const { perf, outbox } = started({ operations: () => totals });
    expect(perf.metrics()).toMatchObject([
      {
        category: 'Operation',
        type: 'performance',
        topic: 'charge',
        subCat: 'Latency',
        id: 'op.charge',
        value: '2ms',
        pattern: 'time_measurement',
        properties: { scope: 'DEVELOPMENT', calls: '2', failures: '1', meanMs: '2' },
      },
    ]);
    const reader = new Reader(outbox);
    expect(reader.export()).toHaveLength(1);
    expect(reader.export()).toEqual([]);
    totals = [
      { name: 'charge', calls: 4, failures: 1, seconds: 0.012 },
      { name: 'idle', calls: 0, failures: 0, seconds: 0 },
    ];
    const [point] = reader.export();
    expect(point?.attributes).toMatchObject({ 'perf.value': '4ms', 'perf.properties.calls': '4', 'perf.properties.meanMs': '3' });
    totals = [{ name: 'charge', calls: 5, failures: 1, seconds: 0.012_000_04 }];
    expect(perf.metrics()).toMatchObject([{ value: '0.00004ms' }]);
    // Who looks changes nothing for who exports.
    totals = [{ name: 'charge', calls: 6, failures: 1, seconds: 0.014_000_04 }];
    expect(reader.export()[0]?.attributes).toMatchObject({ 'perf.value': '1ms' });
  });
});

describe('what is shown', () => {
  const written = (tty: boolean, columns = 140): string => {
    const { perf } = started();
    perf.add(METRIC);
    let text = '';
    perf.print({ isTTY: tty, columns, write: (part: string) => (text += part) });
    return text;
  };

  it('is the matrix, in colours on a terminal only', () => {
    expect(written(true)).toMatch(/┌[^└]*CATEGORY[^└]*Agent Scaling[^└]*└/);
    expect(written(false)).toMatch(/┌[^└]*CATEGORY[^└]*Agent Scaling[^└]*└/);
    expect(written(false)).not.toContain('\u001b');
    const { perf } = started();
    perf.add(METRIC);
    expect(String(perf)).toContain('Agent Scaling');
    expect(String(perf)).not.toContain('\u001b');
  });

  it('is a plain table where the matrix is not in the bundle', () => {
    const { perf } = started({ draw: plainTable });
    perf.add({ ...METRIC, locations: '', impact: '', pattern: '' });
    expect(String(perf)).toBe(
      [
        'CATEGORY   TYPE         TOPIC          SUBCAT       ID           VALUE          PATTERN  LOCATIONS  IMPACT  PROPERTIES',
        'Isolation  performance  Agent Scaling  Performance  50 @ 19.6ms  sub-ms deploy                              {"scope":"DEVELOPMENT","agents":"50"}',
      ].join('\n'),
    );
  });

  it.each([
    ['matrix', drawMatrix],
    ['plain table', plainTable],
  ])('steers no terminal, whatever rows say (%s)', (_name, draw) => {
    const { perf } = started({ draw });
    const steering = '\u001b[31m\u009b2J\u0085\u2028\u202egpj.exe';
    perf.add({ ...METRIC, topic: steering, value: steering, impact: steering, properties: { note: steering } });
    const text = String(perf);
    expect(text).toContain('gpj.exe');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u2028\u202e]/u);
  });

  it('is CSV for a program, without formulas', () => {
    const { perf } = started();
    perf.add({ ...METRIC, impact: '=1+1', time: 0 });
    expect(perf.csv().split('\r\n')).toEqual([
      'category,type,topic,subCat,id,value,pattern,locations,impact,properties,time',
      `Isolation,performance,Agent Scaling,Performance,50 @ 19.6ms,sub-ms deploy,scaling_pattern,scale.ts,'=1+1,"{""scope"":""DEVELOPMENT"",""agents"":""50""}",1970-01-01T00:00:00.000000000Z`,
      '',
    ]);
  });
});

it('where there is no agent nothing is taken, and nothing throws', () => {
  expect(NO_PERF.add({ ...METRIC, properties: { scope: 'ENTERPRISE' } })).toMatchObject({ accepted: false });
  expect(NO_PERF.add(METRIC)).toMatchObject({ reason: expect.stringContaining('its bundle was built without PERF_TRACKING') });
  expect([NO_PERF.metrics(), NO_PERF.csv(), String(NO_PERF), NO_PERF.print()]).toEqual([[], '', '', undefined]);
});
