import { describe, expect, it } from 'vitest';
import { demoTargets, startDemo, type Demo } from '../../../agent/demo/demo.ts';
import { loadConfig } from '../../../config/load.ts';
import type { Plan } from '../../../pipeline/plan.ts';
import { OtlpSink } from '../../support/otlp-sink.ts';

async function planOf(protocols: string, signals = ['metrics', 'traces', 'logs']): Promise<Plan> {
  const pipelines = signals.map((signal) => `${signal}: { receivers: [otlp], exporters: [debug] }`).join(', ');
  const text = `receivers: { otlp: { protocols: { ${protocols} } } }
exporters: { debug: }
service: { pipelines: { ${pipelines} } }
`;
  const loaded = await loadConfig([{ kind: 'text', text, name: 'test' }], { environment: {} });
  if ('plan' in loaded) return loaded.plan;
  throw new Error(JSON.stringify(loaded.faults));
}

const listening = (url: string, engine = 'uws') => [{ owner: 'otlp', listener: { url, engine } }];

/** Whether a process with this id runs. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('where the demo sends', () => {
  it('is the paths of the receiver, for the signals that somebody takes', async () => {
    const plan = await planOf('http: { traces_url_path: /t }', ['traces', 'logs']);
    expect(demoTargets(plan, listening('http://localhost:4318'))).toEqual({
      traces: 'http://localhost:4318/t',
      logs: 'http://localhost:4318/v1/logs',
    });
  });

  it.each([
    ['gRPC only', 'grpc: { endpoint: localhost:4317 }', 'grpc'],
    ['a token', 'http: { auth: token }', 'uws'],
  ])('is nowhere with %s: the start says so', async (_name, protocols, engine) => {
    const plan = await planOf(protocols);
    expect(() => demoTargets(plan, listening('http://localhost:4318', engine))).toThrow(/^cannot start the demo: /);
  });
});

describe('a demo', () => {
  const start = async (sink: OtlpSink, told: string[] = []): Promise<Demo> =>
    startDemo(await planOf('http:'), listening(sink.url), '1', (text) => told.push(text));

  it('sends from a process of its own, and is gone when it is stopped', async () => {
    const sink = await OtlpSink.start();
    const { url } = sink;
    const told: string[] = [];
    const demo = await start(sink, told);
    try {
      await sink.received(6);
      expect(new Set(sink.requests.map(({ signal }) => signal))).toEqual(new Set(['metrics', 'logs', 'traces']));
      expect(runs(demo.pid ?? 0)).toBe(true);
    } finally {
      await demo.stop();
      await sink.close();
    }
    await demo.stop();
    expect(runs(demo.pid ?? 0)).toBe(false);
    expect(told).toEqual([`a shop of six services sends to ${url}, seed 1`]);
  });

  it('says when it has ended by itself', async () => {
    const sink = await OtlpSink.start();
    const told: string[] = [];
    const demo = await start(sink, told);
    try {
      await sink.received(1);
      process.kill(demo.pid ?? 0, 'SIGKILL');
      while (told.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
      expect(told[1]).toBe('the shop has ended');
    } finally {
      await demo.stop();
      await sink.close();
    }
  });
});
