import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { StreamClient, type StreamClientOptions, type StreamState } from '../../server/client.ts';
import { openHttp } from '../../server/engine/index.ts';
import * as build from '../support/build.ts';
import { until } from '../support/http-bench.ts';
import { peer } from '../support/peers.ts';
import { scopedBatch } from '../support/scoped-batches.ts';
import { streamBench, type Started } from '../support/stream-bench.ts';
import { ROOT } from '../support/tree.ts';

const { start } = streamBench();
const clients: StreamClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function connect(started: Started, options: Omit<StreamClientOptions, 'url'>): { client: StreamClient; states: StreamState[] } {
  const states: StreamState[] = [];
  const client = new StreamClient({
    url: `${started.url}/ws`,
    random: () => 0,
    onState: (state) => states.push(state),
    ...options,
  });
  clients.push(client.connect());
  return { client, states };
}

function logs(started: Started, body: string): void {
  const item = build.logRecord({}, body);
  const bytes = build.encode('logs', build.request('logs', [{ resource: { 'service.name': 'shop' }, items: [item] }]));
  started.stream.publish(scopedBatch('logs', [bytes], 1, 'A'));
}

/** Keeps what a subscription to logs is told. */
function watchLogs(client: StreamClient): { told: string[]; unsubscribe: () => void } {
  const told: string[] = [];
  const bodies = (records: readonly { readonly body: string }[]): string => records.map(({ body }) => body).join(',');
  const { unsubscribe } = client.subscribe(
    'logs',
    {},
    {
      snapshot: ({ records }) => told.push(`snapshot ${bodies(records)}`),
      delta: ({ records }) => told.push(`delta ${bodies(records)}`),
      error: ({ code }) => told.push(`error ${code}`),
    },
  );
  return { told, unsubscribe };
}

describe('the client', () => {
  it('subscribes before or after it is connected, and unsubscribes', async () => {
    const started = await start();
    const { client, states } = connect(started, { token: await started.token(['A']) });
    const early = watchLogs(client);
    await until(() => early.told.length === 1);
    expect(states.map(({ kind }) => kind)).toEqual(['connecting', 'open']);
    expect(states[1]).toMatchObject({ welcome: { scope: 'A' } });
    const late = watchLogs(client);
    await until(() => late.told.length === 1);
    logs(started, 'one');
    await started.tick();
    await until(() => late.told.length === 2 && early.told.length === 2);
    expect(early.told).toEqual(['snapshot ', 'delta one']);
    early.unsubscribe();
    early.unsubscribe();
    await until(() => started.stream.stats().subscriptions === 1);
    client.close();
    await until(() => started.stream.stats().connections === 0);
    expect(client.state).toEqual({ kind: 'ended', why: 'closed' });
  });

  it('chooses a scope, and knows when coming again would change nothing', async () => {
    const started = await start();
    const token = await started.token(['A', 'B']);
    const { client } = connect(started, { token, scope: 'B' });
    await until(() => client.state.kind === 'open');
    expect(client.state).toMatchObject({ welcome: { scope: 'B' } });
    for (const [wrong, why] of [
      [{ token }, /name one of A, B/],
      [{ token, scope: 'global' }, /chosen scope/],
      [{ token: 'junk' }, /cannot accept the token/],
      [{}, /needs a token/],
    ] as const) {
      const refused = connect(started, wrong);
      await until(() => refused.client.state.kind === 'ended');
      expect(refused.client.state).toMatchObject({ why: expect.stringMatching(why) as string });
      expect(refused.states.filter(({ kind }) => kind === 'connecting').length).toBe(1);
    }
  });

  it('comes again with what was subscribed to when the connection is lost', async () => {
    const started = await start();
    const { client, states } = connect(started, { token: await started.token(['A']) });
    const { told } = watchLogs(client);
    await until(() => told.length === 1);
    logs(started, 'before');
    await started.tick();
    await until(() => told.length === 2);
    started.stream.close('SHUTTING_DOWN');
    await until(() => told.length === 3);
    logs(started, 'after');
    await started.tick();
    await until(() => told.length === 4);
    expect(told).toEqual(['snapshot ', 'delta before', 'snapshot ', 'delta after']);
    expect(states.map(({ kind }) => kind)).toEqual(['connecting', 'open', 'waiting', 'connecting', 'open']);
    expect(states[2]).toMatchObject({ forMs: 250 });
  });

  it('waits longer each time while nobody listens, and as long as it is told', async () => {
    const started = await start({ scopes: { A: { connectionsMax: 1 }, B: {} } });
    await started.connect('A');
    const { client, states } = connect(started, { token: await started.token(['A']) });
    await until(() => client.state.kind === 'waiting');
    expect(states.at(-1)).toMatchObject({ forMs: 5000, why: expect.stringContaining('it has 1 already') as string });
    const nobody = await openHttp({ ...(await optionsOf()), endpoint: '127.0.0.1:0' }, NOBODY);
    await nobody.close(0);
    const waits: number[] = [];
    const lonely = new StreamClient({
      url: nobody.url,
      token: 'x',
      random: () => 1,
      onState: (state) => state.kind === 'waiting' && waits.push(state.forMs),
    });
    clients.push(lonely.connect());
    await until(() => waits.length === 2);
    expect(waits).toEqual([500, 1000]);
  });

  it('gets another token for each connection, and before the one it has ends', async () => {
    const started = await start();
    let asked = 0;
    const token = async (): Promise<string> => {
      asked += 1;
      return started.token(['A'], { exp: Math.floor(started.clock.now() / 1000) + 70, jti: String(asked) });
    };
    const { client } = connect(started, { token });
    const { told } = watchLogs(client);
    await until(() => told.length === 1);
    for (let at = 0; at < 8; at += 1) {
      await started.clock.advance(15_000);
      await sleep(30);
    }
    expect(client.state.kind).toBe('open');
    expect(asked).toBeGreaterThan(2);
    expect(told).toEqual(['snapshot ']);
    const junk = connect(started, { token: () => 'junk' });
    await until(() => junk.client.state.kind === 'ended');
    expect(junk.states.filter(({ kind }) => kind === 'connecting').length).toBe(2);
  });

  it('takes large snapshots compressed, and tells them in their place', async () => {
    const started = await start();
    const rows = Array.from({ length: 5000 }, (_, n) => [n, 'a row']);
    let count = 0;
    started.stream.register({
      topic: 'sql',
      conflates: true,
      options: (given) => ({ ok: true, options: given }),
      open: () => ({ snapshot: () => ({ rows }), delta: () => ({ added: [[(count += 1)]] }), close: () => {} }),
    });
    const { client } = connect(started, { token: await started.token(['A']) });
    const told: unknown[] = [];
    await until(() => client.state.kind === 'open');
    client.subscribe(
      'sql',
      { sql: 'select 1' },
      { snapshot: (message) => told.push(message.rows?.length), delta: (message) => told.push(message.seq) },
    );
    await until(() => started.stream.stats().subscriptions === 1);
    await started.tick();
    await started.tick();
    await until(() => told.length === 3);
    expect(told).toEqual([5000, 1, 2]);
  });

  const node24 = peer('node24');
  it.skipIf(node24.missing || !existsSync(join(ROOT, 'dist/server/client.js')))(
    `works with the WebSocket of newer Nodes${node24.note}`,
    async () => {
      const started = await start();
      const script = `
        const { StreamClient } = await import(${JSON.stringify(pathToFileURL(join(ROOT, 'dist/server/client.js')).href)});
        const client = new StreamClient({ url: process.argv[1], token: process.argv[2], onState: (s) => s.kind === 'ended' && console.log(s.why) });
        client.connect().subscribe('logs', {}, { snapshot: () => { console.log(typeof WebSocket, 'snapshot'); client.close(); }, delta() {} });`;
      const args = ['--input-type=module', '-e', script, '--', `${started.url}/ws`, await started.token(['A'])];
      const { stdout } = await promisify(execFile)(node24.path, args, { timeout: 30_000 });
      expect(stdout.split('\n').slice(0, 2)).toEqual(['function snapshot', 'closed']);
    },
  );
});

const NOBODY = { head: () => ({ status: 404 }), request: () => ({ status: 404 }), fault: () => ({ status: 404 }) };
async function optionsOf() {
  const { HTTP_OPTIONS } = await import('../support/http-bench.ts');
  return HTTP_OPTIONS;
}
