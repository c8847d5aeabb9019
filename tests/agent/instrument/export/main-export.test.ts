import { afterEach, describe, expect, it } from 'vitest';
import { encodeResource } from '../../../../agent/instrument/encode/attributes.ts';
import { MainExportLater } from '../../../../agent/instrument/export/main-export-later.ts';
import { MainExport } from '../../../../agent/instrument/export/main-export.ts';
import { SeriesLog } from '../../../../agent/instrument/export/series-log.ts';
import { AgentMeterProvider } from '../../../../agent/instrument/metrics/provider.ts';
import { readSettings } from '../../../../agent/instrument/settings.ts';
import { pointsOf } from '../../../support/metric-points.ts';
import { OtlpSink } from '../../../support/otlp-sink.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Kind = typeof MainExport | typeof MainExportLater;

async function rig(Export: Kind, environment: Record<string, string> = {}) {
  const sink = await OtlpSink.start();
  const log = new SeriesLog();
  const provider = new AgentMeterProvider({ sink: log, onFault: () => undefined });
  const settings = readSettings({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, ...environment }, () => undefined);
  const resource = (): Uint8Array => encodeResource({});
  const exporter = new Export({ provider, log, settings, resource, workerUrl: undefined, line: () => undefined });
  closing.push(
    () => exporter.stop(),
    () => sink.close(),
  );
  const values = (): (number | undefined)[] =>
    pointsOf(sink.bodies('metrics')).flatMap(({ metric, value }) => (metric === 'jobs' ? [value] : []));
  return { sink, exporter, values, jobs: provider.getMeter('app').createCounter('jobs') };
}

describe.each([MainExport, MainExportLater])('$name', (Export) => {
  it('delivers what was measured, and says so', async () => {
    const { exporter, jobs, values } = await rig(Export);
    jobs.add(3);
    exporter.start();
    expect(await exporter.flush(2000)).toBe(true);
    expect(values()).toEqual([3]);
    expect(exporter.status.delivered).toBeGreaterThan(0);
  });

  it('has nothing left at an end that follows a flush, and without a worker cannot deliver what came later', async () => {
    const { exporter, jobs } = await rig(Export);
    exporter.start();
    jobs.add(3);
    await exporter.flush(2000);
    expect(exporter.beginFlush(200)()).toBe(true);
    jobs.add(1);
    expect(exporter.beginFlush(200)()).toBe(false);
  });

  it('delivers nothing after it was stopped', async () => {
    const { exporter, jobs, sink } = await rig(Export, { OTEL_METRIC_EXPORT_INTERVAL: '10' });
    exporter.start();
    await exporter.stop();
    jobs.add(3);
    expect(await exporter.flush(200)).toBe(false);
    expect(exporter.beginFlush(200)()).toBe(false);
    expect(sink.requests).toHaveLength(0);
  });
});
