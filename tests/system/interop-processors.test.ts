import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { Processor } from '../../pipeline/component.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { processors } from '../../processors/index.ts';
import {
  encode,
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
  type Plain,
} from '../support/build.ts';
import { quietContext } from '../support/contexts.ts';
import { difference, fingerprints, itemsOf, NO_DIFFERENCE } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { otelcol, runOtelcol } from '../support/otelcol.ts';
import { processed } from '../support/processing.ts';
import { decode, type Tree, type Value } from '../support/reference/otlp.ts';
import { scopedBatch } from '../support/scoped-batches.ts';

/** The processors that the Go collector has too, on the same requests with the same configuration: the same comes out. */
const REQUESTS = 25;

interface Case {
  readonly type: 'attributes' | 'resource' | 'filter';
  readonly yaml: string;
  /** All when absent: the collector refuses options that a signal does not have. */
  readonly signals?: readonly Signal[];
  /** It asks for nothing, so nothing is changed. */
  readonly isIdle?: boolean;
}

const actions = (...lines: readonly string[]): string => `{ actions: [${lines.join(', ')}] }`;
const spansOnly = ['traces'] as const;
const logsOnly = ['logs'] as const;
const only = (conditions: string, signal: 'traces' | 'logs' | 'metrics', level: string): string =>
  `{ error_mode: silent, ${signal}: { ${level}: [${conditions}] } }`;

/** The oldest form of `filter`. */
const INCLUDE_EXCLUDE: readonly Case[] = [
  ...[
    'match_type: strict, services: [shop]',
    'match_type: regexp, span_names: ["^GET"], attributes: [{ key: a }]',
    'match_type: strict, span_kinds: [SPAN_KIND_CLIENT, SPAN_KIND_SERVER], resources: [{ key: host, value: h1 }]',
    'match_type: regexp, services: ["nil"]',
    'match_type: strict, libraries: [{ name: test, version: "1" }], attributes: [{ key: a, value: 1 }]',
  ].flatMap((match): Case[] => [
    { type: 'filter', yaml: `{ spans: { include: { ${match} } } }`, signals: spansOnly },
    { type: 'filter', yaml: `{ spans: { exclude: { ${match} } } }`, signals: spansOnly },
  ]),
  {
    type: 'filter',
    yaml: '{ spans: { include: { match_type: strict, services: [shop] }, exclude: { match_type: regexp, span_names: [POST] } } }',
    signals: spansOnly,
  },
  ...[
    'match_type: strict, metric_names: [a.gauge, b.histogram]',
    'match_type: regexp, metric_names: ["^a.*", "^no"]',
    'match_type: regexp, resource_attributes: [{ key: host, value: "h[12]" }]',
    'match_type: strict, resource_attributes: [{ key: n, value: 3 }, { key: host }]',
    'match_type: strict, metric_names: [a.gauge], resource_attributes: [{ key: host, value: h1 }]',
  ].flatMap((match): Case[] => [
    { type: 'filter', yaml: `{ metrics: { include: { ${match} } } }`, signals: ['metrics'] },
    { type: 'filter', yaml: `{ metrics: { exclude: { ${match} } } }`, signals: ['metrics'] },
  ]),
  {
    type: 'filter',
    yaml: `{ metrics: { regexp: { cacheenabled: true }, include: { match_type: regexp, metric_names: ["^a"], regexp: { cacheenabled: true, cachemaxnumentries: 9 } },
      exclude: { match_type: strict, metric_names: [a.sum], resource_attributes: [{ key: host, value: h9 }] } } }`,
    signals: ['metrics'],
  },
  ...[
    'match_type: strict, bodies: ["a line", "5"]',
    'match_type: regexp, bodies: ["^he", "k"], severity_texts: ["^(INFO|WARN)"]',
    'match_type: strict, severity_texts: [""]',
    'severity_number: { min: warn }',
    'severity_number: { min: "9", match_undefined: true }',
    'severity_number: { match_undefined: false }',
    'match_type: regexp, record_attributes: [{ key: number, value: "^1" }], resource_attributes: [{ key: host }]',
    'match_type: strict, record_attributes: [{ key: map, value: { k: v } }]',
  ].flatMap((match): Case[] => [
    { type: 'filter', yaml: `{ logs: { include: { ${match} } } }`, signals: logsOnly },
    { type: 'filter', yaml: `{ logs: { exclude: { ${match} } } }`, signals: logsOnly },
  ]),
  {
    type: 'filter',
    yaml: '{ logs: { include: { severity_number: { min: INFO2 } }, exclude: { match_type: regexp, bodies: ["e$"] } } }',
    signals: logsOnly,
  },
  ...(['metrics', 'logs'] as const).map((signal): Case => ({
    type: 'filter',
    yaml: `{ ${signal}: { include: { match_type: strict }, exclude: { match_type: regexp } } }`,
    signals: [signal],
    isIdle: true,
  })),
];

const CASES: readonly Case[] = [
  ...INCLUDE_EXCLUDE,
  { type: 'attributes', yaml: actions('{ key: a, value: 1, action: insert }', '{ key: new, value: text, action: insert }') },
  {
    type: 'attributes',
    yaml: actions('{ key: a, value: [x, 1.5, { k: true }], action: update }', '{ key: none, value: 1, action: update }'),
  },
  {
    type: 'attributes',
    yaml: actions(
      '{ key: b, from_attribute: a, action: upsert }',
      '{ key: c, from_attribute: none, default_value: d, action: upsert }',
    ),
  },
  { type: 'attributes', yaml: actions('{ key: a, action: delete }', "{ pattern: '^http\\..*', action: delete }") },
  {
    type: 'attributes',
    yaml: actions('{ key: a, action: hash }', "{ pattern: '^[bc]$', action: hash }", '{ key: map, action: hash }'),
  },
  { type: 'attributes', yaml: actions('{ key: a, action: hash, pattern: a }') },
  ...['int', 'double', 'string'].map((to): Case => ({
    type: 'attributes',
    yaml: actions(
      ...['a', 'b', 'c', 'map', 'list', 'number'].map((key) => `{ key: ${key}, action: convert, converted_type: ${to} }`),
    ),
  })),
  {
    type: 'attributes',
    yaml: actions("{ key: url, action: extract, pattern: '^(?P<a>[^:]+)://(?P<host>[^/]+)(?P<rest>/.*)?$' }"),
  },
  { type: 'attributes', yaml: actions("{ key: url, action: extract, pattern: '(?i)(?P<up>HTTP.?)|(?P<other>.)' }") },
  ...[
    'services: [shop]',
    'attributes: [{ key: a, value: 1 }]',
    'attributes: [{ key: a }, { key: b }]',
    'span_names: ["GET /"]',
    'span_kinds: [SPAN_KIND_CLIENT]',
    'resources: [{ key: host, value: h1 }]',
  ].flatMap((match): Case[] =>
    ['include', 'exclude'].map((which) => ({
      type: 'attributes',
      yaml: `{ ${which}: { match_type: strict, ${match} }, actions: [{ key: marked, value: true, action: insert }] }`,
      signals: spansOnly,
    })),
  ),
  ...[
    'include: { match_type: strict, libraries: [{ name: test, version: "1" }] }',
    'exclude: { match_type: strict, libraries: [{ name: test, version: "" }] }',
  ].map((match): Case => ({
    type: 'attributes',
    yaml: `{ ${match}, actions: [{ key: marked, value: true, action: insert }] }`,
    signals: spansOnly,
  })),
  ...[
    'log_bodies: ["e$"]',
    'log_severity_texts: ["^(WARN|ERROR)"]',
    'log_severity_number: { min: 13, match_undefined: true }',
    'attributes: [{ key: number, value: "^-?[0-9.]+$" }]',
  ].map((match): Case => ({
    type: 'attributes',
    yaml: `{ include: { match_type: regexp, ${match} }, actions: [{ key: marked, value: true, action: insert }] }`,
    signals: logsOnly,
  })),
  {
    type: 'attributes',
    yaml: '{ include: { match_type: regexp, metric_names: ["^a\\\\."] }, actions: [{ key: a, action: delete }] }',
    signals: ['metrics'],
  },
  {
    type: 'resource',
    yaml: '{ attributes: [{ key: host, action: hash }, { key: zone, value: z, action: upsert }, { key: n, action: delete }] }',
  },
  ...[
    'attributes["a"] == 1',
    'attributes["a"] != nil and not attributes["b"] == "x"',
    'attributes["a"] > 0.5 or attributes["b"] >= "m"',
    'attributes["map"]["k"] == "v"',
    'attributes["list"][0] == 1',
    'IsMatch(attributes["number"], "^[0-9]") or IsMatch(attributes["map"], "k")',
    'HasPrefix(attributes["b"], "x")',
    'attributes["flag"] == true and attributes["number"] < 1000',
    'attributes["flag"] < true',
    'resource.attributes["host"] == "h1" and instrumentation_scope.name == "test"',
    'attributes["a"] == attributes["number"]',
    'attributes["a"] <= nil or attributes["list"] == attributes["list2"]',
    'not (attributes["a"] == 1 or IsString(attributes["b"]))',
    'IsInt(attributes["a"]) or IsDouble(attributes["a"]) or IsBool(attributes["flag"]) and IsMap(attributes["map"])',
  ].flatMap((condition): Case[] => [
    { type: 'filter', yaml: only(`'${condition}'`, 'traces', 'span'), signals: spansOnly },
    { type: 'filter', yaml: only(`'${condition}'`, 'logs', 'log_record'), signals: logsOnly },
    { type: 'filter', yaml: only(`'${condition}'`, 'metrics', 'datapoint'), signals: ['metrics'] },
  ]),
  ...[
    'name == "GET /" and kind == SPAN_KIND_SERVER',
    'kind.string == "Client" or status.code == STATUS_CODE_ERROR',
    'IsRootSpan()',
    'trace_id.string == "5b8efff798038103d269b633813fc60c" and end_time_unix_nano >= 1700000000000000000 and not IsRootSpan()',
    'status.message == "no" or dropped_events_count > 0 or trace_state != "c=d"',
  ].map((condition): Case => ({ type: 'filter', yaml: only(`'${condition}'`, 'traces', 'span'), signals: spansOnly })),
  {
    type: 'filter',
    yaml: only(`'name == "event"', 'attributes["e"] == 1', 'span.name == "POST /"'`, 'traces', 'spanevent'),
    signals: spansOnly,
  },
  ...[
    'severity_number >= SEVERITY_NUMBER_WARN',
    'severity_text == "INFO" and IsMatch(body, "e$")',
    'body == nil or body["k"] == "v"',
    'body[0] == 1',
    'IsMatch(body, "\\"k\\":") or body.string == "true"',
    'event_name == "" and flags == 1',
    'time_unix_nano < 500 and observed_time_unix_nano > 1',
  ].map((condition): Case => ({ type: 'filter', yaml: only(`'${condition}'`, 'logs', 'log_record'), signals: logsOnly })),
  ...[
    'name == "a.gauge"',
    'type == METRIC_DATA_TYPE_HISTOGRAM or type == METRIC_DATA_TYPE_SUMMARY',
    'is_monotonic == true and aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE',
    'HasAttrKeyOnDatapoint("a") and unit == "1"',
    'HasAttrOnDatapoint("b", "x")',
  ].map((condition): Case => ({ type: 'filter', yaml: only(`'${condition}'`, 'metrics', 'metric'), signals: ['metrics'] })),
  ...[
    'metric.name == "a.sum" and value_int > 5',
    'value_double < 0.5',
    'count > 4 or sum > 12.0',
    'metric.type == METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM and scale == -3',
    'value_int == nil and zero_count == nil',
    'flags == FLAG_NONE and start_time_unix_nano > 0',
  ].map((condition): Case => ({ type: 'filter', yaml: only(`'${condition}'`, 'metrics', 'datapoint'), signals: ['metrics'] })),
  {
    type: 'filter',
    yaml: `{ trace_conditions: ['resource.attributes["host"] == "h2"', 'span.attributes["a"] == 1 and scope.name == "test"', 'spanevent.name == "event" and span.kind == SPAN_KIND_SERVER'],
      metric_conditions: [{ context: datapoint, conditions: ['attributes["a"] == 1'] }, { conditions: ['metric.name == "a.sum"'] }],
      log_conditions: [{ error_mode: silent, conditions: ['log.severity_number < SEVERITY_NUMBER_INFO', 'HasPrefix(log.body, "h")'] }] }`,
  },
];

const text = fc.constantFrom<Plain>('x', 'xy', 'zz', '1', '-2.5e3', 'Infinity', '');
const number = fc.constantFrom<Plain>(0n, 1n, -5n, 2n ** 53n, 0.25, 1, -1e-7, 1e21);
const values = fc.record<{ [key: string]: Plain }>(
  {
    a: fc.oneof({ weight: 3, arbitrary: fc.constant<Plain>(1n) }, number, text, fc.boolean()),
    b: fc.oneof({ weight: 2, arbitrary: text }, number),
    c: fc.oneof(text, number, fc.boolean()),
    flag: fc.oneof({ weight: 3, arbitrary: fc.boolean() as fc.Arbitrary<Plain> }, text),
    'http.route': text,
  },
  { requiredKeys: [] },
);
const more = fc.record<{ [key: string]: Plain }>(
  {
    map: fc.constantFrom<Plain>({ k: 'v' }, { k: 1n, b: [1.5, '<'] }),
    list: fc.constantFrom<Plain>([1n, 'x'], ['x']),
    list2: fc.constantFrom<Plain>([1n, 'x'], []),
    number: fc.constantFrom<Plain>(1n, 1.5, '7', 1e3),
    url: fc.constantFrom<Plain>('http://example.com/x', 'ftp://h', 'HTTPS', 'no'),
  },
  { requiredKeys: [] },
);

/** Items with all that the cases ask for. Every span has a status, as the collector adds an empty one where there is none. */
function requests(signal: Signal): Tree[] {
  const pick = fc.record({ of: fc.tuple(values, more).map(([a, b]) => ({ ...a, ...b })), n: fc.nat(1000) });
  return fc.sample(fc.array(pick, { minLength: 1, maxLength: 6 }), { numRuns: REQUESTS, seed: 11 }).map((picks, at) => {
    const one = ({ of, n }: (typeof picks)[number]): Tree[] => {
      if (signal === 'traces') {
        const events = [1n, 2n].map((e) => ({
          timeUnixNano: e,
          name: n % 2 === 0 ? 'event' : `event ${e}`,
          attributes: [{ key: 'e', value: { intValue: e } }],
        }));
        return [
          span(of, {
            name: n % 3 === 0 ? 'POST /' : 'GET /',
            kind: n % 6,
            status: { code: n % 3, message: n % 2 === 0 ? 'no' : 'm' },
            traceState: 'c=d',
            events,
            ...(n % 4 === 0 ? { parentSpanId: Buffer.alloc(8, 9) } : {}),
          }),
        ];
      }
      if (signal === 'logs') {
        const bodies: Plain[] = ['a line', 'he', { k: 'v' }, [1n, 'x'], true, 5n];
        return [
          logRecord(of, bodies[n % 6]!, {
            severityNumber: n % 25,
            severityText: ['INFO', 'WARN', 'ERROR2', ''][n % 4]!,
            flags: 1 + (n % 2),
            timeUnixNano: BigInt(n + 1),
          }),
        ];
      }
      return [
        gauge('a.gauge', [point(of, 0.25), point({ a: 1n }, 9n)]),
        sum('a.sum', [point(of, BigInt(n % 10))]),
        histogram('b.histogram', [histogramPoint(of)]),
        exponentialHistogram('an.exponential', [exponentialHistogramPoint(of)]),
        summary('a.summary', [summaryPoint(of)]),
      ];
    };
    const resource = { 'service.name': at % 2 === 0 ? 'shop' : 'cart', host: `h${at % 3}`, n: BigInt(at) };
    return request(signal, [
      { resource, items: picks.flatMap(one) },
      { resource: { host: 'h9' }, items: picks.slice(0, 1).flatMap(one) },
    ]);
  });
}

/** Attributes have no order. */
function sorted(value: Value): Value {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const inner = sorted(each);
      const isList = key === 'attributes' || key === 'filteredAttributes';
      return [key, isList ? (inner as Tree[]).toSorted((a, b) => (String(a['key']) < String(b['key']) ? -1 : 1)) : inner];
    }),
  );
}

const normal = (signal: Signal, trees: readonly Tree[]): string[] =>
  fingerprints(trees.flatMap((tree) => itemsOf(signal, sorted(tree) as Tree)));

/** Of what arrives at a sink, ours: its port may have been that of a sink of another process a moment ago. */
const SENDER = randomUUID();
const arrived = ({ requests: all }: OtlpSink, signal: Signal): Tree[] =>
  all
    .filter((request) => request.signal === signal && request.headers['x-sender'] === SENDER)
    .map(({ body }) => decode(signal, body));

async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from({ length: count }, async () => {
      const probe = createServer().listen(0, '127.0.0.1');
      await once(probe, 'listening');
      return probe;
    }),
  );
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  for (const probe of probes) {
    probe.close();
    await once(probe, 'close');
  }
  return ports;
}

/** One otelcol with a receiver, a processor and an exporter per case. */
async function startOtelcol(sinks: readonly OtlpSink[]): Promise<{ ports: number[]; stop: () => Promise<void> }> {
  const ports = await freePorts(CASES.length);
  const section = (line: (each: Case, at: number) => string): string => CASES.map((each, at) => `  ${line(each, at)}\n`).join('');
  const pipelines = CASES.flatMap(({ type, signals }, at) =>
    (signals ?? SIGNALS).map(
      (signal) => `    ${signal}/${at}: { receivers: [otlp/${at}], processors: [${type}/${at}], exporters: [otlphttp/${at}] }\n`,
    ),
  ).join('');
  const config = `receivers:
${section((_, at) => `otlp/${at}: { protocols: { http: { endpoint: "127.0.0.1:${ports[at]}" } } }`)}
processors:
${section(({ type, yaml }, at) => `${type}/${at}: ${yaml.replaceAll('$', '$$$$')}`)}
exporters:
${section((_, at) => `otlphttp/${at}: { endpoint: "${sinks[at]!.url}", headers: { x-sender: "${SENDER}" }, compression: none, sending_queue: { enabled: false }, retry_on_failure: { enabled: false } }`)}
service:
  telemetry: { metrics: { level: none } }
  pipelines:
${pipelines}`;
  return { ports, stop: await runOtelcol(config) };
}

async function make({ type, yaml }: Case): Promise<Processor> {
  const component = processors.find((each) => each.type === type)!;
  const { create } = (await component.load!()) as { create(config: unknown, context: unknown): Processor };
  return create(component.config.parse(parse(yaml)), quietContext());
}

describe.skipIf(otelcol.missing)(`otelcol${otelcol.note}`, () => {
  let sinks: OtlpSink[] = [];
  let peerOf: Awaited<ReturnType<typeof startOtelcol>>;
  const sent = Object.fromEntries(
    SIGNALS.map((signal) => [signal, requests(signal).map((tree) => encode(signal, tree))]),
  ) as Record<Signal, Uint8Array[]>;
  beforeAll(async () => {
    sinks = await Promise.all(CASES.map(() => OtlpSink.start()));
    peerOf = await startOtelcol(sinks);
  }, 60_000);
  afterAll(async () => {
    await peerOf?.stop();
    for (const sink of sinks) await sink.close();
  }, 60_000);

  it.each(CASES.map((each, at) => [each.type, each.yaml, at] as const))('%s %s does the same', async (_type, _yaml, at) => {
    const each = CASES[at]!;
    let changed = false;
    for (const signal of each.signals ?? SIGNALS) {
      const ours: Tree[] = [];
      for (const body of sent[signal]) {
        const answer = await fetch(`http://127.0.0.1:${peerOf.ports[at]}/v1/${signal}`, {
          method: 'POST',
          headers: { 'content-type': 'application/x-protobuf' },
          body: body as Uint8Array<ArrayBuffer>,
        });
        expect(answer.status).toBe(200);
        await answer.arrayBuffer();
        const { tree } = processed(await make(each), scopedBatch(signal, [body], itemsOf(signal, decode(signal, body)).length));
        if (tree !== undefined) ours.push(tree);
      }
      const theirs = arrived(sinks[at]!, signal);
      expect(difference(normal(signal, ours), normal(signal, theirs)), signal).toEqual(NO_DIFFERENCE);
      changed ||=
        difference(
          normal(signal, theirs),
          normal(
            signal,
            sent[signal].map((body) => decode(signal, body)),
          ),
        ).missing.length > 0;
      if (each.type === 'filter') expect(theirs.length).toBeGreaterThan(0);
    }
    expect(changed).toBe(each.isIdle !== true);
  });
});
