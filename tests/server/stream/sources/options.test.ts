import { describe, expect, it } from 'vitest';
import { AuditTrail } from '../../../../pipeline/audit.ts';
import type { StreamSource } from '../../../../pipeline/live.ts';
import { logsScan, metricsScan, tracesScan } from '../../../../pipeline/otlp/scan.ts';
import { ActivitySource } from '../../../../server/stream/sources/activity.ts';
import { logsSource } from '../../../../server/stream/sources/logs.ts';
import { metricsSource } from '../../../../server/stream/sources/metrics.ts';
import { tracesSource } from '../../../../server/stream/sources/traces.ts';
import { Watches } from '../../../../server/stream/watch.ts';

const watches = new Watches({ metrics: metricsScan, logs: logsScan, traces: tracesScan });
const nothing = { receivers: [], pipelines: [], exporters: [] };
const metrics = metricsSource(watches, Date.now) as StreamSource;
const logs = logsSource(watches) as StreamSource;
const traces = tracesSource(watches) as StreamSource;
const activity: StreamSource = new ActivitySource(new AuditTrail(), () => nothing, Date.now);

describe('options', () => {
  it.each<readonly [StreamSource, object, object]>([
    [metrics, {}, { limit: 50 }],
    [metrics, { names: ['b', 'a', 'b'], service: 's' }, { service: 's', names: ['a', 'b'] }],
    [logs, { min_severity: 'warn', text: 'ABC' }, { limit: 200, text: 'abc', min_severity: 13 }],
    [traces, { errors_only: false }, { min_duration_ms: 0 }],
    [activity, {}, {}],
  ])('that mean the same are equal, for one feed (%#)', (source, one, other) => {
    const [first, second] = [source.options(one as never), source.options(other as never)];
    expect(first.ok).toBe(true);
    expect(JSON.stringify(first)).toBe(JSON.stringify(second));
  });

  it.each<readonly [StreamSource, object]>([
    [metrics, { limit: 1001 }],
    [metrics, { names: [] }],
    [metrics, { names: 'a' }],
    [metrics, { names: ['x'.repeat(300)] }],
    [logs, { min_severity: 25 }],
    [logs, { min_severity: 'LOUD' }],
    [logs, { min_severity: 'constructor' }],
    [logs, { limit: 1.5 }],
    [traces, { min_duration_ms: -1 }],
    [traces, { errors_only: 'yes' }],
    [activity, { anything: 1 }],
  ])('that make no sense are refused with the place (%#)', (source, given) => {
    expect(source.options(given as never)).toMatchObject({
      ok: false,
      code: 'STREAM_INVALID',
      message: expect.stringMatching(/^cannot subscribe: ./) as string,
    });
  });
});
