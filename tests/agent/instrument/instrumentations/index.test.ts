import { createServer, Server } from 'node:http';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Instrumentation } from '../../../../agent/instrument/instrumentations/contract.ts';
import { startInstrumentations, startThese } from '../../../../agent/instrument/instrumentations/index.ts';
import { MeasuredApp } from '../../../support/measured-app.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';

const meter = new OwnEngine().provider.getMeter('test');
const ON_NODE = ['http-server', 'http-client', 'fetch', 'fastify', 'express', 'runtime', 'process'];

describe('startInstrumentations', () => {
  it('starts what this runtime has use for, and says why of the rest', () => {
    const { report, stop } = startInstrumentations(meter);
    const states = report();
    stop();
    expect(states.filter(({ on }) => on).map(({ name }) => name)).toEqual(ON_NODE);
    expect(states.filter(({ on }) => !on).map(({ name, why }) => [name, why])).toEqual([
      ['bun-serve', 'this is not Bun'],
      ['hono', expect.stringContaining('app.use(honoRoutes())')],
      ['s3', expect.stringContaining('trackS3(client)')],
    ]);
    expect(report().every(({ on, why }) => !on && why !== undefined)).toBe(true);
  });

  it('takes the names of the official instrumentations, too', () => {
    const disabled = startInstrumentations(meter, { instrumentations: { disabled: ['http', 'undici', 'unknown'] } });
    expect(disabled.report().flatMap(({ name, on }) => (on ? [name] : []))).toEqual(['fastify', 'express', 'runtime', 'process']);
    disabled.stop();
    const enabled = startInstrumentations(meter, {
      instrumentations: { enabled: ['http', 'runtime-node'], disabled: ['http-client'] },
    });
    expect(enabled.report().flatMap(({ name, on }) => (on ? [name] : []))).toEqual(['http-server', 'runtime']);
    enabled.stop();
  });

  it('stays off when the meter cannot make an instrument, and says so', () => {
    const broken = new Proxy(meter, {
      get: () => () => {
        throw new Error('no instruments today');
      },
    });
    const { report, stop } = startInstrumentations(broken);
    expect(report().find(({ name }) => name === 'http-server')).toEqual({
      name: 'http-server',
      on: false,
      why: 'cannot start instrumentation http-server: Error: no instruments today',
    });
    stop();
  });

  it('keeps a fault from the application, and tells it once', async () => {
    const failing = new Proxy(meter, {
      get: (target, key) =>
        key === 'createHistogram'
          ? () => ({
              record: () => {
                throw new Error('cannot record');
              },
            })
          : Reflect.get(target, key),
    });
    const faults: unknown[] = [];
    const app = new MeasuredApp([]);
    const { stop } = startInstrumentations(failing, {
      instrumentations: { enabled: ['http'] },
      onFault: (name, error) => faults.push([name, String(error)]),
    });
    const url = await app.listen(createServer((_, response) => response.end('fine')));
    for (let round = 0; round < 3; round++) expect(await (await fetch(url)).text()).toBe('fine');
    stop();
    await app.close();
    expect(faults).toEqual([['http-server', 'Error: cannot record']]);
  });

  it('makes what only a collection needs before the first one, and not at all when it was stopped', () => {
    const made: string[] = [];
    const counting = new Proxy(meter, {
      get: (target, key) => {
        if (String(key).startsWith('create')) made.push(String(key));
        const value: unknown = Reflect.get(target, key);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const steps: (() => void)[] = [];
    const later = (step: () => void): void => void steps.push(step);
    const started = startInstrumentations(counting, { later });
    const stopped = startInstrumentations(counting, { later, instrumentations: { enabled: ['process'] } });
    stopped.stop();
    expect(started.report().find(({ name }) => name === 'process')).toEqual({ name: 'process', on: true });
    expect(made).toEqual([]);
    for (const step of steps) step();
    expect(made.filter((each) => each === 'createObservableCounter').length).toBe(4);
    expect(made).toContain('createHistogram');
    started.stop();
    stopped.stop();
  });

  describe('what measures between collections', () => {
    const begun = (): { readonly told: string[]; readonly stop: () => void; readonly collect: () => void } => {
      const told: string[] = [];
      const steps: (() => void)[] = [];
      const watching: Instrumentation = {
        name: 'watching',
        start: ({ soon }) => ({
          stop: soon(() => {
            told.push('begins');
            return () => void told.push('ends');
          }),
        }),
      };
      const { stop } = startThese([watching], meter, { later: (step) => void steps.push(step) });
      return { told, stop, collect: () => steps.splice(0).forEach((step) => step()) };
    };

    afterEach(() => {
      vi.useRealTimers();
    });

    it.each([
      ['a moment after the start', ['wait', 'collect']],
      ['with the first collection, if that comes before', ['collect', 'wait']],
    ])('begins once, %s', (_, order) => {
      vi.useFakeTimers();
      const { told, stop, collect } = begun();
      expect(told).toEqual([]);
      for (const step of order) {
        if (step === 'collect') collect();
        else vi.runAllTimers();
        expect(told).toEqual(['begins']);
      }
      stop();
      expect(told).toEqual(['begins', 'ends']);
    });

    it('does not begin once it was stopped, and leaves no timer', () => {
      vi.useFakeTimers();
      const { told, stop, collect } = begun();
      stop();
      expect(vi.getTimerCount()).toBe(0);
      collect();
      expect(told).toEqual([]);
    });
  });

  it('leaves nothing wrapped behind', () => {
    const before = [globalThis.fetch, Object.hasOwn(Server.prototype, 'emit')];
    startInstrumentations(meter).stop();
    expect([globalThis.fetch, Object.hasOwn(Server.prototype, 'emit')]).toEqual(before);
  });

  it('measures on the official SDK, which cannot bind', async () => {
    const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
    const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
    const provider = new MeterProvider({ readers: [reader] });
    const { stop } = startInstrumentations(provider.getMeter('test'), {
      instrumentations: { enabled: ['http', 'undici', 'process'] },
    });
    const app = new MeasuredApp([]);
    const url = await app.listen(createServer((_, response) => response.end('fine')));
    for (let round = 0; round < 3; round++) await (await fetch(url)).text();
    // The last response is closed a turn after its client has it.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await reader.forceFlush();
    stop();
    await app.close();
    const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics: each }) => each));
    await provider.shutdown();
    for (const name of ['http.server.request.duration', 'http.client.request.duration']) {
      const [point, ...others] = metrics.find(({ descriptor }) => descriptor.name === name)!.dataPoints;
      expect(others).toEqual([]);
      expect((point!.value as { count: number }).count).toBe(3);
      expect(point!.attributes['http.response.status_code']).toBe(200);
    }
    expect(metrics.map(({ descriptor }) => descriptor.name)).toContain('process.cpu.time');
  });
});
