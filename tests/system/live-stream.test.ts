import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as build from '../support/build.ts';
import { Collector } from '../support/collector.ts';
import { engines } from '../support/http-engines.ts';
import { peer } from '../support/peers.ts';
import { TestClient, type Message } from '../support/stream-bench.ts';
import { ROOT } from '../support/tree.ts';

const run = promisify(execFile);

const yamlOf = (exporters: string, more = ''): string => `receivers:
  otlp: { protocols: { http: { endpoint: 127.0.0.1:0 } } }
processors: { batch: { timeout: 10ms } }
exporters: { live: , debug: { verbosity: basic } }
extensions:
  dashboard: { endpoint: "127.0.0.1:0" }
storage: { directory: $FOLDER/state }
${more}
service:
  extensions: [dashboard]
  pipelines:
    metrics: { receivers: [otlp], processors: [batch], exporters: [${exporters}] }
    logs: { receivers: [otlp], processors: [batch], exporters: [${exporters}] }
`;

const owner = (collector: Collector): string => readFileSync(join(collector.folder, 'state/token'), 'utf8').trim();

async function connect(collector: Collector, scope: string): Promise<TestClient> {
  const url = `${collector.url('dashboard').replace('http', 'ws')}/ws?scope=${scope}`;
  const socket = new WebSocket(url, ['periscope.v1'], { headers: { authorization: `Bearer ${owner(collector)}` } });
  const client = new TestClient(socket);
  await once(socket, 'open');
  expect(await client.next()).toMatchObject({ type: 'welcome', scope, expires: null });
  return client;
}

/** Sends a log record as `scope` says it is. */
async function log(collector: Collector, scope: string, body: string): Promise<void> {
  const resource = { 'service.name': 'shop', 'periscope.scope': scope };
  const request = build.request('logs', [{ resource, items: [build.logRecord({}, body)] }]);
  expect((await collector.send('/v1/logs', build.encode('logs', request))).status).toBe(200);
}

async function bodies(client: TestClient): Promise<string[]> {
  const delta: Message = await client.nextOf('delta');
  return (delta['records'] as { body: string }[]).map(({ body }) => body);
}

describe.each(engines)('the live stream of a collector on %s', (engine) => {
  const options = { env: { PERISCOPE_HTTP_ENGINE: engine } };

  it('shows each scope its own, over a reload of the configuration, until the collector stops', async () => {
    await using collector = await Collector.start(yamlOf('live'), options);
    const [one, two] = [await connect(collector, 'ENTERPRISE'), await connect(collector, 'DEVELOPMENT')];
    for (const client of [one, two]) await client.send({ subscribe: 'logs', id: 'l' }).nextOf('snapshot');
    await log(collector, 'ENTERPRISE', 'for one');
    await log(collector, 'DEVELOPMENT', 'for two');
    expect([await bodies(one), await bodies(two)]).toEqual([['for one'], ['for two']]);

    writeFileSync(join(collector.folder, 'periscope.yaml'), yamlOf('live, debug').replaceAll('$FOLDER', collector.folder));
    collector.process.kill('SIGHUP');
    await collector.says(/the configuration has changed/);
    await log(collector, 'ENTERPRISE', 'after the reload');
    let seen: string[] = [];
    while (seen.length === 0) seen = await bodies(one);
    expect(seen).toEqual(['after the reload']);

    const { code } = await collector.stop();
    expect([code, (await one.closed).code, (await two.closed).code]).toEqual([0, 1012, 1012]);
  });

  it('is closed, to come again, when a new configuration says who may do what', async () => {
    await using collector = await Collector.start(yamlOf('live'), options);
    const client = await connect(collector, 'ENTERPRISE');
    const stricter = yamlOf('live', 'auth: { tokens: { audience: somebody-else } }');
    writeFileSync(join(collector.folder, 'periscope.yaml'), stricter.replaceAll('$FOLDER', collector.folder));
    collector.process.kill('SIGHUP');
    expect((await client.closed).code).toBe(1012);
  });

  const python = peer('python');
  it.skipIf(python.missing)(`speaks with PyPI websockets${python.note}`, async () => {
    await using collector = await Collector.start(yamlOf('live'), options);
    const script = join(ROOT, 'tests/support/python/watch.py');
    const url = `${collector.url('dashboard').replace('http', 'ws')}/ws?scope=ENTERPRISE`;
    const watching = run(python.path, [script, url, owner(collector), 'logs', '3'], { timeout: 40_000 });
    let over = false;
    void watching.finally(() => (over = true));
    while (!over) await log(collector, 'ENTERPRISE', 'hello, Python');
    const { stdout } = await watching;
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(lines.map(({ type }) => type)).toEqual([undefined, 'welcome', 'snapshot', 'delta', undefined, undefined]);
    expect(lines[0]).toEqual({ subprotocol: 'periscope.v1' });
    expect(lines[3]).toMatchObject({ id: 'python', seq: 1 });
    expect(JSON.stringify(lines[3])).toContain('hello, Python');
    expect(lines.slice(4)).toEqual([{ code: 4403 }, { status: 401 }]);
  });
});
