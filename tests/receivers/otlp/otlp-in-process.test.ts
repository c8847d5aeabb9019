import { afterEach, describe, expect, it } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import { loadConfig } from '../../../config/load.ts';
import type { Receiver } from '../../../pipeline/component.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { config as schema } from '../../../receivers/otlp/config.ts';
import { create } from '../../../receivers/otlp/otlp.ts';
import { encode, numbered } from '../../support/build.ts';
import { quietContext } from '../../support/contexts.ts';
import { RecordingIntake } from '../../support/recording-intake.ts';

const FREE = '127.0.0.1:0';
const host = createHost();
const started: Receiver[] = [];
afterEach(async () => {
  for (const receiver of started.splice(0)) await receiver.stop(0);
});

async function start(protocols: object, intake = new RecordingIntake(), id = 'otlp'): Promise<Receiver> {
  const receiver = create(schema.parse({ protocols }), { ...quietContext(), id, host });
  await receiver.start(intake);
  started.push(receiver);
  return receiver;
}
const logs = (items: number, resource = {}): Uint8Array => encode('logs', numbered('logs', items, resource));
const LOCAL = { allowed: ['TEST', 'OTHER'], fallback: 'TEST', from: 'fallback' } as const;

describe('the otlp receiver inside an application', () => {
  it('takes what the application hands over, bound as a sender on this machine is', async () => {
    const intake = new RecordingIntake(LOCAL);
    await start({ in_process: null }, intake);
    const point = host.inProcess.find('logs');
    expect(await point?.take('logs', logs(2))).toEqual({ ok: true });
    expect(await point?.take('logs', logs(3, { 'periscope.scope': 'OTHER' }))).toEqual({ ok: true });
    expect(intake.batches.map(({ scope, items }) => [scope, items])).toEqual([
      ['TEST', 2],
      ['OTHER', 3],
    ]);
    expect(intake.requests[0]?.origin).toMatchObject({ receiver: 'otlp', transport: 'in_process' });
    expect([intake.open, intake.underWay, intake.admissions]).toEqual([0, 0, 2]);
  });

  it('binds everything to its scope where it has one, and tells of what it cut out no more than the sender may know', async () => {
    const intake = new RecordingIntake(LOCAL);
    await start({ in_process: { scope: 'OTHER' } }, intake);
    const outcome = await host.inProcess.find('logs')?.take('logs', logs(3, { 'periscope.scope': 'TEST' }));
    expect(outcome).toEqual({ ok: true, rejected: [{ reason: 'scope_mismatch', items: 3, message: expect.any(String) }] });
  });

  it.each([
    [{ http: { endpoint: FREE } }, undefined],
    [{ http: { endpoint: FREE, scope: 'OTHER' }, grpc: { endpoint: FREE, scope: 'OTHER' } }, 'OTHER'],
    [{ http: { endpoint: FREE, scope: 'OTHER' }, in_process: { scope: 'TEST' } }, 'TEST'],
  ])('without a word on it takes as its listeners take: %j', async (protocols, scope) => {
    const intake = new RecordingIntake(LOCAL);
    await start(protocols, intake);
    expect(await host.inProcess.find('logs')?.take('logs', logs(1))).toEqual({ ok: true });
    expect(intake.batches[0]?.scope).toBe(scope ?? 'TEST');
    expect(intake.requests[0]?.origin.binding.allowed).toEqual(scope === undefined ? ['TEST', 'OTHER'] : [scope]);
  });

  it('whose listeners are of different scopes takes nothing before it is said as whose', async () => {
    await start({ http: { endpoint: FREE, scope: 'TEST' }, grpc: { endpoint: FREE, scope: 'OTHER' } });
    expect(host.inProcess.find('logs')).toBeUndefined();
  });

  it('is found by its id, or as the first that takes the signal; one that has stopped is not', async () => {
    const metrics = new RecordingIntake();
    metrics.signals = ['metrics'];
    await start({ in_process: {} }, metrics, 'otlp/metrics');
    const all = await start({ in_process: {} }, new RecordingIntake(), 'otlp/all');
    expect(host.inProcess.receivers()).toEqual(['otlp/metrics', 'otlp/all']);
    expect(host.inProcess.find('logs')).toBe(host.inProcess.find('logs', 'otlp/all'));
    expect(host.inProcess.find('logs', 'otlp/metrics')).toBe(host.inProcess.find('metrics'));
    expect(await host.inProcess.find('logs', 'otlp/metrics')?.take('logs', logs(1))).toMatchObject({ code: 'NOT_FOUND' });
    await all.stop(0);
    await all.stop(0);
    expect(host.inProcess.find('logs')).toBeUndefined();
  });

  it('refuses before it reads: more than a request may have, and what memory has no room for', async () => {
    const intake = new RecordingIntake();
    await start({ in_process: {} }, intake);
    const point = host.inProcess.find('logs');
    const large = new Uint8Array(LIMITS.requestBodyBytes + 1);
    expect(await point?.take('logs', large)).toMatchObject({ code: 'BODY_TOO_LARGE', retryable: false });
    intake.limitBytes = 10;
    expect(await point?.take('logs', logs(1))).toMatchObject({ code: 'MEMORY_LIMIT', retryable: true, retryAfterMs: 2500 });
    intake.beginning = { ok: false, code: 'RATE_LIMITED', retryable: true, message: 'slower' };
    expect(await point?.take('logs', logs(1))).toEqual(intake.beginning);
    expect([intake.open, intake.underWay, intake.requests.length]).toEqual([0, 0, 0]);
  });

  it('stops when what it took is answered, or at the deadline', async () => {
    const intake = new RecordingIntake();
    let answer = (): void => {};
    intake.outcome = () => new Promise((resolve) => (answer = () => resolve({ ok: true })));
    const receiver = await start({ in_process: {} }, intake);
    const first = host.inProcess.find('logs')?.take('logs', logs(1));
    let stopped = false;
    const stopping = receiver.stop(30_000).then(() => (stopped = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(stopped).toBe(false);
    answer();
    expect(await first).toEqual({ ok: true });
    await stopping;

    const second = await start({ in_process: {} }, intake);
    void host.inProcess.find('logs')?.take('logs', logs(1));
    await second.stop(10);
    answer();
  });

  it('has its scope checked, and counts as one of several for a gateway', async () => {
    const text = (one: string, two: string): string => `
receivers: { otlp/a: { protocols: { in_process: { scope: ${one} } } }, otlp/b: { protocols: { in_process: { scope: ${two} } } } }
exporters: { debug: }
service: { pipelines: { logs: { receivers: [otlp/a, otlp/b], exporters: [debug] } } }
`;
    const load = (one: string, two: string) =>
      loadConfig([{ kind: 'text', name: 'test', text: text(one, two) }], { environment: {} });
    const loaded = await load('ENTERPRISE', 'DEVELOPMENT');
    expect('plan' in loaded && loaded.plan.exporters[0]?.delivery.sending_queue.scope_share).toBe(LIMITS.queueScopeShare);
    const faulty = await load('ENTERPRISE', 'NOBODY');
    expect('faults' in faulty && faulty.faults.map(({ path }) => path)).toEqual([
      'receivers::otlp/b::protocols::in_process::scope',
    ]);
  });
});
