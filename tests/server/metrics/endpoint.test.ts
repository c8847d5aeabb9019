import { afterEach, describe, expect, it } from 'vitest';
import type { HttpListener } from '../../../pipeline/host.ts';
import { Traffic } from '../../../pipeline/traffic.ts';
import { openHttp } from '../../../server/engine/index.ts';
import { MetricsHandler, type MetricsSettings } from '../../../server/metrics/endpoint.ts';
import { ProcessWatch } from '../../../server/metrics/process-families.ts';
import { HTTP_OPTIONS } from '../../support/http-bench.ts';
import { parsePrometheusText, sumOf, type Series } from '../../support/prometheus-text.ts';

let listener: HttpListener | undefined;
let watch: ProcessWatch | undefined;
afterEach(async () => {
  await listener?.close(0);
  watch?.stop();
});

const row = (scope: string, dropped: Record<string, number>) => ({
  exporter: 'otlp',
  scope,
  signal: 'traces' as const,
  routed: 10,
  exported: 4,
  refused: 1,
  dropped,
  inFlight: 1,
  onFull: 'drop' as const,
});
const LEDGER = {
  receivers: ['A', 'B'].map((scope) => ({
    receiver: 'otlp',
    scope,
    signal: 'traces' as const,
    received: 12,
    accepted: 10,
    rejected: { scope_mismatch: 2 },
    unreadRequests: { rate_limited: 3 },
  })),
  pipelines: [{ pipeline: 'traces', scope: 'A', signal: 'traces' as const, accepted: 10, dropped: { filter: 1 } }],
  exporters: [row('A', { queue_full: 3, shutdown: 1 }), row('B', { queue_full: 4 })],
};

async function scrape(settings: Partial<MetricsSettings>, accept = ''): Promise<{ text: string; type: string | null }> {
  const traffic = new Traffic();
  traffic.receiver('otlp').traces.grpc.accepted = 20;
  traffic.countUnread('otlp', 'memory_limit');
  traffic.countTurnedAway('otlp', 'traces', 5);
  const queue = { exporter: 'otlp', sizer: 'items', size: 2, capacity: 9, bytes: 70, bytesMax: 80, inFlight: 1 } as const;
  const stats = { components: [], queues: [queue], traffic };
  watch = new ProcessWatch();
  const handler = new MetricsHandler(
    { level: 'normal', bare: true, auth: [], scopes: true, ...settings },
    {
      told: () => ({ ledger: LEDGER, stats }),
      status: () => [{ id: 'otlp', kind: 'exporter', state: 'recoverable' }],
      authenticate: () => expect.unreachable(),
      watch,
    },
  );
  listener = await openHttp(HTTP_OPTIONS, handler);
  const answer = await fetch(`${listener.url}/metrics`, { headers: { accept } });
  return { text: await answer.text(), type: answer.headers.get('content-type') };
}
const read = async (settings: Partial<MetricsSettings> = {}): Promise<Series[]> =>
  parsePrometheusText((await scrape(settings)).text);

describe('GET /metrics', () => {
  it("the Go collector's names are sums over scopes: what was given up, and what found no room, dropped or told to come again", async () => {
    const series = await read();
    expect(sumOf(series, 'otelcol_receiver_accepted_spans', { receiver: 'otlp', transport: 'grpc' })).toBe(20);
    expect(sumOf(series, 'otelcol_exporter_sent_spans', { exporter: 'otlp' })).toBe(8);
    expect(sumOf(series, 'otelcol_exporter_send_failed_spans', { exporter: 'otlp' })).toBe(3);
    expect(sumOf(series, 'otelcol_exporter_enqueue_failed_spans', { exporter: 'otlp' })).toBe(12);
    expect(sumOf(series, 'otelcol_exporter_queue_size')).toBe(2);
    expect(sumOf(series, 'otelcol_exporter_queue_capacity')).toBe(9);
    expect(series.filter(({ name, labels }) => name.startsWith('otelcol_') && 'scope' in labels)).toEqual([]);
  });

  it('ours say for each scope what became of its items, and why', async () => {
    const series = await read();
    expect(sumOf(series, 'periscope_receiver_rejected_items_total', { scope: 'A', reason: 'scope_mismatch' })).toBe(2);
    expect(sumOf(series, 'periscope_pipeline_dropped_items_total', { scope: 'A', reason: 'filter' })).toBe(1);
    expect(sumOf(series, 'periscope_exporter_dropped_items_total', { scope: 'B', reason: 'queue_full' })).toBe(4);
    expect(sumOf(series, 'periscope_receiver_unread_requests_total', { reason: 'rate_limited' })).toBe(6);
    expect(sumOf(series, 'periscope_receiver_unread_requests_total', { reason: 'memory_limit' })).toBe(1);
    expect(sumOf(series, 'periscope_exporter_queue_bytes')).toBe(70);
    expect(sumOf(series, 'periscope_component_healthy', { component: 'otlp' })).toBe(0);
  });

  it('who may not see scopes gets the sums without their names', async () => {
    const { text } = await scrape({ scopes: false });
    const series = parsePrometheusText(text);
    expect(series.filter(({ labels }) => 'scope' in labels)).toEqual([]);
    expect(sumOf(series, 'periscope_exporter_exported_items_total', { exporter: 'otlp' })).toBe(8);
    expect(series.filter(({ name }) => name === 'periscope_exporter_exported_items_total')).toHaveLength(1);
  });

  it('OpenMetrics where it is asked for and counters end in _total, else plain text', async () => {
    const asked = 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5';
    const open = await scrape({ bare: false }, asked);
    expect(open.type).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(open.text).toMatch(
      /# TYPE otelcol_exporter_sent_spans counter\notelcol_exporter_sent_spans_total\{exporter="otlp"\} 8\n/,
    );
    expect(open.text.endsWith('# EOF\n')).toBe(true);
    await listener?.close(0);
    watch?.stop();
    expect((await scrape({ bare: true }, asked)).type).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('the process: time and memory that it has used, and a loop that is watched until it is stopped', async () => {
    const series = await read({ level: 'basic' });
    expect(sumOf(series, 'otelcol_process_uptime')).toBeGreaterThan(0);
    expect(sumOf(series, 'otelcol_process_cpu_seconds')).toBeGreaterThan(0);
    expect(sumOf(series, 'otelcol_process_runtime_heap_alloc_bytes')).toBeGreaterThan(1e6);
    expect(sumOf(series, 'periscope_process_event_loop_active_seconds_total')).toBeUndefined();
    watch?.stop();
    watch?.stop();
  });
});
