import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ThreadedCollector, type ThreadedOptions } from '../../../agent/embed/threaded-collector.ts';
import { partsOf } from '../../../agent/embed/configuration.ts';
import type { ConfigInput, Crash } from '../../../agent/embed/contract.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import type { Outcome } from '../../../pipeline/component.ts';
import { encode, numbered } from '../../support/build.ts';
import { itemsOf } from '../../support/items.ts';
import { OtlpSink } from '../../support/otlp-sink.ts';
import { decode } from '../../support/reference/otlp.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const lines: string[] = [];
const crashes: Crash[] = [];
let collector: ThreadedCollector | undefined;
let sink: OtlpSink | undefined;
afterEach(async () => {
  vi.restoreAllMocks();
  await collector?.stop();
  await sink?.close();
  sink = undefined;
  lines.length = 0;
  crashes.length = 0;
});

async function start(config: ConfigInput, more: Partial<ThreadedOptions> = {}): Promise<ThreadedCollector> {
  collector = await ThreadedCollector.start({
    settings: { config: partsOf(config), set: [], skipUnsupported: false },
    log: (line) => lines.push(line),
    onCrash: (crash) => crashes.push(crash),
    ...more,
  });
  return collector;
}

const yamlOf = (exporter: string, service = '', processors = '[batch]'): string => `
receivers: { otlp: { protocols: { in_process: } } }
processors: { batch: { timeout: 20ms } }
exporters: { ${exporter} }
service:
  ${service}
  pipelines: { logs: { receivers: [otlp], processors: ${processors}, exporters: [${exporter.split(':', 1)[0]}] } }
`;
const toSink = (to: OtlpSink, more = ''): string => `otlp_http: { endpoint: '${to.url}', compression: none ${more} }`;
const logs = (items: number): Uint8Array => encode('logs', numbered('logs', items));
const itemsAt = (to: OtlpSink): number => to.requests.flatMap(({ body }) => itemsOf('logs', decode('logs', body))).length;

/** Fills the heap of a collector whose destination does not answer: each request waits there. */
async function fill(running: ThreadedCollector): Promise<Outcome[]> {
  const bytes = logs(1);
  const outcomes: Outcome[] = [];
  while ((await running.status()).state === 'running')
    outcomes.push(...(await Promise.all(Array.from({ length: 2000 }, () => running.export('logs', bytes)))));
  return outcomes;
}
const HANGS = { hang: true };

describe('the thread of an embedded collector', () => {
  it('that runs out of memory is told of, answers what was open, and is started again', { timeout: 120_000 }, async () => {
    sink = await OtlpSink.start(() => HANGS);
    const running = await start(yamlOf(toSink(sink), '', '[]'), { maxHeapMb: 44 });
    const outcomes = await fill(running);
    expect(crashes).toMatchObject([
      { failures: 1, restarts: true, error: { message: expect.stringMatching(/44 are the most/) } },
    ]);
    const refusals = outcomes.filter(({ ok }) => !ok);
    for (const refused of refusals) expect(refused).toMatchObject({ code: 'EMBEDDED_DOWN', retryable: true });
    expect(outcomes.length).toBeGreaterThan(refusals.length);
    expect(await running.export('logs', logs(1))).toMatchObject({ ok: false, code: 'EMBEDDED_DOWN', retryable: true });
    expect(await running.status()).toMatchObject({ state: 'restarting', components: [] });
    await expect(running.sql('select 1')).rejects.toMatchObject({ code: 'EMBEDDED_DOWN' });
    expect(await running.reload()).toBe(false);
    await expect.poll(async () => (await running.status()).state, { timeout: 30_000 }).toBe('running');
    sink.script = undefined;
    expect(await running.export('logs', logs(1))).toEqual({ ok: true });
    expect(await running.status()).toMatchObject({ state: 'running', restarts: 1 });
    await running.stop();
    expect((await running.ledger()).exporters).toMatchObject([{ routed: 1, exported: 1 }]);
  });

  it(
    'that cannot start again stays down after a few times, however long it had lived, and says so',
    { timeout: 120_000 },
    async () => {
      sink = await OtlpSink.start(() => HANGS);
      const path = join(folder(), 'periscope.yaml');
      writeFileSync(path, yamlOf(toSink(sink)));
      const running = await start(path, { maxHeapMb: 1 });
      writeFileSync(path, 'receivers: { otlp: { protocols: 7 } }\n');
      const now = Date.now.bind(Date);
      vi.spyOn(Date, 'now').mockImplementation(() => now() + 2 * LIMITS.embeddedHealthyMs);
      expect(await running.closed).toMatchObject({ reason: 'failed', error: { name: 'StartError' } });
      expect(crashes.map(({ failures, restarts }) => [failures, restarts])).toEqual(
        Array.from({ length: LIMITS.embeddedRestarts + 1 }, (_, at) => [at + 1, at < LIMITS.embeddedRestarts]),
      );
      expect(await running.status()).toMatchObject({ state: 'failed' });
      const refused = await running.export('logs', logs(1));
      expect(refused).toMatchObject({
        ok: false,
        code: 'EMBEDDED_DOWN',
        message: expect.stringContaining('is not started again'),
      });
      await running.stop();
      expect(await running.status()).toMatchObject({ state: 'failed' });
    },
  );

  it('whose end nobody listens to is told in the log; a stop between two lives ends it', async () => {
    const running = await ThreadedCollector.start({
      settings: { config: [], set: [], skipUnsupported: false },
      log: (line) => lines.push(line),
      maxHeapMb: 1,
    });
    await expect.poll(async () => (await running.status()).state, { timeout: 30_000 }).toBe('restarting');
    expect(lines.join('\n')).toMatch(
      /cannot go on with the thread of the collector: .*; it is started again, and what it held is lost/,
    );
    await running.stop();
    expect(await running.closed).toEqual({ reason: 'stopped' });
    expect(await running.status()).toMatchObject({ state: 'stopped', restarts: 0 });
  });

  it('loses nothing that was answered, when it is stopped under load', async () => {
    sink = await OtlpSink.start((_request, index) => ({ delayMs: index % 3 }));
    const running = await start(yamlOf(toSink(sink)));
    const outcomes: Outcome[] = [];
    const send = async (): Promise<void> => {
      do outcomes.push(await running.export('logs', logs(10)));
      while (outcomes.at(-1)?.ok === true);
    };
    const senders = Array.from({ length: 8 }, send);
    await sink.received(20);
    const stopped = running.stop();
    // Whoever still waits is answered before it has stopped.
    const late = running.export('logs', logs(10));
    await stopped;
    await Promise.all(senders);
    expect(await late).toMatchObject({ ok: false, code: 'SHUTTING_DOWN', retryable: true });
    const accepted = 10 * outcomes.filter(({ ok }) => ok).length;
    expect(accepted).toBeGreaterThan(200);
    expect(itemsAt(sink)).toBe(accepted);
    expect((await running.ledger()).exporters).toMatchObject([
      { routed: accepted, exported: accepted, dropped: {}, inFlight: 0 },
    ]);
  });

  it('answers a request that waits for its delivery when it is stopped, as it went', async () => {
    sink = await OtlpSink.start((_request, index) => (index === 0 ? {} : { status: 503 }));
    const running = await start(yamlOf(toSink(sink), 'ack: delivered\n  shutdown_timeout: 300ms'));
    const delivered = await running.export('logs', logs(1));
    expect(delivered).toEqual({ ok: true });
    const waits = running.export('logs', logs(2));
    await sink.received(2);
    await running.stop();
    expect(await waits).toMatchObject({ ok: false, retryable: true });
    expect((await running.ledger()).exporters).toMatchObject([{ routed: 3, exported: 1, dropped: { shutdown: 2 }, inFlight: 0 }]);
  });

  it('refuses what is over its bound instead of keeping it in memory, and takes more when there is room', async () => {
    let letGo = (): void => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    sink = await OtlpSink.start(async () => {
      await held;
      return {};
    });
    const running = await start(yamlOf(toSink(sink), 'ack: delivered'));
    const bytes = logs(1);
    const open = Array.from({ length: LIMITS.embeddedRequests }, () => running.export('logs', bytes));
    expect(await running.export('logs', bytes)).toMatchObject({ ok: false, code: 'EMBEDDED_BUSY', retryable: true });
    letGo();
    expect(new Set((await Promise.all(open)).map(({ ok }) => ok))).toEqual(new Set([true]));
    expect(await running.export('logs', bytes)).toEqual({ ok: true });
  });

  it('interrupts a query that its asker gave up', async () => {
    const running = await start([]);
    expect(await running.export('logs', logs(1))).toEqual({ ok: true });
    await expect
      .poll(() => running.sql('select 1 as one').then(({ rows }) => rows, String), { timeout: 20_000 })
      .toEqual([{ one: 1 }]);
    const abort = new AbortController();
    const slow = running.sql('select count(*) from range(1000000) a, range(1000000) b', [], { signal: abort.signal });
    setTimeout(() => abort.abort(), 100);
    await expect(slow).rejects.toMatchObject({ code: 'SQL_CANCELLED' });
    await expect(running.sql('select 1', [], { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'SQL_CANCELLED' });
  });
});
