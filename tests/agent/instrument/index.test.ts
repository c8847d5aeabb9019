import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { metrics } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { endPresence } from '../../../agent/instrument/presence.ts';
import { pointsOf } from '../../support/metric-points.ts';
import { OtlpSink } from '../../support/otlp-sink.ts';
import { protobufOf } from '../../support/sdk-metrics.ts';
import { temporaryFolders } from '../../support/temporary.ts';

type Agent = Awaited<ReturnType<typeof imported>>;

const folders = temporaryFolders();
const agents: Agent[] = [];
const sinks: OtlpSink[] = [];

beforeEach(() => {
  vi.resetModules();
  metrics.disable();
  vi.stubEnv('OTEL_LOG_LEVEL', 'none');
  vi.stubEnv('AGENT_MODE', 'main');
});
afterEach(async () => {
  for (const agent of agents.splice(0)) await agent.shutdown();
  for (const sink of sinks.splice(0)) await sink.close();
  vi.unstubAllEnvs();
  metrics.disable();
  endPresence();
});

const imported = async () => import('../../../agent/instrument/index.ts');

async function started(environment: Readonly<Record<string, string>> = {}): Promise<Agent> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const agent = await imported();
  agents.push(agent);
  return agent;
}

async function collector(): Promise<OtlpSink> {
  const sink = await OtlpSink.start();
  sinks.push(sink);
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', sink.url);
  return sink;
}

/** Names of the metrics that arrived; the official exporter sends JSON. */
function namesAt({ requests }: OtlpSink): string[] {
  return requests.flatMap(({ body, headers }) => {
    if (headers['content-type'] !== 'application/json') return pointsOf([body]).map(({ metric }) => metric);
    return [
      ...Buffer.from(body)
        .toString()
        .matchAll(/"name":"([^"]+)"/g),
    ].map(([, name]) => name!);
  });
}

const ROW = { category: 'Isolation', type: 'performance', topic: 'Agent Scaling', id: '50', value: 'sub-ms' };

describe('the agent', () => {
  it.each(['own', 'sdk'])('sends what the app measures by the API, and what it sees by itself; engine %s', async (engine) => {
    const sink = await collector();
    const agent = await started({ AGENT_ENGINE: engine, OTEL_METRIC_EXPORT_INTERVAL: '60000' });
    metrics.getMeter('shop').createCounter('orders').add(2);
    expect(await agent.flush(5000)).toBe(true);
    for (const name of ['orders', 'process.cpu.time', 'nodejs.eventloop.utilization']) expect(namesAt(sink)).toContain(name);
    expect(agent.instrumentations().find(({ name }) => name === 'http-server')).toEqual({ name: 'http-server', on: true });
  });

  it('signs its requests with AGENT_WEBHOOK_SECRET', async () => {
    const sink = await collector();
    const agent = await started({ AGENT_WEBHOOK_SECRET: 'secret' });
    metrics.getMeter('shop').createCounter('orders').add(2);
    expect(await agent.flush(5000)).toBe(true);
    expect(sink.requests[0]?.headers).toMatchObject({ 'webhook-signature': expect.stringMatching(/^v1,/) });
  });

  it('tells its audit file where it sends, without a secret', async () => {
    const sink = await collector();
    const path = join(folders(), 'audit.jsonl');
    const agent = await started({
      AGENT_AUDIT_FILE: path,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=secret',
      AGENT_SCOPE: 'DEVELOPMENT',
    });
    await agent.shutdown();
    const text = readFileSync(path, 'utf8');
    expect(JSON.parse(text.split('\n')[0]!)).toMatchObject({
      event: 'AGENT_STARTED',
      scope: 'DEVELOPMENT',
      destination: `${sink.url}/v1/metrics`,
    });
    expect(text).not.toContain('secret');
    expect(text).toContain('AGENT_STOPPED');
  });

  it('sends nothing to where its scope must not, and says so in the audit file', async () => {
    const path = join(folders(), 'audit.jsonl');
    const { status, engine } = await started({
      AGENT_AUDIT_FILE: path,
      AGENT_SCOPE: 'ENTERPRISE',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://192.0.2.1:4318',
    });
    expect(status()).toMatchObject({ mode: 'none' });
    expect(engine).toBeDefined();
    expect(readFileSync(path, 'utf8')).toMatch(/AGENT_REFUSED.*by https only/);
  });

  it.each([
    ['its scope must not', { AGENT_SCOPE: 'ENTERPRISE' }],
    ['export is switched off', { AGENT_MODE: 'none' }],
    ['metrics are switched off', { OTEL_METRICS_EXPORTER: 'none' }],
  ])('sends nothing by the official SDK, too, where %s', async (_why, environment) => {
    const sink = await collector();
    // Not this machine by its name, and still it.
    const url = sink.url.replace('127.0.0.1', '0.0.0.0');
    const agent = await started({ AGENT_ENGINE: 'sdk', OTEL_EXPORTER_OTLP_ENDPOINT: url, ...environment });
    metrics.getMeter('shop').createCounter('orders').add(2);
    expect(await agent.flush(5000)).toBe(true);
    expect(sink.seen).toBe(0);
  });

  it('is not there with OTEL_SDK_DISABLED, and nothing throws', async () => {
    const agent = await started({ OTEL_SDK_DISABLED: 'true' });
    expect([agent.engine, agent.mockApi, agent.status(), agent.instrumentations()]).toEqual([
      undefined,
      undefined,
      undefined,
      [],
    ]);
    const fn = (): void => undefined;
    expect(agent.tracked('work', fn)).toBe(fn);
    expect(await agent.flush()).toBe(true);
    await agent.shutdown();
  });

  it('is there once, however often it is loaded', async () => {
    const first = await started({ AGENT_MODE: 'none' });
    vi.resetModules();
    const second = await started();
    expect(first.engine).toBeDefined();
    expect(second.engine).toBe(first.engine);
    // What is asked of the second is done by the first.
    expect(second.track('shop.open', () => 7)).toBe(7);
    expect(second.perf.add(ROW)).toEqual({ accepted: true });
    expect(first.perf.metrics().map(({ topic }) => topic)).toEqual(['Agent Scaling', 'shop.open']);
    await second.shutdown();
    await first.shutdown();
  });

  it('does nothing beside one of another version', async () => {
    Object.assign(globalThis, { [Symbol.for('@periscope-otel/agent')]: { version: '0.0.1', agent: { engine: {} } } });
    const { engine, perf } = await started({ AGENT_MODE: 'none' });
    expect([engine, perf.add(ROW).accepted]).toEqual([undefined, false]);
  });

  it('leaves a provider alone that was registered before, and measures by itself beside it', async () => {
    const theirs = { getMeter: () => metrics.getMeter('none') };
    metrics.setGlobalMeterProvider(theirs);
    const { engine } = await started({ AGENT_MODE: 'none' });
    expect(metrics.getMeterProvider()).toBe(theirs);
    expect(engine?.stats().instruments).toBeGreaterThan(0);
  });
});

describe('perf', () => {
  it.each(['own', 'sdk'])('sends its rows with what is measured, operations among them; engine %s', async (engine) => {
    const sink = await collector();
    const agent = await started({
      AGENT_ENGINE: engine,
      AGENT_SCOPE: 'DEVELOPMENT',
      OTEL_METRIC_EXPORT_INTERVAL: '60000',
    });
    agent.track('shop.open', () => 7);
    expect(agent.perf.add(ROW)).toEqual({ accepted: true });
    expect(agent.perf.metrics().map(({ topic, properties }) => [topic, properties['scope']])).toEqual([
      ['Agent Scaling', 'DEVELOPMENT'],
      ['shop.open', 'DEVELOPMENT'],
    ]);
    expect(agent.perf.toString()).toContain('Agent Scaling');
    expect(await agent.flush(5000)).toBe(true);
    const bodies = engine === 'sdk' ? sink.bodies('metrics').map(protobufOf) : sink.bodies('metrics');
    const rows = pointsOf(bodies).filter(({ metric }) => metric === 'perf.metric');
    expect(rows.map(({ attributes }) => attributes['perf.topic'])).toEqual(['Agent Scaling', 'shop.open']);
  });

  it('throws a row of another scope back, and writes it into the audit file', async () => {
    const path = join(folders(), 'audit.jsonl');
    const { perf } = await started({ AGENT_MODE: 'none', AGENT_SCOPE: 'DEVELOPMENT', AGENT_AUDIT_FILE: path });
    expect(() => perf.add({ ...ROW, properties: { scope: 'ENTERPRISE' } })).toThrow(
      expect.objectContaining({ code: 'SCOPE_VIOLATION' }),
    );
    expect(readFileSync(path, 'utf8')).toMatch(/SCOPE_VIOLATION.*"currentScope":"DEVELOPMENT".*"source":"perf.add"/);
  });

  it('has rows of the calls of an S3 client', async () => {
    const { perf, trackS3 } = await started({ AGENT_MODE: 'none' });
    const chain: ((next: unknown, context: object) => (args: object) => Promise<unknown>)[] = [];
    const client = { middlewareStack: { add: (middleware: (typeof chain)[number]) => void chain.push(middleware) } };
    expect(trackS3(client)).toBe(client);
    const send = chain[0]!(() => Promise.resolve({ output: { ContentLength: 4000 } }), { commandName: 'GetObjectCommand' });
    await send({ input: { Bucket: 'archive' } });
    expect(perf.metrics()).toMatchObject([
      { category: 'R2', topic: 'GetObject archive', subCat: 'Latency', pattern: 'time_measurement' },
      { category: 'R2', topic: 'GetObject archive', subCat: 'Throughput', pattern: 'throughput_measurement' },
    ]);
  });

  it('takes nothing where the agent does not run', async () => {
    const { perf, trackS3 } = await started({ OTEL_SDK_DISABLED: 'true' });
    expect(perf.add(ROW)).toMatchObject({ accepted: false });
    const client = {};
    expect(trackS3(client)).toBe(client);
  });
});

describe('with AGENT_MOCK_API=1', () => {
  it('what is measured is in mockApi, and nothing is sent', async () => {
    const sink = await collector();
    const agent = await started({ AGENT_MOCK_API: '1', OTEL_SERVICE_NAME: 'shop' });
    metrics.getMeter('shop').createCounter('orders').add(2);
    expect(JSON.stringify(await agent.mockApi?.requests())).toMatch(/"shop".*"orders"/);
    expect(await agent.flush()).toBe(true);
    expect(sink.seen).toBe(0);
  });

  it('operations are measured, with buckets that grow', async () => {
    const { mockApi, track } = await started({ AGENT_MOCK_API: '1' });
    expect(track('shop.open', () => 7)).toBe(7);
    expect(JSON.stringify(await mockApi?.requests())).toMatch(/"op\.duration".*"exponentialHistogram".*"shop\.open"/);
  });
});
