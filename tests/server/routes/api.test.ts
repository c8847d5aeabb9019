import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import type { AuditEvent } from '../../../pipeline/audit.ts';
import { authSchema } from '../../../pipeline/auth.ts';
import type { HttpListener } from '../../../pipeline/host.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { DeliveryQueue } from '../../../pipeline/queue.ts';
import { overrideMatrix, SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';
import { readOwnerToken } from '../../../server/auth/owner-token.ts';
import { quietContext } from '../../support/contexts.ts';
import { HTTP_OPTIONS } from '../../support/http-bench.ts';
import { exporterRow } from '../../support/ledger-rows.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { NO_STATS } from '../../support/no-stats.ts';
import { delivery, ScriptedExporter } from '../../support/scripted.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { SECRET, tokenOf } from '../../support/tokens.ts';

const folder = temporaryFolders();
const open: HttpListener[] = [];
afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close(0);
});

const row = (scope: string) => ({ receiver: 'otlp', scope, signal: 'logs' as const, received: 1, accepted: 1, rejected: {} });

/** A has 3 items in it, B 50. */
const queue = new DeliveryQueue(
  'out',
  new ScriptedExporter(() => new Promise(() => {})),
  delivery({ sending_queue: { sizer: 'items', queue_size: 100 } }),
  { clock: new ManualClock(), random: () => 0.5, log: quietContext().log },
);
queue.room.tryTake([
  { scope: 'A', items: 3, bytes: 30, requests: 1 },
  { scope: 'B', items: 50, bytes: 500, requests: 9 },
]);

async function start(storage = folder()) {
  const host = createHost(storage, {
    auth: authSchema.parse({ tokens: { secret: SECRET } }),
    matrix: overrideMatrix(SCOPE_MATRIX, { A: {}, B: {} }),
    runsAs: 'A',
  });
  host.attach({
    ledger: () => ({
      receivers: [row('A'), row('B')],
      pipelines: [],
      exporters: ['A', 'B'].flatMap((scope) => [
        exporterRow({ exporter: 'out', scope }),
        exporterRow({ exporter: 'out', scope, signal: 'traces' }),
        exporterRow({ exporter: 'gone', scope }),
      ]),
    }),
    status: () => [],
    stats: () => NO_STATS,
    queueShare: (exporter, scope) => (exporter === queue.id ? queue.shareOf(scope) : undefined),
  });
  const listener = await host.api({ ...HTTP_OPTIONS, auth: ['token'] });
  open.push(listener);
  const ask = async (path: string, token?: string, init: RequestInit = {}) => {
    const headers = { ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...init.headers };
    const response = await fetch(`${listener.url}${path}`, { ...init, headers });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : (JSON.parse(text) as Body) };
  };
  return { ask, listener, storage, audit: host.audit };
}
type Body = Record<string, unknown>;
const scopesIn = (body: Body | undefined, list: string): unknown[] => [
  ...new Set((body?.[list] as { scope: string }[] | undefined)?.map(({ scope }) => scope)),
];
const query = (scopes: string[], ...more: string[]): Promise<string> =>
  tokenOf({ claims: { scopes, permissions: ['query', ...more] } });

describe('the API', () => {
  it('tells each caller their own scopes, and an admin all', async () => {
    const { ask } = await start();
    const [one, both, admin] = [await query(['A']), await query(['A', 'B']), await query(['B'], 'admin')];
    for (const [token, expected] of [
      [one, ['A']],
      [both, ['A', 'B']],
      [admin, ['A', 'B']],
    ] as const) {
      const { status, body, headers } = await ask('/api/v1/ledger', token);
      expect([status, scopesIn(body, 'receivers')]).toEqual([200, expected]);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(body?.['windows']).toEqual([]);
    }
    const scopes = await ask('/api/v1/scopes', one);
    expect(scopesIn(scopes.body, 'scopes')).toEqual(['A']);
    expect(scopes.body).not.toHaveProperty('runsAs');
    const all = await ask('/api/v1/scopes', admin);
    expect(all.body?.['runsAs']).toBe('A');
    expect(scopesIn(all.body, 'scopes')).toEqual(expect.arrayContaining(['ENTERPRISE', 'global', 'A', 'B']));
  });

  it('tells each caller their own share of the queues they use, once for all signals, and an admin of all', async () => {
    const { ask } = await start();
    const whole = { exporter: 'out', sizer: 'items', capacity: 100, bytesMax: LIMITS.queueBytes, share: 1 };
    const [a, b] = [
      { ...whole, scope: 'A', size: 3, bytes: 30 },
      { ...whole, scope: 'B', size: 50, bytes: 500 },
    ];
    expect((await ask('/api/v1/ledger', await query(['A']))).body?.['queues']).toEqual([a]);
    expect((await ask('/api/v1/ledger', await query(['B']))).body?.['queues']).toEqual([b]);
    expect((await ask('/api/v1/ledger', await query(['A', 'ENTERPRISE']))).body?.['queues']).toEqual([a]);
    const admin = await query(['A', 'B'], 'admin');
    expect((await ask('/api/v1/ledger', admin)).body?.['queues']).toEqual([a, b]);
    expect((await ask('/api/v1/ledger?scope=A', admin)).body?.['queues']).toEqual([a]);
  });

  it('narrows to a chosen scope, by header or query, and never widens', async () => {
    const { ask } = await start();
    const token = await query(['A', 'B'], 'admin');
    expect(scopesIn((await ask('/api/v1/ledger?scope=B', token)).body, 'receivers')).toEqual(['B']);
    const chosen = await ask('/api/v1/ledger', token, { headers: { 'x-dashboard-scope': 'A' } });
    expect(scopesIn(chosen.body, 'receivers')).toEqual(['A']);
    const one = await query(['A']);
    for (const path of ['/api/v1/ledger?scope=B', '/api/v1/scopes?scope=B', '/api/v1/ledger?scope=*'])
      expect(await ask(path, one)).toMatchObject({ status: 403, body: { code: 'SCOPE_FORBIDDEN' } });
  });

  it('writes down who names a scope that is not its own', async () => {
    const { ask, audit } = await start();
    const events: AuditEvent[] = [];
    audit.watch((event) => events.push(event));
    const one = await query(['A']);
    await ask('/api/v1/ledger?scope=A', one);
    await ask('/api/v1/ledger?scope=B', one);
    await ask('/api/v1/sql', one, { method: 'POST', headers: { 'x-dashboard-scope': 'B' }, body: '{"sql": "SELECT 1"}' });
    const violations = events.filter(({ type }) => type === 'SCOPE_VIOLATION');
    const told = { action: 'scope_forbidden', severity: 'CRITICAL', scope: 'A', user: 'agent-1', client: '127.0.0.1' };
    expect(violations).toMatchObject([told, told]);
    expect(JSON.stringify(violations)).not.toContain('"B"');
  });

  it('answers faults as problem JSON with our code', async () => {
    const { ask } = await start();
    const token = await query(['A']);
    const unknown = await ask('/api/v1/nothing', token);
    expect(unknown.headers.get('content-type')).toBe('application/problem+json');
    expect(unknown).toMatchObject({
      status: 404,
      body: {
        type: 'urn:periscope:error:NOT_FOUND',
        title: 'Not Found',
        status: 404,
        code: 'NOT_FOUND',
        detail: /.*/,
        help: /.*/,
      },
    } as never);
    const method = await ask('/api/v1/ledger', token, { method: 'DELETE' });
    expect([method.status, method.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
    const ingest = await tokenOf();
    expect(await ask('/api/v1/ledger', ingest)).toMatchObject({ status: 403, body: { code: 'PERMISSION_DENIED' } });
    expect((await ask('/api/v1/ledger', token, { method: 'HEAD' })).status).toBe(200);
  });

  it('tells nothing to who does not show who they are, not even which paths there are', async () => {
    const { ask } = await start();
    const answers = await Promise.all(
      ['/api/v1/ledger', '/api/v1/nothing', '/nothing', '/api/v1/../v1/ledger', '/api/v1/ledger/', '//api/v1/ledger'].map(
        (path) => ask(path),
      ),
    );
    for (const answer of answers) expect(answer).toMatchObject({ status: 401, body: { code: 'UNAUTHENTICATED' } });
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    expect(answers[0]?.headers.get('www-authenticate')).toBe('Bearer realm="periscope"');
    for (const bad of ['junk', await tokenOf({ claims: { exp: 1 } })])
      expect((await ask('/api/v1/ledger', bad)).status).toBe(401);
  });

  it('locks out an address that keeps trying, with Retry-After', async () => {
    const { ask } = await start();
    for (let at = 0; at <= LIMITS.authFailures; at += 1) await ask('/api/v1/ledger', `bad.${at}.x`);
    const locked = await ask('/api/v1/ledger', `bad.x.x`);
    expect(locked).toMatchObject({ status: 429, body: { code: 'RATE_LIMITED' } });
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('tickets', () => {
  it('are made for whoever shows a token, and read once in its name', async () => {
    const { ask } = await start();
    const made = await ask('/api/v1/ticket', await query(['B']), { method: 'POST', body: '{}' });
    expect(made).toMatchObject({ status: 201, body: { expiresInSeconds: expect.any(Number) as number } });
    expect(made.body?.['expiresInSeconds']).toBeGreaterThan(50);
    const path = `/api/v1/ledger?token=${String(made.body?.['ticket'])}`;
    const first = await ask(path);
    expect([first.status, scopesIn(first.body, 'receivers')]).toEqual([200, ['B']]);
    expect((await ask(path)).status).toBe(401);
  });

  it('make no other ticket, and a token in the URL is refused', async () => {
    const { ask } = await start();
    const token = await query(['A']);
    const { body } = await ask('/api/v1/ticket', token, { method: 'POST' });
    expect((await ask(`/api/v1/ticket?token=${String(body?.['ticket'])}`, undefined, { method: 'POST' })).status).toBe(401);
    const refused = await ask(`/api/v1/ledger?token=${token}`);
    expect(refused.status).toBe(401);
    expect(JSON.stringify(refused.body)).not.toContain(token);
  });
});

describe('the token of this machine’s owner', () => {
  it('lies in a private file while the API is open, and opens everything', async () => {
    const { ask, listener, storage } = await start();
    const path = join(storage, 'token');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { status, body } = await ask('/api/v1/ledger', readOwnerToken(storage));
    expect([status, scopesIn(body, 'receivers')]).toEqual([200, ['A', 'B']]);
    await listener.close(0);
    expect(existsSync(path)).toBe(false);
  });

  it('is never written through a link that somebody laid there', async () => {
    const storage = folder();
    const victim = join(folder(), 'victim');
    writeFileSync(victim, 'precious');
    symlinkSync(victim, join(storage, 'token'));
    const { ask } = await start(storage);
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect((await ask('/api/v1/ledger', readOwnerToken(storage))).status).toBe(200);
  });

  it('that another process wrote meanwhile is left alone', async () => {
    const { listener, storage } = await start();
    writeFileSync(join(storage, 'token'), 'another\n', { mode: 0o600 });
    await listener.close(0);
    expect(readOwnerToken(storage)).toBe('another');
  });
});
