import { WebSocket } from 'ws';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { STREAM_PROTOCOL } from '../../../server/stream/protocol.ts';
import { RefusedUpgrade, streamBench, type ConnectOptions, type Started } from '../../support/stream-bench.ts';

const { start } = streamBench();

/** Status and code of a refusal. */
async function refusal(started: Started, token: string, path?: string, options?: ConnectOptions): Promise<unknown> {
  try {
    await started.open(token, path, options);
    return 'let in';
  } catch (error) {
    if (!(error instanceof RefusedUpgrade)) throw error;
    const { code } = JSON.parse(error.body) as { code: string };
    return [error.status, code];
  }
}

describe('a client is let in', () => {
  it('by its Authorization header, and told as what', async () => {
    const started = await start();
    const client = await started.open(await started.token(['A']));
    expect(await client.next()).toEqual({
      type: 'welcome',
      protocol: 'periscope.v1',
      scope: 'A',
      scopes: ['A'],
      expires: new Date(started.clock.now() + 600_000 + 5000).toISOString(),
      limits: { messages_per_minute: 100, subscriptions: LIMITS.streamSubscriptions },
    });
    expect(client.socket.protocol).toBe(STREAM_PROTOCOL);
  });

  it('by the subprotocol that carries its token, which is never chosen', async () => {
    const started = await start();
    const bearer = `bearer.${Buffer.from(await started.token(['B'])).toString('base64url')}`;
    for (const protocols of [
      [STREAM_PROTOCOL, bearer],
      [bearer, STREAM_PROTOCOL],
    ]) {
      const client = await started.open('', '/ws', { protocols });
      expect([(await client.next())['scope'], client.socket.protocol]).toEqual(['B', STREAM_PROTOCOL]);
    }
    expect(await refusal(started, '', '/ws', { protocols: [bearer] })).toEqual([400, 'STREAM_INVALID']);
  });

  it('by a ticket, once', async () => {
    const started = await start();
    const principal = await started.authenticator.authenticate(['token'], {
      remoteAddress: '127.0.0.1',
      authorization: `Bearer ${await started.token(['A'])}`,
    });
    const ticket = started.authenticator.ticketFor(principal as never)?.ticket ?? '';
    expect((await (await started.open('', `/ws?token=${ticket}`)).next())['scope']).toBe('A');
    expect(await refusal(started, '', `/ws?token=${ticket}`)).toEqual([401, 'UNAUTHENTICATED']);
  });

  it('by a token in the URL only where that is allowed', async () => {
    const strict = await start();
    const token = await strict.token(['A']);
    expect(await refusal(strict, '', `/ws?token=${token}`)).toEqual([401, 'UNAUTHENTICATED']);
    const open = await start({ door: { allowQueryToken: true } });
    expect((await (await open.open('', `/ws?token=${token}`)).next())['scope']).toBe('A');
  });

  it('without a subprotocol, too, and not with others only', async () => {
    const started = await start();
    const client = await started.open(await started.token(['A']), '/ws', { protocols: [] });
    expect([(await client.next()).type, client.socket.protocol]).toEqual(['welcome', '']);
    expect(await refusal(started, await started.token(['A']), '/ws', { protocols: ['graphql-ws'] })).toEqual([
      400,
      'STREAM_INVALID',
    ]);
  });

  it('as the scope that this machine runs as, where its owner names none', async () => {
    const started = await start();
    started.authenticator.setOwner('owner-token');
    expect(await (await started.open('owner-token')).next()).toMatchObject({ scope: 'A' });
    expect((await (await started.open('owner-token', '/ws?scope=B')).next())['scope']).toBe('B');
    const elsewhere = await start({ door: { runsAs: () => 'C' } });
    elsewhere.authenticator.setOwner('owner-token');
    expect(await refusal(elsewhere, 'owner-token')).toEqual([400, 'SCOPE_REQUIRED']);
  });

  it('as the scope of its token that it chooses, by header or query, and as no other', async () => {
    const started = await start();
    const both = await started.token(['A', 'B']);
    expect(await refusal(started, both)).toEqual([400, 'SCOPE_REQUIRED']);
    expect((await (await started.open(both, '/ws?scope=B')).next())['scope']).toBe('B');
    const byHeader = await started.open(both, '/ws', { headers: { 'X-Dashboard-Scope': 'A' } });
    expect(await byHeader.next()).toMatchObject({ scope: 'A', scopes: ['A', 'B'] });
    expect(started.events.filter(({ type }) => type === 'SCOPE_VIOLATION')).toEqual([]);
    for (const path of ['/ws?scope=B', '/ws?scope=*', '/ws?scope=a', '/ws?scope=global'])
      expect(await refusal(started, await started.token(['A']), path)).toEqual([403, 'SCOPE_FORBIDDEN']);
    const violations = started.events.filter(({ type }) => type === 'SCOPE_VIOLATION');
    expect(violations.length).toBe(4);
    expect(violations[0]).toMatchObject({ severity: 'CRITICAL', scope: 'A', user: 'agent-1', client: '127.0.0.1' });
  });
});

describe('a client is refused before the upgrade', () => {
  it('with 401 and what is wanted without a token that is good', async () => {
    const started = await start();
    expect(await refusal(started, '')).toEqual([401, 'UNAUTHENTICATED']);
    expect(await refusal(started, 'junk')).toEqual([401, 'UNAUTHENTICATED']);
    expect(await refusal(started, await started.token(['A'], { exp: 1 }))).toEqual([401, 'UNAUTHENTICATED']);
    const error = (await started.open('').catch((caught: unknown) => caught)) as RefusedUpgrade;
    expect(error.headers['www-authenticate']).toBe('Bearer realm="periscope"');
  });

  it('with 403 without the permission "stream"', async () => {
    const started = await start();
    expect(await refusal(started, await started.token(['A'], { permissions: ['ingest', 'query', 'admin'] }))).toEqual([
      403,
      'PERMISSION_DENIED',
    ]);
  });

  it('with 403 from a page of another origin, whatever token it has', async () => {
    const started = await start({ door: { allowed: ['https://friend.example'] } });
    const token = await started.token(['A']);
    const own = new URL(started.url).host;
    for (const origin of ['https://evil.example', 'null', `http://${own}.evil.example`, `https://${own}`, 'http://localhost:1'])
      expect(await refusal(started, token, '/ws', { headers: { origin } })).toEqual([403, 'PERMISSION_DENIED']);
    for (const origin of ['https://friend.example', `http://${own}`])
      expect(await refusal(started, token, '/ws', { headers: { origin } })).toBe('let in');
    // A stranger's name that was made to lead here is not our own origin.
    const rebound = { origin: 'http://evil.example:3004', host: 'evil.example:3004' };
    expect(await refusal(started, token, '/ws', { headers: rebound })).toEqual([403, 'PERMISSION_DENIED']);
  });

  it('with 429 and Retry-After when its scope has all its connections, until one ends; others are not concerned', async () => {
    const started = await start({ scopes: { A: { connectionsMax: 2 }, B: {} } });
    const [first] = [await started.connect('A'), await started.connect('A')];
    const error = (await started.connect('A').catch((caught: unknown) => caught)) as RefusedUpgrade;
    expect([error.status, error.headers['retry-after']]).toEqual([429, '5']);
    await started.connect('B');
    first.socket.close();
    await first.closed;
    await started.connect('A');
    expect(await refusal(started, await started.token(['A']))).toEqual([429, 'RATE_LIMITED']);
  });

  it('has ten connections a scope unless the matrix says otherwise', async () => {
    const started = await start();
    for (let at = 0; at < 10; at += 1) await started.connect('A');
    expect(await refusal(started, await started.token(['A']))).toEqual([429, 'RATE_LIMITED']);
    expect(started.stream.stats().connections).toBe(10);
  });

  it('a place is not lost to clients that leave while they are looked at', async () => {
    let decide = (): void => {};
    const started = await start({
      scopes: { A: { connectionsMax: 1 } },
      door: {
        authenticate: async (_methods, credentials) => {
          await new Promise<void>((resolve) => (decide = resolve));
          return started.authenticator.authenticate(['token'], credentials);
        },
      },
    });
    const token = await started.token(['A']);
    const url = `${started.url.replace('http', 'ws')}/ws`;
    const gone = new WebSocket(url, { headers: { authorization: `Bearer ${token}` } });
    gone.on('error', () => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    gone.terminate();
    await new Promise((resolve) => setTimeout(resolve, 50));
    decide();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const next = started.open(token);
    await new Promise((resolve) => setTimeout(resolve, 50));
    decide();
    expect((await (await next).next()).type).toBe('welcome');
  });
});

describe('a browser, which is told nothing of a refused upgrade', () => {
  it('can ask to be let in, told and closed with the code for it', async () => {
    const started = await start();
    const cases = [
      ['', '/ws?refusals=close', 'UNAUTHENTICATED', 4401],
      [await started.token(['A']), '/ws?refusals=close&scope=B', 'SCOPE_FORBIDDEN', 4403],
      [await started.token(['A'], { permissions: [] }), '/ws?refusals=close', 'PERMISSION_DENIED', 4403],
      [await started.token(['A', 'B']), '/ws?refusals=close', 'SCOPE_REQUIRED', 4400],
    ] as const;
    for (const [token, path, code, close] of cases) {
      const client = await started.open(token, path);
      expect(await client.next()).toMatchObject({ type: 'error', code });
      expect((await client.closed).code).toBe(close);
    }
    expect(started.stream.stats().connections).toBe(0);
    const evil = { headers: { origin: 'https://evil.example' } };
    expect(await refusal(started, await started.token(['A']), '/ws?refusals=close', evil)).toEqual([403, 'PERMISSION_DENIED']);
  });
});
