import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { QueueShare } from '../../pipeline/stats.ts';
import { recordsIn } from '../support/audit-logs.ts';
import { encode, numbered } from '../support/build.ts';
import { Collector, MAIN } from '../support/collector.ts';
import { GrpcPeer } from '../support/grpc-peer.ts';
import { OtlpSink } from '../support/otlp-sink.ts';

const ITEMS = 100;
/** How many QUIET sends behind a full queue. */
const REQUESTS_TAKEN = 5;
const TIMES = 50;
const METHOD = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';
const RESOURCE_EXHAUSTED = 8;

const yaml = (exporters: string): string =>
  `
storage: { directory: $FOLDER/state }
scopes:
  NOISY: { limits: { requests_per_second: 0.01 } }
  GREEDY: { limits: { items_per_second: 0.01 } }
  BUSY:
  QUIET:
receivers:
  otlp:
    protocols:
      http: { endpoint: 127.0.0.1:0, auth: token }
      grpc: { endpoint: 127.0.0.1:0, auth: token }
exporters:
${exporters}
extensions:
  dashboard: { endpoint: 127.0.0.1:0 }
  audit:
service:
  extensions: [audit, dashboard]
  pipelines:
    logs: { receivers: [otlp], exporters: [out] }
`.replaceAll('[out]', `[${/^ {2}(\w+)/.exec(exporters)?.[1] ?? ''}]`);

const body = encode('logs', numbered('logs', ITEMS));

function tokenFor(collector: Collector, ...scopes: string[]): string {
  const args = ['token', 'create', '--config', 'periscope.yaml', '--subject', 'x', '--scopes', scopes.join(',')];
  return spawnSync(process.execPath, [MAIN, ...args], { cwd: collector.folder, encoding: 'utf8' }).stdout.trim();
}

type LedgerAnswer = LedgerSnapshot & { readonly queues: readonly QueueShare[] };
async function ledgerOf(collector: Collector, scope?: string): Promise<LedgerAnswer> {
  const owner = readFileSync(join(collector.folder, 'state/token'), 'utf8').trim();
  const headers = { authorization: `Bearer ${owner}`, ...(scope !== undefined && { 'x-dashboard-scope': scope }) };
  return (await (await fetch(`${collector.url('dashboard')}/api/v1/ledger`, { headers })).json()) as LedgerAnswer;
}

describe('a gateway whose tenants have limits', () => {
  const sinks: OtlpSink[] = [];
  const peers: GrpcPeer[] = [];
  afterEach(async () => {
    for (const peer of peers.splice(0)) peer.close();
    await Promise.all(sinks.splice(0).map((sink) => sink.close()));
  });

  it('a tenant at fifty times its limit is refused by its head, on both protocols, and the others lose nothing', async () => {
    await using collector = await Collector.start(yaml("  file: { path: '$FOLDER/{scope}/out.jsonl' }"));
    const tokens = {
      noisy: tokenFor(collector, 'NOISY'),
      greedy: tokenFor(collector, 'GREEDY'),
      quiet: tokenFor(collector, 'QUIET'),
    };
    const http = (token: string) => collector.send('/v1/logs', body, { authorization: `Bearer ${token}` });
    const peer = new GrpcPeer(collector.grpcUrl);
    peers.push(peer);
    const grpc = (token: string) => peer.call(METHOD, body, { metadata: { authorization: `Bearer ${token}` } });

    // GREEDY brings 100 items where it may bring one, and owes the rest.
    expect((await http(tokens.greedy)).status).toBe(200);
    const refused = await http(tokens.greedy);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(9000);
    expect(Buffer.from(refused.body).toString()).toContain('it is over its limit of 0.01 items a second');
    expect(await grpc(tokens.greedy)).toMatchObject({ code: RESOURCE_EXHAUSTED });

    const answers: Record<'noisy' | 'quiet', number[]> = { noisy: [], quiet: [] };
    const rounds = Array.from({ length: TIMES }, async () => {
      const [one, other, quiet, quieter] = await Promise.all([
        http(tokens.noisy),
        grpc(tokens.noisy),
        http(tokens.quiet),
        grpc(tokens.quiet),
      ]);
      answers.noisy.push(one.status, other.code);
      answers.quiet.push(quiet.status, quieter.code);
    });
    await Promise.all(rounds);
    expect(answers.quiet.filter((status) => status !== 200 && status !== 0)).toEqual([]);
    expect(answers.noisy.filter((status) => status === 200 || status === 0)).toHaveLength(1);

    const { receivers } = await ledgerOf(collector);
    const row = (scope: string) => receivers.find((each) => each.scope === scope);
    expect(row('QUIET')).toMatchObject({ received: 2 * TIMES * ITEMS, accepted: 2 * TIMES * ITEMS, rejected: {} });
    expect(row('NOISY')).toMatchObject({ accepted: ITEMS, unreadRequests: { rate_limited: 2 * TIMES - 1 } });
    expect(row('GREEDY')).toMatchObject({ accepted: ITEMS, unreadRequests: { rate_limited: 2 } });
    expect(await collector.stop()).toEqual({ code: 0, signal: null });
    const limited = (await recordsIn(join(collector.folder, 'state/audit'))).filter(({ action }) =>
      action.startsWith('rate_limited'),
    );
    const events = (scope: string): number =>
      limited.filter((each) => each.scope === scope).reduce((sum, each) => sum + (each.events ?? 1), 0);
    expect([events('NOISY'), events('GREEDY'), events('QUIET')]).toEqual([2 * TIMES - 1, 2, 0]);
  });

  it('a tenant that fills the queue of a dead destination leaves room for the others', async () => {
    const sink = await OtlpSink.start(() => ({ hang: true }));
    sinks.push(sink);
    const queue = `sending_queue: { queue_size: ${20 * ITEMS}, sizer: items }, timeout: 0s`;
    await using collector = await Collector.start(
      yaml(`  otlp_http: { endpoint: '${sink.url}', ${queue} }`) + '  shutdown_timeout: 1s\n',
    );
    const [busy, quiet] = [tokenFor(collector, 'BUSY'), tokenFor(collector, 'QUIET')];
    const send = async (token: string): Promise<number> =>
      (await collector.send('/v1/logs', body, { authorization: `Bearer ${token}` })).status;
    const answers: number[] = [];
    for (let n = 0; n < TIMES; n++) answers.push(await send(busy));
    expect(answers.filter((status) => status === 200)).toHaveLength(10);
    expect(answers.filter((status) => status === 503)).toHaveLength(TIMES - 10);
    for (let n = 0; n < REQUESTS_TAKEN; n++) expect(await send(quiet)).toBe(200);
    expect(await send(busy)).toBe(503);
    const { receivers } = await ledgerOf(collector);
    expect(receivers.find(({ scope }) => scope === 'BUSY')).toMatchObject({ accepted: 10 * ITEMS });
    expect(receivers.find(({ scope }) => scope === 'QUIET')).toMatchObject({ accepted: REQUESTS_TAKEN * ITEMS, rejected: {} });
    // Each is told of the part of the queue that is its own, by the API and by `periscope top`.
    const queues = (await ledgerOf(collector)).queues.map(({ scope, size, capacity, share }) => [scope, size, capacity, share]);
    expect(queues.toSorted()).toEqual([
      ['BUSY', 10 * ITEMS, 20 * ITEMS, 0.5],
      ['QUIET', REQUESTS_TAKEN * ITEMS, 20 * ITEMS, 0.5],
    ]);
    expect((await ledgerOf(collector, 'QUIET')).queues.map(({ scope }) => scope)).toEqual(['QUIET']);
    for (const [scope, fill] of [
      ['BUSY', '100% of 1k'],
      ['QUIET', '50% of 1k'],
    ] as const) {
      const args = ['top', '--config', 'periscope.yaml', '--url', collector.url('dashboard'), '--scope', scope];
      const { stdout } = spawnSync(process.execPath, [MAIN, ...args], { cwd: collector.folder, encoding: 'utf8' });
      expect(stdout.match(/^otlp_http .*?(\d+% of \S+)/m)?.[1], stdout).toBe(fill);
    }
    await collector.stop();
  });
});
