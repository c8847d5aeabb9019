import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Collector } from '../../../agent/collector/collector.ts';
import { StartError } from '../../../pipeline/errors.ts';
import { loadConfig, type Loaded } from '../../../config/load.ts';
import { until } from '../../support/http-bench.ts';
import { encode, logRecord, request } from '../../support/build.ts';
import { OtlpSink } from '../../support/otlp-sink.ts';
import { RawHttp } from '../../support/raw-http.ts';

let folder: string;
let sink: OtlpSink;
let collector: Collector | undefined;
const lines: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-'));
  sink = await OtlpSink.start();
  lines.length = 0;
});
afterEach(async () => {
  await collector?.stop();
  await sink.close();
  await rm(folder, { recursive: true });
});

const yamlOf = (more: { http?: string; batch?: string; exporter?: string; service?: string } = {}): string => `
receivers: { otlp: { protocols: { http: { endpoint: '127.0.0.1:0' ${more.http ?? ''} } } } }
processors: { batch: { timeout: ${more.batch ?? '10s'} } }
exporters: { otlp_http: { endpoint: '${sink.url}', compression: none ${more.exporter ?? ''} } }
storage: { directory: '${folder}' }
service:
  telemetry: { metrics: { level: none } }
  pipelines: { logs: { receivers: [otlp], processors: [batch], exporters: [otlp_http] } }
${more.service ?? ''}
`;

async function loaded(text: string): Promise<Loaded> {
  const result = await loadConfig([{ kind: 'text', name: 'test', text }]);
  if ('plan' in result) return result;
  throw new StartError(result.faults.map(({ message }) => message).join('\n'));
}

async function start(text = yamlOf()): Promise<Collector> {
  collector = await Collector.start(await loaded(text), (line) => void lines.push(line));
  return collector;
}
const urlOf = (of: Collector): string => of.host.listeners[0]!.listener.url;

async function send(of: Collector): Promise<number> {
  const body = encode('logs', request('logs', [{ resource: {}, items: [logRecord({ a: 'b' })] }]));
  const headers = { 'content-type': 'application/x-protobuf' };
  const answer = await fetch(`${urlOf(of)}/v1/logs`, { method: 'POST', headers, body: Buffer.from(body) });
  await answer.arrayBuffer();
  return answer.status;
}
const exported = (of: Collector): number => of.host.ledger().exporters.reduce((sum, row) => sum + row.exported, 0);
const inFlight = (of: Collector): number => of.host.ledger().exporters.reduce((sum, row) => sum + row.inFlight, 0);

describe('another configuration while it runs', () => {
  it('the listener keeps its port, what the old processors held arrives, and the counters go on', async () => {
    const running = await start();
    const url = urlOf(running);
    expect(await send(running)).toBe(200);
    expect(inFlight(running)).toBe(1);
    expect(await running.reload(() => loaded(yamlOf({ batch: '9s' })))).toBe(true);
    // What the old processors held is with the exporter, which both graphs have.
    await until(() => exported(running) === 1);
    expect([urlOf(running), inFlight(running)]).toEqual([url, 0]);
    expect(await send(running)).toBe(200);
    await running.stop();
    expect([exported(running), inFlight(running), sink.requests.length]).toEqual([2, 0, 2]);
    expect(lines.join('\n')).toContain('processors.batch.timeout: 10s -> 9s');
  });

  it('one that is the first to keep state says once that the ledger is kept from the next start on', async () => {
    // As if nobody had written where state goes.
    const stateless = async (text: string): Promise<Loaded> => ({ ...(await loaded(text)), keepsState: false });
    collector = await Collector.start(await stateless(yamlOf()), (line) => void lines.push(line));
    expect(await collector.reload(() => stateless(yamlOf({ batch: '9s' })))).toBe(true);
    expect(lines.join('\n')).not.toContain('the ledger is kept');
    for (const batch of ['8s', '7s']) expect(await collector.reload(() => loaded(yamlOf({ batch })))).toBe(true);
    expect(lines.filter((line) => line.includes('the ledger is kept from the next start on'))).toHaveLength(1);
  });

  it('a destination that changes: the old one gets what was sent before, the new one what comes after', async () => {
    const running = await start();
    await send(running);
    const other = await OtlpSink.start();
    expect(await running.reload(() => loaded(yamlOf().replace(sink.url, other.url)))).toBe(true);
    await send(running);
    await running.stop();
    await other.close();
    expect([sink.requests.length, other.requests.length]).toEqual([1, 1]);
  });

  it('a bad one: the old one runs on, and log and status say why until a good one comes', async () => {
    const running = await start();
    expect(await running.reload(() => loaded(yamlOf({ batch: 'soon' })))).toBe(false);
    expect(lines.at(-1)).toContain('cannot take the new configuration, the one before stays in use');
    const status = () => running.host.status().find(({ id }) => id === 'configuration');
    expect(status()).toMatchObject({ kind: 'service', state: 'recoverable' });
    expect(await send(running)).toBe(200);
    expect(await running.reload(() => loaded(yamlOf()))).toBe(true);
    expect(status()).toBeUndefined();
  });

  it('one that cannot start (a port in use): nothing of it stays open, the old one runs on', async () => {
    const running = await start();
    const { port } = new URL(sink.url);
    const taken = yamlOf().replace('127.0.0.1:0', `127.0.0.1:${port}`);
    expect(await running.reload(() => loaded(taken))).toBe(false);
    expect(lines.at(-1)).toContain('another process listens there');
    expect(await send(running)).toBe(200);
    expect(await running.reload(() => loaded(yamlOf({ batch: '8s' })))).toBe(true);
    expect(running.host.listeners).toHaveLength(1);
  });

  it('a listener with other settings takes the place of the old one', async () => {
    const running = await start();
    expect(await running.reload(() => loaded(yamlOf({ http: ', max_request_body_size: 10' })))).toBe(true);
    expect(await send(running)).toBe(413);
    expect(running.host.listeners).toHaveLength(1);
  });

  it('a request that the old graph has begun when all stops arrives, through the exporter that both have', async () => {
    const running = await start();
    const body = Buffer.from(encode('logs', request('logs', [{ resource: {}, items: [logRecord({ a: 'b' })] }])));
    const slow = await RawHttp.open(urlOf(running));
    slow
      .head('POST', '/v1/logs', { 'Content-Type': 'application/x-protobuf', 'Content-Length': body.length })
      .write(body.subarray(0, 5));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await running.reload(() => loaded(yamlOf({ batch: '9s' })))).toBe(true);
    const stopped = running.stop();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await slow.write(body.subarray(5)).answer())?.status).toBe(200);
    await stopped;
    expect([exported(running), inFlight(running), sink.requests.length]).toEqual([1, 0, 1]);
    slow.destroy();
  });

  it('who may do what changes with it, for an API that itself does not change too; its owner keeps the token', async () => {
    const api = "extensions: { dashboard: { endpoint: '127.0.0.1:0', auth: [token, basic] } }\n";
    const withUser = (name: string): string =>
      `${yamlOf({ service: '  extensions: [dashboard]' })}${api}auth: { basic: { ${name}: { password: a-long-password, scopes: [global], permissions: [query] } } }\n`;
    const running = await start(withUser('ann'));
    const url = running.host.listeners.find(({ owner }) => owner === 'dashboard')!.listener.url;
    const status = async (authorization: string): Promise<number> =>
      (await fetch(`${url}/api/v1/ledger`, { headers: { authorization } })).status;
    const basic = (name: string): string => `Basic ${Buffer.from(`${name}:a-long-password`).toString('base64')}`;
    const owner = `Bearer ${(await readFile(join(folder, 'token'), 'utf8')).trim()}`;
    expect([await status(basic('ann')), await status(basic('bob')), await status(owner)]).toEqual([200, 401, 200]);
    expect(await running.reload(() => loaded(withUser('bob')))).toBe(true);
    expect([await status(basic('ann')), await status(basic('bob')), await status(owner)]).toEqual([401, 200, 200]);
  });

  it('an API that changes in a configuration that cannot start: the owner keeps the token, and so it is when it can', async () => {
    const withApi = (connections: number): string =>
      `${yamlOf({ service: '  extensions: [dashboard]' })}extensions: { dashboard: { endpoint: '127.0.0.1:0', max_connections: ${connections} } }\n`;
    const running = await start(withApi(100));
    const owner = await readFile(join(folder, 'token'), 'utf8');
    const status = async (): Promise<number> => {
      const { url } = running.host.listeners.find(({ owner: id }) => id === 'dashboard')!.listener;
      const answer = await fetch(`${url}/api/v1/ledger`, { headers: { authorization: `Bearer ${owner.trim()}` } });
      await answer.arrayBuffer();
      return answer.status;
    };
    const taken = withApi(50).replace("http: { endpoint: '127.0.0.1:0'", `http: { endpoint: '${new URL(sink.url).host}'`);
    expect(await running.reload(() => loaded(taken))).toBe(false);
    expect(lines.at(-1)).toContain('another process listens there');
    expect([await status(), await readFile(join(folder, 'token'), 'utf8')]).toEqual([200, owner]);
    expect(await running.reload(() => loaded(withApi(50)))).toBe(true);
    expect([await status(), await readFile(join(folder, 'token'), 'utf8')]).toEqual([200, owner]);
    await running.stop();
    await expect(readFile(join(folder, 'token'))).rejects.toThrow('ENOENT');
  });

  it('the folder of its state cannot change', async () => {
    const running = await start();
    expect(await running.reload(() => loaded(yamlOf().replace(folder, join(folder, 'other'))))).toBe(false);
    expect(lines.at(-1)).toContain('storage.directory');
  });

  it('many at once go one after the other, a stop waits for them, and none comes after it', async () => {
    const running = await start();
    const results = [1, 2, 3].map((seconds) => running.reload(() => loaded(yamlOf({ batch: `${seconds}s` }))));
    await send(running);
    await running.stop();
    expect(await Promise.all(results)).toEqual([true, true, true]);
    expect(exported(running)).toBe(1);
    expect(await running.reload(() => loaded(yamlOf()))).toBe(false);
  });
});
