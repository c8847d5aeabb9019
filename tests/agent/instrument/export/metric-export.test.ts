import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeResource } from '../../../../agent/instrument/encode/attributes.ts';
import { MetricExport } from '../../../../agent/instrument/export/metric-export.ts';
import { AgentMeterProvider } from '../../../../agent/instrument/metrics/provider.ts';
import { readSettings } from '../../../../agent/instrument/settings.ts';
import type { SeamOutcome, SeamRequest } from '../../../../pipeline/meeting-point.ts';
import { pointsOf, type DecodedPoint } from '../../../support/metric-points.ts';
import { OtlpSink, type SinkScript } from '../../../support/otlp-sink.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

interface Rig {
  readonly sink: OtlpSink;
  readonly metrics: MetricExport;
  readonly provider: AgentMeterProvider;
  readonly lines: string[];
  /** Of the last request that has it. */
  value(metric: string): number | undefined;
  points(): readonly DecodedPoint[];
}

async function rig(script?: SinkScript, environment: Record<string, string> = {}, isDefault = false): Promise<Rig> {
  const sink = await OtlpSink.start(script);
  const read = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...environment }, () => undefined);
  const settings = { ...read, otlp: { ...read.otlp, isDefault } };
  const lines: string[] = [];
  const metrics = new MetricExport({
    settings,
    resource: encodeResource({ 'service.name': 'rig' }),
    synchronous: true,
    random: () => 0,
    host: {
      observe: (timeoutMs): Promise<void> => provider.observe(timeoutMs),
      line: (level, text) => {
        if (level === 'warn') lines.push(text);
      },
    },
  });
  const provider = new AgentMeterProvider({ sink: metrics.reader, onFault: (_kind, detail) => lines.push(detail) });
  closing.push(
    () => metrics.stop(),
    () => sink.close(),
  );
  const points = (): readonly DecodedPoint[] => pointsOf(sink.bodies('metrics'));
  const value = (metric: string): number | undefined => points().findLast((point) => point.metric === metric)?.value;
  return { sink, metrics, provider, lines, points, value };
}

describe('an export', () => {
  it('delivers what was measured and observed, and tells of itself in the request after it', async () => {
    const { metrics, provider, value, sink } = await rig();
    const meter = provider.getMeter('app');
    meter.createCounter('jobs').add(3);
    meter.createObservableGauge('depth').addCallback((result) => result.observe(7));
    expect(await metrics.flush(2000, true)).toBe(true);
    expect([value('jobs'), value('depth')]).toEqual([3, 7]);
    expect(await metrics.flush(2000, true)).toBe(true);
    expect(value('otel.sdk.exporter.metric_data_point.exported')).toBeGreaterThanOrEqual(2);
    expect(sink.requests).toHaveLength(2);
    expect(metrics.status).toMatchObject({ dropped: 0, failures: 0, lastError: undefined });
  });

  it('goes on in its interval', async () => {
    const { metrics, provider, sink } = await rig(undefined, { OTEL_METRIC_EXPORT_INTERVAL: '20' });
    provider.getMeter('app').createCounter('jobs').add(1);
    metrics.start();
    await sink.received(3);
    expect(metrics.status.failures).toBe(0);
  });

  it('loses nothing of a delta that could not be sent', async () => {
    let fails = false;
    const { metrics, provider, points } = await rig(() => (fails ? { status: 503 } : undefined), {
      OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'delta',
    });
    const jobs = provider.getMeter('app').createCounter('jobs');
    jobs.add(1);
    expect(await metrics.flush(2000, true)).toBe(true);
    fails = true;
    jobs.add(10);
    expect(await metrics.flush(2000, true)).toBe(false);
    fails = false;
    jobs.add(100);
    expect(await metrics.flush(2000, true)).toBe(true);
    const values = points().filter(({ metric }) => metric === 'jobs');
    expect(values.map(({ value, temporality }) => [value, temporality])).toEqual([
      [1, 1],
      [10, 1],
      [110, 1],
    ]);
  });

  it('tries again after a failure, and says one line in all', async () => {
    let failures = 4;
    const { metrics, provider, sink, lines, value } = await rig(() => (failures-- > 0 ? { status: 503 } : undefined), {
      OTEL_METRIC_EXPORT_INTERVAL: '10',
    });
    provider.getMeter('app').createCounter('jobs').add(5);
    metrics.start();
    await sink.received(6);
    expect(value('jobs')).toBe(5);
    expect(lines).toEqual([expect.stringContaining('it answered 503')]);
    expect(metrics.status.failures).toBe(0);
  });

  it('waits as long as it was asked to', async () => {
    const { metrics, sink } = await rig(() => ({ status: 429, headers: { 'retry-after': '60' } }), {
      OTEL_METRIC_EXPORT_INTERVAL: '5',
    });
    metrics.own.collected(1);
    metrics.start();
    await sink.received(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sink.requests).toHaveLength(1);
  });

  it('asks a collector that refuses it slowly, says what to do, and measures on', async () => {
    const { metrics, provider, sink, lines } = await rig(() => ({ status: 401 }), { OTEL_METRIC_EXPORT_INTERVAL: '5' });
    provider.getMeter('app').createCounter('jobs').add(5);
    metrics.start();
    await sink.received(1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(sink.requests).toHaveLength(1);
    expect(lines).toEqual([expect.stringContaining('OTEL_EXPORTER_OTLP_HEADERS')]);
  });

  it('halves a request that is too large, and keeps to that size', async () => {
    const { metrics, provider, points, lines } = await rig((request) =>
      request.body.length > 100_000 ? { status: 413 } : undefined,
    );
    const meter = provider.getMeter('app');
    for (let each = 0; each < 30; each++) {
      const counter = meter.createCounter(`jobs.${each}`);
      for (let series = 0; series < 100; series++) counter.add(1, { series });
    }
    expect(await metrics.flush(5000, true)).toBe(true);
    expect(
      new Set(
        points()
          .filter(({ metric }) => metric.startsWith('jobs'))
          .map(({ metric }) => metric),
      ).size,
    ).toBe(30);
    expect(lines).toEqual([]);
    expect(metrics.status).toMatchObject({ dropped: 0 });
  });

  it('gives up, counts and tells of what is refused in any size, and of nothing else', async () => {
    const { metrics, provider, lines, value } = await rig((request) =>
      Buffer.from(request.body).includes('poison') ? { status: 400 } : undefined,
    );
    const meter = provider.getMeter('app');
    for (let each = 0; each < 20; each++) {
      const counter = meter.createCounter(each === 7 ? 'poison' : `jobs.${each}`);
      for (let series = 0; series < 100; series++) counter.add(1, { series });
    }
    expect(await metrics.flush(5000, true)).toBe(true);
    expect(metrics.status.dropped).toBeGreaterThanOrEqual(100);
    expect(lines).toEqual([expect.stringContaining('they are dropped')]);
    expect(value('jobs.0') ?? value('jobs.19')).toBe(1);
  });

  it('counts what a collector takes only in part', async () => {
    const body = Uint8Array.from([10, 6, 8, 1, 18, 2, 110, 111]);
    const { metrics, provider, lines } = await rig(() => ({ body }));
    provider.getMeter('app').createCounter('jobs').add(5);
    expect(await metrics.flush(2000, true)).toBe(true);
    expect(metrics.status).toMatchObject({ dropped: 1 });
    expect(lines).toEqual([expect.stringContaining('did not take 1 data points: no')]);
  });

  it('gives up a flush in its time when nothing answers, and one that hangs does not keep the next from the data', async () => {
    let hangs = true;
    const { metrics, provider, value } = await rig(() => (hangs ? { hang: true } : undefined));
    provider.getMeter('app').createCounter('jobs').add(5);
    expect(await metrics.flush(50, true)).toBe(false);
    hangs = false;
    expect(await metrics.flush(2000, true)).toBe(true);
    expect(value('jobs')).toBe(5);
  });

  it('prints no credentials of the address', async () => {
    const { metrics, lines } = await rig(undefined, {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://user:secret@127.0.0.1:1/x?token=secret',
    });
    metrics.own.collected(1);
    await metrics.flush(2000, true);
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain('secret');
  });
});

describe('an export to a collector of this process', () => {
  /** Takes what crosses a seam, and answers as it is told. */
  function collectorHere(outcome: () => SeamOutcome = () => ({ ok: true })): { port: MessagePort; bodies: Uint8Array[] } {
    const { port1, port2 } = new MessageChannel();
    const bodies: Uint8Array[] = [];
    port2.on('message', ({ id, signal, bytes }: SeamRequest) => {
      expect(signal).toBe('metrics');
      bodies.push(bytes);
      port2.postMessage({ id, outcome: outcome() });
    });
    closing.push(() => port2.close());
    return { port: port1, bodies };
  }

  it('goes there, tells of itself as of one, and by the network again once that has stopped', async () => {
    const { metrics, provider, sink, value, lines } = await rig(undefined, {}, true);
    const here = collectorHere();
    metrics.connect(here.port);
    const jobs = provider.getMeter('app').createCounter('jobs');
    jobs.add(3);
    expect(await metrics.flush(2000, true)).toBe(true);
    expect(await metrics.flush(2000, true)).toBe(true);
    expect(sink.seen).toBe(0);
    const arrived = pointsOf(here.bodies);
    expect(arrived.find(({ metric }) => metric === 'jobs')?.value).toBe(3);
    const own = arrived.filter(({ metric }) => metric.startsWith('otel.sdk.exporter'));
    expect(own.length).toBeGreaterThan(0);
    expect(new Set(own.map(({ attributes }) => attributes['otel.component.type']))).toEqual(
      new Set(['periscope_in_process_metric_exporter']),
    );
    metrics.connect(undefined);
    jobs.add(4);
    expect(await metrics.flush(2000, true)).toBe(true);
    expect(value('jobs')).toBe(7);
    // Nobody is there any more, and who stopped the collector knows it.
    await sink.close();
    jobs.add(1);
    expect(await metrics.flush(2000, true)).toBe(false);
    expect(lines).toEqual([]);
  });

  it('goes there soon after it has come, however long it is until the next one', async () => {
    const { metrics, provider, sink } = await rig(undefined, { OTEL_METRIC_EXPORT_INTERVAL: '600000' });
    provider.getMeter('app').createCounter('jobs').add(3);
    metrics.start();
    await sink.received(1);
    const here = collectorHere();
    // What the sink has is still to be heard of.
    await expect.poll(() => metrics.status.delivered).toBeGreaterThan(0);
    metrics.connect(here.port);
    await expect.poll(() => here.bodies.length, { timeout: 4000 }).toBe(1);
  });

  it('loses nothing to one that is gone, and nothing that it refuses for now', async () => {
    const { metrics, provider, lines } = await rig();
    provider.getMeter('app').createCounter('jobs').add(3);
    const gone = collectorHere();
    metrics.connect(gone.port);
    closing.pop()!();
    expect(await metrics.flush(2000, true)).toBe(false);
    expect(lines).toEqual([expect.stringMatching(/^cannot send metrics to the collector in this process: CLOSED/)]);
    let full = true;
    const refusal = { ok: false, code: 'QUEUE_FULL', retryable: true, message: 'it is full' } as const;
    const next = collectorHere(() => (full ? refusal : { ok: true }));
    metrics.connect(next.port);
    expect(await metrics.flush(2000, true)).toBe(false);
    full = false;
    expect(await metrics.flush(2000, true)).toBe(true);
    expect(pointsOf(next.bodies).findLast(({ metric }) => metric === 'jobs')?.value).toBe(3);
  });

  it('makes smaller requests of what is too large for it, as it would elsewhere', async () => {
    const { metrics, provider } = await rig();
    const counter = provider.getMeter('app').createCounter('jobs');
    for (let n = 0; n < 1500; n++) counter.add(1, { job: `a job with a name that is long enough to fill a request ${n}` });
    let refusals = 0;
    const large = { ok: false, code: 'BODY_TOO_LARGE', retryable: false, message: 'too large' } as const;
    const here = collectorHere(() => ((here.bodies.at(-1)?.length ?? 0) > 120_000 ? (refusals++, large) : { ok: true }));
    metrics.connect(here.port);
    expect(await metrics.flush(2000, true)).toBe(true);
    expect(refusals).toBe(1);
    expect(metrics.status).toMatchObject({ dropped: 0 });
  });
});
