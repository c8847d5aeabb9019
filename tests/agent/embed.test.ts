import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type EmbeddedCollector, type EmbedOptions, QueryError, StartError, startCollector } from '../../agent/embed.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { encode, numbered } from '../support/build.ts';
import { attributeOf, itemsOf } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { decode } from '../support/reference/otlp.ts';
import { sendBySdk } from '../support/sdk-sender.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folder = temporaryFolders();
let sink: OtlpSink | undefined;
const open: EmbeddedCollector[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((collector) => collector.stop()));
  await sink?.close();
  sink = undefined;
});

const lines: string[] = [];
async function start(options: EmbedOptions): Promise<EmbeddedCollector> {
  lines.length = 0;
  const collector = await startCollector({ log: (line) => lines.push(line), ...options });
  open.push(collector);
  return collector;
}

const pipelines = Object.fromEntries(
  SIGNALS.map((signal) => [signal, { receivers: ['otlp'], processors: ['batch'], exporters: ['otlp_http'] }]),
);
const configOf = (to: OtlpSink, protocols: object = { in_process: {} }) => ({
  receivers: { otlp: { protocols } },
  processors: { batch: { timeout: '20ms' } },
  exporters: { otlp_http: { endpoint: to.url, compression: 'none' } },
  service: { pipelines },
});
const logs = (items: number): Uint8Array => encode('logs', numbered('logs', items));

async function post(url: string | undefined, signal: Signal, body: Uint8Array): Promise<number> {
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(`${url}/v1/${signal}`, { method: 'POST', headers, body: Buffer.from(body) });
  return answer.status;
}

describe.each(['worker', 'main'] as const)('a collector inside this process, thread: %s', (thread) => {
  it('takes, counts and delivers like the one of its own; stop drains and is safe twice', async () => {
    sink = await OtlpSink.start();
    const signals = process.listenerCount('SIGTERM');
    const collector = await start({ thread, config: configOf(sink) });
    expect(await collector.export('logs', logs(7))).toEqual({ ok: true });
    expect(await collector.status()).toMatchObject({ state: 'running', thread, restarts: 0 });
    expect((await collector.status()).components.map(({ id, state }) => [id, state])).toContainEqual(['otlp', 'ok']);
    expect(collector.urls).toEqual([]);
    await collector.stop();
    await collector.stop();
    expect(await collector.closed).toEqual({ reason: 'stopped' });
    expect(await collector.ledger()).toMatchObject({
      receivers: [{ receiver: 'otlp', signal: 'logs', received: 7, accepted: 7 }],
      exporters: [{ exporter: 'otlp_http', signal: 'logs', routed: 7, exported: 7, inFlight: 0 }],
    });
    expect(sink.requests).toHaveLength(1);
    expect(process.listenerCount('SIGTERM')).toBe(signals);
    expect(await collector.export('logs', logs(1))).toMatchObject({ ok: false, code: 'SHUTTING_DOWN', retryable: true });
    expect(await collector.status()).toMatchObject({ state: 'stopped', components: [] });
  });

  it('delivers what the SDK made across the seam as it does over HTTP, field by field', async () => {
    const sdk = await OtlpSink.start();
    sink = await OtlpSink.start();
    const yaml = configOf(sink, { http: { endpoint: '127.0.0.1:0' } });
    const collector = await start({ thread, config: yaml });
    await sendBySdk({ url: sdk.url, service: 'shop' });
    await sdk.close();
    expect(new Set(sdk.requests.map(({ signal }) => signal))).toEqual(new Set(SIGNALS));
    for (const { signal, body } of sdk.requests) {
      if (signal === undefined) continue;
      const before = sink.requests.length;
      expect(await post(collector.urls[0], signal, body)).toBe(200);
      await sink.received(before + 1);
      expect(await collector.export(signal, body)).toEqual({ ok: true });
      await sink.received(before + 2);
      const [overHttp, acrossTheSeam] = sink.requests.slice(before).map((request) => decode(signal, request.body));
      expect(acrossTheSeam).toEqual(overHttp);
      expect(itemsOf(signal, acrossTheSeam!).length).toBeGreaterThan(0);
    }
  });

  it('answers what OTLP answers: items of another scope are rejected, bytes that are none refused, a signal without pipeline not found', async () => {
    sink = await OtlpSink.start();
    const config = configOf(sink, { in_process: { scope: 'ENTERPRISE' } });
    const { logs: only } = pipelines;
    const collector = await start({ thread, config: { ...config, service: { pipelines: { logs: only } } } });
    const mixed = Buffer.concat([
      encode('logs', numbered('logs', 2)),
      encode('logs', numbered('logs', 3, { 'periscope.scope': 'DEVELOPMENT' })),
    ]);
    expect(await collector.export('logs', mixed)).toMatchObject({
      ok: true,
      rejected: [{ items: 3, reason: 'scope_mismatch', message: expect.stringContaining('names another scope') }],
    });
    expect(await collector.export('logs', Buffer.from('no OTLP'))).toMatchObject({
      ok: false,
      code: 'MALFORMED',
      retryable: false,
    });
    expect(await collector.export('metrics', new Uint8Array())).toMatchObject({ ok: false, code: 'NOT_FOUND' });
    expect(await collector.export('logs', logs(1), { receiver: 'otlp/b' })).toMatchObject({
      ok: false,
      code: 'NOT_FOUND',
      message: expect.stringContaining('there are otlp'),
    });
    expect(await collector.export('profiles' as Signal, logs(1))).toMatchObject({ ok: false, code: 'NOT_FOUND' });
    expect(await collector.export('logs', 'text' as unknown as Uint8Array)).toMatchObject({ ok: false, code: 'MALFORMED' });
  });

  it('leaves the bytes to their owner, unless they are given away', async () => {
    sink = await OtlpSink.start();
    const collector = await start({ thread, config: configOf(sink) });
    const shared = logs(3);
    const within = new Uint8Array([9, 9, ...shared, 9]).subarray(2, 2 + shared.length);
    expect(await collector.export('logs', within)).toEqual({ ok: true });
    expect(within).toEqual(new Uint8Array(shared));
    const given = new Uint8Array(shared);
    expect(await collector.export('logs', given, { transfer: true })).toEqual({ ok: true });
    expect(given.length).toBe(0);
    // A Buffer of Node's pool cannot be given away; it is copied.
    expect(await collector.export('logs', Buffer.from(shared), { transfer: true })).toEqual({ ok: true });
    await collector.stop();
    expect(sink.requests.flatMap(({ body }) => itemsOf('logs', decode('logs', body)))).toHaveLength(9);
  });

  it('rejects with all faults of a bad configuration, in the words of the command line, and leaves the process as it was', async () => {
    sink = await OtlpSink.start();
    const bad = { ...configOf(sink), exporters: { otlp_http: { endpoint: 'nowhere' } } };
    const refused = await start({ thread, config: bad, set: ['service.ack=x'] }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StartError);
    expect((refused as Error).message).toMatch(/^cannot use the configuration: 2 faults\n/);
    expect((refused as Error).message).toContain('exporters::otlp_http::endpoint');
    await expect(start({ thread, config: join(folder(), 'none.yaml') })).rejects.toThrow(/no such file/);
    await expect(start({ thread, config: 'a: {\n' })).rejects.toThrow(/the configuration:/);
    expect(process.exitCode).toBeUndefined();
  });

  it('answers SQL over what came in, of one scope at a time', async () => {
    const collector = await start({ thread });
    const attributes = { 'service.name': 'shop' };
    expect(await collector.export('logs', encode('logs', numbered('logs', 4, attributes)))).toEqual({ ok: true });
    const other = encode('logs', numbered('logs', 2, { 'periscope.scope': 'DEVELOPMENT' }));
    expect(await collector.export('logs', other)).toEqual({ ok: true });
    const count = async (scope?: string): Promise<unknown> => {
      const { rows } = await collector.sql(
        'select count(*)::int as n from otel_logs where ServiceName in ($1, $2)',
        ['shop', ''],
        {
          ...(scope !== undefined && { scope }),
        },
      );
      return rows[0]?.['n'];
    };
    await expect.poll(() => count(), { timeout: 20_000 }).toBe(4);
    await expect.poll(() => count('DEVELOPMENT'), { timeout: 20_000 }).toBe(2);
    const cut = await collector.sql('select * from otel_logs', [], { maxRows: 1 });
    expect(cut).toMatchObject({ truncated: 'rows', rows: [{ Body: 'a line' }] });
    const failure = await collector.sql('selec 1').catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(QueryError);
    expect(failure).toMatchObject({ code: 'SQL_INVALID' });
    await expect(collector.sql('select 1', [], { scope: 'NOBODY' })).rejects.toMatchObject({ code: 'SCOPE_FORBIDDEN' });
    await expect(collector.sql('select 1', [() => 1])).rejects.toMatchObject({ code: 'SQL_INVALID' });
    await collector.stop();
    await expect(collector.sql('select 1')).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
  });

  it('goes over to another configuration, and keeps the one it has where that is bad', async () => {
    sink = await OtlpSink.start();
    const second = await OtlpSink.start();
    try {
      const collector = await start({ thread, config: configOf(sink) });
      expect(await collector.export('logs', logs(2))).toEqual({ ok: true });
      expect(await collector.reload(configOf(second))).toBe(true);
      expect(await collector.export('logs', logs(3))).toEqual({ ok: true });
      expect(await collector.reload({ service: {} })).toBe(false);
      expect(lines.join('\n')).toContain('cannot take the new configuration, the one before stays in use');
      expect(await collector.reload()).toBe(true);
      expect(await collector.export('logs', logs(4))).toEqual({ ok: true });
      await collector.stop();
      const items = (to: OtlpSink): number => to.requests.flatMap(({ body }) => itemsOf('logs', decode('logs', body))).length;
      expect([items(sink), items(second)]).toEqual([2, 7]);
    } finally {
      await second.close();
    }
  });

  it('two in one application know nothing of each other; they do not share a folder of state', async () => {
    sink = await OtlpSink.start();
    const second = await OtlpSink.start();
    try {
      const directory = folder();
      const one = await start({
        thread,
        config: { ...configOf(sink, { in_process: { scope: 'ENTERPRISE' } }), storage: { directory } },
      });
      const two = await start({ thread, config: configOf(second, { in_process: { scope: 'DEVELOPMENT' } }) });
      expect(await one.export('logs', logs(2))).toEqual({ ok: true });
      expect(await two.export('logs', logs(3))).toEqual({ ok: true });
      const config = { ...configOf(second), storage: { directory } };
      await expect(start({ thread, config })).rejects.toThrow(/another collector of this process keeps its own there/);
      await one.stop();
      expect(await two.export('logs', logs(4))).toEqual({ ok: true });
      await two.stop();
      const scopes = (to: OtlpSink) =>
        to.requests.flatMap(({ body }) =>
          itemsOf('logs', decode('logs', body)).map(({ resource }) => attributeOf(resource, 'periscope.scope')),
        );
      expect(scopes(sink)).toEqual(Array(2).fill('ENTERPRISE'));
      expect(scopes(second)).toEqual(Array(7).fill('DEVELOPMENT'));
      expect(existsSync(join(directory, 'ledger', 'lock'))).toBe(false);
      // It is free again, and its ledger goes on.
      const three = await start({ thread, config });
      expect((await three.ledger()).exporters).toMatchObject([{ scope: 'ENTERPRISE', exported: 2 }]);
    } finally {
      await second.close();
    }
  });
});

it.each([Number.NaN, 0, -1, Infinity, '64'])('a heap of %o is refused: there would be no bound', async (maxHeapMb) => {
  await expect(startCollector({ maxHeapMb: maxHeapMb as number })).rejects.toThrow(
    new StartError(`cannot start the collector's thread: maxHeapMb is ${maxHeapMb}, and no number above 0`),
  );
});
