import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { Collector } from '../../../agent/collector/collector.ts';
import { createHost } from '../../../agent/collector/host.ts';
import { OWN_METRICS, openOwnMetrics } from '../../../agent/collector/own-metrics.ts';
import { formatFault } from '../../../config/fault.ts';
import { loadConfig, type Loaded } from '../../../config/load.ts';
import { StartError } from '../../../pipeline/errors.ts';
import { encode, logRecord, request } from '../../support/build.ts';
import { quietContext } from '../../support/contexts.ts';
import { until } from '../../support/http-bench.ts';
import { OtlpSink } from '../../support/otlp-sink.ts';
import { parsePrometheusText, sumOf, type Series } from '../../support/prometheus-text.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const collectors: Collector[] = [];
const sinks: OtlpSink[] = [];
afterEach(async () => {
  for (const collector of collectors.splice(0)) await collector.stop();
  for (const sink of sinks.splice(0)) await sink.close();
});

const READER = 'readers: [{ pull: { exporter: { prometheus: { host: 127.0.0.1, port: 0 } } } }]';

async function loaded(
  metrics: string,
  more: { url?: string; top?: string; batch?: string; extensions?: string } = {},
): Promise<Loaded> {
  const result = await loadConfig([
    {
      kind: 'text',
      name: 'test',
      text: `
receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' } } } }
processors: { sanitize: , batch: { timeout: ${more.batch ?? '10ms'} } }
exporters: { otlp_http: { endpoint: '${more.url ?? 'http://127.0.0.1:1'}', compression: none, retry_on_failure: { enabled: false } } }
storage: { directory: '${folder()}' }
${more.top ?? ''}
service:
  extensions: [${more.extensions ?? ''}]
  telemetry: { metrics: { ${metrics} } }
  pipelines: { logs: { receivers: [otlp], processors: [sanitize, batch], exporters: [otlp_http] } }
`,
    },
  ]);
  if ('plan' in result) return result;
  throw new StartError(result.faults.map(formatFault).join('\n'));
}

async function start(config: Loaded): Promise<Collector> {
  const collector = await Collector.start(config, () => {});
  collectors.push(collector);
  return collector;
}
const urlOf = ({ host }: Collector, owner: string): string => host.listeners.find((each) => each.owner === owner)!.listener.url;

async function send(collector: Collector, scope?: string): Promise<number> {
  const resource = scope === undefined ? {} : { 'periscope.scope': scope };
  const body = encode('logs', request('logs', [{ resource, items: [logRecord({ a: 'b' }), logRecord({ a: 'c' })] }]));
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(`${urlOf(collector, 'otlp')}/v1/logs`, { method: 'POST', headers, body: Buffer.from(body) });
  await answer.arrayBuffer();
  return answer.status;
}

async function scrape(collector: Collector): Promise<Series[]> {
  const answer = await fetch(`${urlOf(collector, OWN_METRICS)}/metrics`);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  return parsePrometheusText(await answer.text());
}

async function toSink(metrics = READER, batch = '10ms'): Promise<{ collector: Collector; url: string }> {
  const sink = await OtlpSink.start();
  sinks.push(sink);
  return { collector: await start(await loaded(metrics, { url: sink.url, batch })), url: sink.url };
}

describe('own metrics', () => {
  it('tell what came in, went through and went out, under the names of the Go collector, and by scope under ours', async () => {
    const { collector } = await toSink();
    await send(collector, 'ENTERPRISE');
    await send(collector, 'DEVELOPMENT');
    await send(collector, 'NOBODY');
    await until(() => collector.host.ledger().exporters.reduce((sum, { exported }) => sum + exported, 0) === 4);
    const series = await scrape(collector);
    expect(sumOf(series, 'otelcol_receiver_accepted_log_records', { receiver: 'otlp', transport: 'http' })).toBe(4);
    expect(sumOf(series, 'otelcol_receiver_refused_log_records', { receiver: 'otlp', transport: 'http' })).toBe(2);
    expect(sumOf(series, 'otelcol_processor_incoming_items', { processor: 'batch', otel_signal: 'logs' })).toBe(4);
    expect(sumOf(series, 'otelcol_processor_outgoing_items', { processor: 'batch', otel_signal: 'logs' })).toBe(4);
    expect(sumOf(series, 'otelcol_exporter_sent_log_records', { exporter: 'otlp_http' })).toBe(4);
    expect(sumOf(series, 'otelcol_exporter_queue_size', { exporter: 'otlp_http' })).toBe(0);
    expect(sumOf(series, 'otelcol_exporter_queue_capacity', { exporter: 'otlp_http' })).toBeGreaterThan(0);
    expect(sumOf(series, 'otelcol_process_memory_rss')).toBeGreaterThan(1e6);
    expect(sumOf(series, 'periscope_exporter_exported_items_total', { scope: 'ENTERPRISE' })).toBe(2);
    expect(sumOf(series, 'periscope_receiver_rejected_items_total')).toBe(2);
    expect(sumOf(series, 'periscope_component_counts_total', { component: 'otlp_http', counter: 'requests' })).toBeGreaterThan(0);
    expect(sumOf(series, 'periscope_component_healthy', { component: 'otlp_http' })).toBe(1);
    expect(sumOf(series, 'periscope_process_event_loop_delay_seconds', { stat: 'max' })).toBeGreaterThanOrEqual(0);
  });

  it('balance in every answer while data is under way: routed = exported + refused + dropped + in flight', async () => {
    const { collector } = await toSink(READER, '20ms');
    const sending = Array.from({ length: 40 }, (_, at) => send(collector, at % 2 === 0 ? 'ENTERPRISE' : 'DEVELOPMENT'));
    for (let at = 0; at < 10; at++) {
      const series = await scrape(collector);
      const of = (name: string): number => sumOf(series, `periscope_exporter_${name}`) ?? 0;
      const went = of('exported_items_total') + of('refused_items_total') + of('dropped_items_total') + of('in_flight_items');
      expect(went).toBe(of('routed_items_total'));
    }
    await Promise.all(sending);
  });

  it('data that a destination never got is send_failed', async () => {
    const collector = await start(await loaded(READER));
    await send(collector);
    await until(() => collector.host.ledger().exporters.some(({ dropped }) => dropped['retries_exhausted'] === 2));
    const series = await scrape(collector);
    expect(sumOf(series, 'otelcol_exporter_send_failed_log_records', { exporter: 'otlp_http' })).toBe(2);
    expect(sumOf(series, 'periscope_exporter_dropped_items_total', { reason: 'retries_exhausted' })).toBe(2);
  });

  it('keep their port and go on counting when another configuration takes over, and leave when it says none', async () => {
    const { collector, url } = await toSink();
    const before = urlOf(collector, OWN_METRICS);
    await send(collector);
    expect(await collector.reload(() => loaded(READER, { url, batch: '11ms', top: '' }).then(keepFolder(collector)))).toBe(true);
    expect(urlOf(collector, OWN_METRICS)).toBe(before);
    await send(collector);
    expect(sumOf(await scrape(collector), 'otelcol_receiver_accepted_log_records')).toBe(4);
    expect(await collector.reload(() => loaded('level: none', { url }).then(keepFolder(collector)))).toBe(true);
    await expect(fetch(`${before}/metrics`)).rejects.toThrow();
    expect(await send(collector)).toBe(200);
  });

  it('tell how the audit log does, and a reload does not set it back', async () => {
    const audited = (batch: string) => loaded(READER, { batch, top: 'extensions: { audit: }', extensions: 'audit' });
    const collector = await start(await audited('10ms'));
    const counted = async (counter: string): Promise<number | undefined> =>
      sumOf(await scrape(collector), 'periscope_component_counts_total', { component: 'audit', kind: 'extension', counter });
    await send(collector, 'NOBODY');
    await send(collector, 'NOBODY');
    expect([await counted('events'), await counted('lost_events')]).toEqual([3, 0]);
    expect(await collector.reload(() => audited('11ms').then(keepFolder(collector)))).toBe(true);
    await send(collector, 'NOBODY');
    expect(await counted('events')).toBe(5);
    expect(await counted('records')).toBeGreaterThanOrEqual(4);
  });

  it('level basic has what the Go collector has, and nothing else', async () => {
    const { collector } = await toSink(`level: basic, ${READER}`);
    await send(collector);
    const names = new Set((await scrape(collector)).map(({ name }) => name.split('_')[0]));
    expect([...names]).toEqual(['otelcol']);
  });

  it('has one path, which is read', async () => {
    const { collector } = await toSink();
    const ask = async (path: string, method: string): Promise<number> =>
      (await fetch(`${urlOf(collector, OWN_METRICS)}${path}`, { method })).status;
    expect([await ask('/', 'GET'), await ask('/metrics', 'POST'), await ask('/metrics', 'HEAD')]).toEqual([404, 405, 200]);
  });

  it('with auth only an admin reads them', async () => {
    const users = ['ann: { password: a-long-password, scopes: [global], permissions: [query, admin] }'];
    users.push('bob: { password: a-long-password, scopes: [global], permissions: [query] }');
    const collector = await start(await loaded(`auth: basic, ${READER}`, { top: `auth: { basic: { ${users.join(', ')} } }` }));
    const ask = async (user?: string): Promise<number> => {
      const authorization = `Basic ${Buffer.from(`${user}:a-long-password`).toString('base64')}`;
      return (await fetch(`${urlOf(collector, OWN_METRICS)}/metrics`, { headers: user === undefined ? {} : { authorization } }))
        .status;
    };
    expect([await ask(), await ask('bob'), await ask('ann')]).toEqual([401, 403, 200]);
  });
});

/** Another load of the same collector has the same folder. */
function keepFolder({ loaded: before }: Collector): (next: Loaded) => Loaded {
  return (next) => ({ ...next, plan: { ...next.plan, storage: before.plan.storage } });
}

describe('an address that is taken', () => {
  it('by default is only told about; where somebody wrote it, it stops the start', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const { service } = await loaded(`address: '127.0.0.1:${port}'`);
    const { log, lines } = quietContext();
    const host = createHost(folder());
    const config = service.telemetry.metrics;
    await expect(openOwnMetrics(config, host, host, log)).rejects.toThrow(StartError);
    expect(await openOwnMetrics({ ...config, byDefault: true }, host, host, log)).toBeUndefined();
    expect(lines.map(({ message }) => message)).toEqual([expect.stringMatching(/^cannot serve own metrics: .*another process/)]);
    await new Promise((resolve) => taken.close(resolve));
  });
});
