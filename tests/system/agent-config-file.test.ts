import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AGENT_RUNTIMES } from '../support/agent-runtimes.ts';
import { Authority } from '../support/certificates.ts';
import { type DecodedPoint, pointsOf, textOf } from '../support/metric-points.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { type Ended, projectIn, runProgram } from '../support/prebuilt-agent.ts';
import { protobufOf } from '../support/sdk-metrics.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folders = temporaryFolders();
let sink: OtlpSink;
beforeEach(async () => {
  sink = await OtlpSink.start();
});
afterEach(() => sink.close());

/** Exports once, or twice. */
const APP = `
  import { metrics } from '@opentelemetry/api';
  const meter = metrics.getMeter('shop', '1.2', { schemaUrl: 'https://example.com/shop' });
  meter.createCounter('shop.orders', { unit: '{order}' }).add(2, { plan: 'a', 'customer.id': 1 });
  meter.createHistogram('shop.latency', { unit: 's' }).record(0.2);
  meter.createHistogram('shop.size').record(7, { plan: 'a' });
  meter.createUpDownCounter('shop.open').add(1);
  const many = meter.createCounter('shop.many');
  for (let index = 0; index < 20; index++) many.add(1, { index });
  const { flush } = await import(process.env.BUNDLE);
  await flush(10_000);
  if (process.env.SECOND_FLUSH) {
    meter.createCounter('shop.orders', { unit: '{order}' }).add(3, { plan: 'a', 'customer.id': 1 });
    await flush(10_000);
  }
  console.log('ran');
`;

/** All that the agent maps, at once. */
const CONFIGURATION = `
file_format: "1.0"
log_level: warn
resource:
  attributes_list: listed=yes,service.name=listed
  attributes:
    - { name: service.name, value: "\${SHOP_NAME:-nobody}" }
    - { name: shop.shard, value: 3, type: int }
    - { name: shop.zones, value: [a, b], type: string_array }
  detection/development: { detectors: [{ service: }, { process: }] }
meter_provider:
  exemplar_filter: always_off
  readers:
    - periodic:
        interval: 3600000
        timeout: 20000
        cardinality_limits: { counter: 8 }
        exporter:
          otlp_http:
            endpoint: \${SINK}/own/path?of=mine
            headers_list: x-listed=a%20b,x-written=listed
            headers:
              - { name: X-Written, value: "written" }
              - { name: X-Nothing, value: }
            compression: gzip
            timeout: 15000
            temporality_preference: delta
            default_histogram_aggregation: base2_exponential_bucket_histogram
  views:
    - selector: { instrument_name: shop.orders, instrument_type: counter, unit: "{order}", meter_name: shop, meter_version: "1.2", meter_schema_url: "https://example.com/shop" }
      stream: { name: orders, description: of the shop, attribute_keys: { excluded: ["customer.*"] } }
    - selector: { instrument_name: shop.latency }
      stream: { aggregation: { explicit_bucket_histogram: { boundaries: [0.1, 1], record_min_max: false } } }
    - selector: { instrument_name: shop.size }
      stream: { aggregation: { base2_exponential_bucket_histogram: { max_size: 4 } }, attribute_keys: { included: [plan] } }
    - selector: { instrument_type: up_down_counter, meter_name: shop }
      stream: { aggregation: { drop: } }
    - selector: { instrument_name: shop.many }
      stream: { aggregation_cardinality_limit: 5 }
`;

/** What the agent's engine says of more series than the file allows. */
const OVERFLOW = /^periscope agent: cannot keep another set of attributes of shop\.many: [^\n]*\n$/;

/** Those of the variables must not count. */
const OTHERS = {
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://127.0.0.1:9/',
  OTEL_EXPORTER_OTLP_HEADERS: 'x-of-a-variable=1',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOG_LEVEL: 'none',
  OTEL_SERVICE_NAME: 'of a variable',
  OTEL_RESOURCE_ATTRIBUTES: 'of.a.variable=1',
};

describe.each(AGENT_RUNTIMES)('a configuration file on $name $note', ({ path, target, preload, missing }) => {
  const run = (yaml: string | undefined, env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const cwd = folders();
    // The variant that has the official SDK, too.
    projectIn(cwd, { 'app.js': APP }, { target, variant: env['AGENT_ENGINE'] === 'sdk' ? 'full' : 'production' });
    if (yaml !== undefined) writeFileSync(join(cwd, 'otel.yaml'), yaml);
    const given = { OTEL_CONFIG_FILE: 'otel.yaml', BUNDLE: pathToFileURL(join(cwd, 'agent/index.js')).href, SINK: sink.url };
    return runProgram(path, [preload, './agent/index.js', 'app.js'], { cwd, env: { ...given, ...env } });
  };
  const pointsOfShop = (): readonly DecodedPoint[] => {
    const bodies = sink.requests.map(({ headers, body }) =>
      headers['content-type'] === 'application/json' ? protobufOf(body) : body,
    );
    return pointsOf(bodies).filter(({ meter }) => meter === 'shop');
  };

  it.skipIf(missing).each(['own', 'sdk'])('is what the engine %s does', async (engine) => {
    const ended = await run(CONFIGURATION, { ...OTHERS, SHOP_NAME: 'the shop', AGENT_ENGINE: engine, SECOND_FLUSH: '1' });
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'ran\n' });
    expect(ended.stderr).toMatch(engine === 'own' ? OVERFLOW : /^$/);
    for (const { path: asked, headers } of sink.requests) {
      expect(asked).toBe('/own/path?of=mine');
      expect(headers).toMatchObject({ 'x-listed': 'a b', 'x-written': 'written', 'content-encoding': 'gzip' });
      expect(Object.keys(headers).filter((name) => name === 'x-nothing' || name === 'x-of-a-variable')).toEqual([]);
    }
    const points = pointsOfShop();
    const { resource } = points[0]!;
    expect(resource).toMatchObject({ 'service.name': 'the shop', listed: 'yes', 'shop.shard': 3, 'shop.zones': ['a', 'b'] });
    expect([resource['of.a.variable'], resource['host.name']]).toEqual([undefined, undefined]);
    expect([typeof resource['service.instance.id'], typeof resource['process.pid']]).toEqual(['string', 'number']);

    // Twice, as deltas.
    const orders = points.filter(({ metric }) => metric === 'orders');
    expect(orders.map(({ value, attributes, description }) => [value, textOf(attributes), description])).toEqual([
      [2, '[["plan","a"]]', 'of the shop'],
      [3, '[["plan","a"]]', 'of the shop'],
    ]);
    const first = (metric: string): DecodedPoint => points.find((point) => point.metric === metric)!;
    expect(first('shop.latency').tree).toMatchObject({ explicitBounds: [0.1, 1] });
    expect(first('shop.latency').tree['max']).toBeUndefined();
    expect(first('shop.size').type).toBe('exponentialHistogram');
    expect(points.filter(({ metric }) => metric === 'shop.many')).toHaveLength(5);
    expect(points.some(({ metric }) => metric === 'shop.open' || metric === 'shop.orders')).toBe(false);
  });

  it.skipIf(missing).each(['own', 'sdk'])(
    'has certificates for the engine %s, which shows its own to the collector',
    async (engine) => {
      const authority = new Authority();
      const own = authority.issue({ subject: { CN: 'the shop' } });
      const shown: string[] = [];
      const tls = { ...authority.issueServer(), ca: authority.cert, requestCert: true, rejectUnauthorized: true };
      const secured = (socket: TLSSocket): void => void shown.push(String(socket.getPeerCertificate().subject.CN));
      const secure = await OtlpSink.start(undefined, { tls, secured });
      const files = folders();
      for (const [name, text] of Object.entries({ ca: authority.cert, key: own.key, cert: own.cert }))
        writeFileSync(join(files, `${name}.pem`), text);
      const file = (name: string): string => JSON.stringify(join(files, `${name}.pem`));
      try {
        const ended = await run(
          `
file_format: "1.0"
meter_provider:
  readers:
    - periodic:
        exporter:
          otlp_http:
            endpoint: ${secure.url}/v1/metrics
            tls: { ca_file: ${file('ca')}, key_file: ${file('key')}, cert_file: ${file('cert')} }
`,
          { AGENT_ENGINE: engine },
        );
        expect(ended).toEqual({ code: 0, signal: null, stdout: 'ran\n', stderr: '' });
        expect([secure.requests.length > 0, new Set(shown)]).toEqual([true, new Set(['the shop'])]);
      } finally {
        await secure.close();
      }
    },
  );

  it.skipIf(missing)('of other things is followed, too: default aggregation, limits by kind, no compression', async () => {
    const ended = await run(`
file_format: "1.0"
meter_provider:
  readers:
    - periodic:
        cardinality_limits: { default: 6, histogram: 9 }
        exporter:
          otlp_http: { endpoint: "${sink.url}/v1/metrics", default_histogram_aggregation: base2_exponential_bucket_histogram }
`);
    expect(ended).toMatchObject({ code: 0, signal: null, stdout: 'ran\n' });
    expect(ended.stderr).toMatch(OVERFLOW);
    const points = pointsOfShop();
    expect(sink.requests[0]!.headers['content-encoding']).toBeUndefined();
    // Cumulative: the end of the process sends them again.
    const many = points.filter(({ metric }) => metric === 'shop.many').map(({ attributes }) => textOf(attributes));
    expect(new Set(many).size).toBe(6);
    expect(points.find(({ metric }) => metric === 'shop.size')!.type).toBe('exponentialHistogram');
    expect(points[0]!.resource['service.instance.id']).toBeUndefined();
  });

  it.skipIf(missing)('that cannot be read is one line, and the app runs without an agent', async () => {
    const missingFile = await run(undefined, { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
    expect(missingFile).toMatchObject({ code: 0, stdout: 'ran\n' });
    expect(missingFile.stderr).toBe(
      'periscope agent: cannot start: cannot read otel.yaml: ENOENT; the application goes on without it\n',
    );
    const wrong = await run('file_format: "2.0"\ndisabled: ${SINK}', { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
    expect(wrong).toMatchObject({ code: 0, stdout: 'ran\n' });
    expect(wrong.stderr).toMatch(
      /^periscope agent: cannot start: cannot read otel\.yaml: file_format: [^\n;]*; disabled: [^\n;]*; the application goes on without it\n$/,
    );
    expect(sink.seen).toBe(0);
  });

  it.skipIf(missing)('that cannot be read ends the app where AGENT_STRICT asks for it', async () => {
    const ended = await run('a: [', { AGENT_STRICT: '1' });
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toContain('cannot read otel.yaml: line 1');
  });

  it.skipIf(missing)('switches off, or down, what is printed', async () => {
    const off = await run('file_format: "1.0"\ndisabled: true', { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
    expect([off.stdout, off.stderr, sink.seen]).toEqual(['ran\n', '', 0]);
    const told = await run('file_format: "1.0"\npropagator: {}', {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.url,
      OTEL_LOG_LEVEL: 'none',
    });
    expect(told.stderr).toBe(
      'periscope agent: cannot use meter_provider of otel.yaml: there is none: no metrics are sent\n' +
        'periscope agent: cannot use propagator of otel.yaml: the agent propagates nothing\n',
    );
    expect((await run('file_format: "1.0"\nlog_level: error\npropagator: {}')).stderr).toBe('');
    expect(sink.seen).toBe(0);
  });
});
