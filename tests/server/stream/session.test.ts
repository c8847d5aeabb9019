import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { engines } from '../../support/http-engines.ts';
import { streamBench } from '../../support/stream-bench.ts';

describe.each(engines)('a session of the live stream on %s', (engine) => {
  const { start } = streamBench();

  describe('answers', () => {
    it('ping, unsubscribe and what makes no sense, in order', async () => {
      const started = await start({ engine });
      const client = await started.connect('A');
      client
        .send({ ping: 1 })
        .send('no JSON')
        .send('[1]')
        .send({ hello: 1 })
        .send({ subscribe: 'nothing', id: 'x' })
        .send({ subscribe: 'logs' })
        .send({ subscribe: 'logs', id: 'x', limit: 0 })
        .send({ subscribe: 'logs', id: 'x', color: 1 })
        .send({ unsubscribe: 'y' })
        .send({ subscribe: 'anomalies', id: 'z' })
        .send({ ping: 2 });
      expect((await client.next()).type).toBe('pong');
      const codes = [];
      for (let at = 0; at < 9; at += 1) codes.push(await client.next());
      expect(codes.map(({ type, id, code }) => [type, id, code])).toEqual([
        ['error', undefined, 'STREAM_INVALID'],
        ['error', undefined, 'STREAM_INVALID'],
        ['error', undefined, 'STREAM_INVALID'],
        ['error', 'x', 'STREAM_INVALID'],
        ['error', undefined, 'STREAM_INVALID'],
        ['error', 'x', 'STREAM_INVALID'],
        ['error', 'x', 'STREAM_INVALID'],
        ['error', 'y', 'NOT_FOUND'],
        ['error', 'z', 'UNIMPLEMENTED'],
      ]);
      expect(codes[8]?.['message']).toContain('not yet');
      expect((await client.next()).type).toBe('pong');
    });

    it('a subscription with a snapshot, and its end with a word', async () => {
      const started = await start({ engine });
      const client = await started.connect('A');
      client.send({ subscribe: 'logs', id: 'l' });
      expect(await client.next()).toEqual({ type: 'snapshot', id: 'l', seq: 0, records: [], rate: 0 });
      client.send({ unsubscribe: 'l' });
      expect(await client.next()).toEqual({ type: 'unsubscribed', id: 'l' });
      expect(started.stream.stats().subscriptions).toBe(0);
    });

    it('a second subscription of one id in the place of the first, and no more than there may be', async () => {
      const started = await start({ engine });
      const client = await started.connect('A');
      for (let at = 0; at < LIMITS.streamSubscriptions; at += 1) client.send({ subscribe: 'logs', id: `l${at}` });
      client.send({ subscribe: 'traces', id: 'l0' }).send({ subscribe: 'traces', id: 'more' });
      for (let at = 0; at < LIMITS.streamSubscriptions; at += 1) expect((await client.next()).type).toBe('snapshot');
      expect(await client.next()).toEqual({ type: 'snapshot', id: 'l0', seq: 0, spans: [] });
      expect(await client.next()).toMatchObject({ type: 'error', id: 'more', code: 'RATE_LIMITED' });
      expect(started.stream.stats().subscriptions).toBe(LIMITS.streamSubscriptions);
    });
  });

  describe('ends', () => {
    it('with 1003 for a binary message', async () => {
      const client = await (await start({ engine })).connect('A');
      client.socket.send(Buffer.from('{"ping":1}'));
      expect((await client.closed).code).toBe(1003);
    });

    it.each([
      ['scope', { ping: 1, scope: 'B' }],
      ['scope of a subscription', { subscribe: 'logs', id: 'x', scope: 'B' }],
      ['scopes', { subscribe: 'logs', id: 'x', scopes: ['A', 'B'] }],
      ['header', { subscribe: 'logs', id: 'x', 'X-Dashboard-Scope': 'B' }],
      ['attribute', { subscribe: 'logs', id: 'x', 'periscope.scope': 'B' }],
      ['everything', { subscribe: 'logs', id: 'x', scope: '*' }],
      ['nothing', { subscribe: 'logs', id: 'x', scope: null }],
      ['another case', { subscribe: 'logs', id: 'x', scope: 'a' }],
    ])('with 4403 for a message that names another scope (%s), and the audit log knows', async (_what, message) => {
      const started = await start({ engine });
      const client = await started.connect('A');
      started.events.length = 0;
      client.send(message);
      expect(await client.next()).toMatchObject({ type: 'error', code: 'SCOPE_FORBIDDEN' });
      expect((await client.closed).code).toBe(4403);
      expect(started.events).toEqual([
        {
          type: 'SCOPE_VIOLATION',
          severity: 'CRITICAL',
          action: 'scope_forbidden',
          result: 'FAILURE',
          scope: 'A',
          user: 'agent-1',
          client: '127.0.0.1',
        },
      ]);
    });

    it('not for a message that names its own', async () => {
      const client = await (await start({ engine })).connect('A');
      client.send({ subscribe: 'logs', id: 'x', scope: 'A' });
      expect((await client.next()).type).toBe('snapshot');
    });

    it('with 4429 when too many messages go on, after answers that say how long to wait; others are not concerned', async () => {
      const started = await start({ engine });
      const loud = await started.connect('A', { sub: 'loud' });
      const quiet = await started.connect('A', { sub: 'quiet' });
      for (let at = 0; at < 100 + LIMITS.streamRefusedMessages + 1; at += 1) loud.send({ ping: at });
      for (let at = 0; at < 100; at += 1) expect((await loud.next()).type).toBe('pong');
      for (let at = 0; at < LIMITS.streamRefusedMessages; at += 1) {
        const refused = await loud.next();
        expect([refused['code'], refused['retry_after_ms']]).toEqual(['RATE_LIMITED', 600]);
      }
      expect((await loud.closed).code).toBe(4429);
      await quiet.settled();
      // Coming again brings no new allowance; time does.
      const again = await started.connect('A', { sub: 'loud' });
      again.send({ ping: 1 });
      expect(await again.next()).toMatchObject({ code: 'RATE_LIMITED' });
      await started.clock.advance(600);
      await again.settled();
    });

    it('with 4408 when the client does not answer a ping, and not when it does', async () => {
      const started = await start({ engine });
      const silent = await started.connect('A');
      const alive = await started.connect('A');
      for (const client of [silent, alive]) client.send({ subscribe: 'logs', id: 'l' });
      await Promise.all([silent.nextOf('snapshot'), alive.nextOf('snapshot')]);
      silent.socket.pause();
      await started.clock.advance(LIMITS.streamPingMs + LIMITS.streamTickMs);
      await sleep(100);
      await started.clock.advance(LIMITS.streamPongMs + 2 * LIMITS.streamTickMs);
      expect(started.stream.stats().connections).toBe(1);
      silent.socket.resume();
      expect((await silent.closed).code).toBe(4408);
      await alive.settled();
    });

    it('with 4408 for a client that subscribes to nothing', async () => {
      const started = await start({ engine });
      const idle = await started.connect('A');
      for (let at = 0; at < 3; at += 1) {
        await started.clock.advance(20_000);
        await sleep(20);
      }
      await started.clock.advance(2000);
      expect((await idle.closed).code).toBe(4408);
    });

    it('with 1012 when the listener closes', async () => {
      const started = await start({ engine });
      const client = await started.connect('A');
      await started.listener.close(500);
      expect((await client.closed).code).toBe(1012);
      expect(started.stream.stats().connections).toBe(0);
    });
  });

  describe('a token', () => {
    it('that ends is announced, and ends the connection with 4401', async () => {
      const started = await start({ engine });
      const client = await started.connect('A', { exp: Math.floor(started.clock.now() / 1000) + 75 });
      client.send({ subscribe: 'logs', id: 'l' });
      await client.nextOf('snapshot');
      await started.clock.advance(21_000);
      const notice = await client.nextOf('token_expiring');
      expect(notice['in_ms']).toBeGreaterThan(55_000);
      expect(notice['in_ms']).toBeLessThanOrEqual(LIMITS.streamTokenNoticeMs);
      for (let at = 0; at < 4; at += 1) {
        await started.clock.advance(15_000);
        await sleep(20);
      }
      expect((await client.closed).code).toBe(4401);
    });

    it('can be replaced while it lasts, by one of the same subject that may as much', async () => {
      const started = await start({ engine });
      const soon = Math.floor(started.clock.now() / 1000) + 70;
      const client = await started.connect('A', { exp: soon });
      client.send({ subscribe: 'logs', id: 'l' }).send({ refresh: await started.token(['A', 'B'], { exp: soon + 600 }) });
      const refreshed = await client.nextOf('refreshed');
      expect(Date.parse(String(refreshed['expires']))).toBe((soon + 600) * 1000 + 5000);
      for (let at = 0; at < 6; at += 1) {
        await started.clock.advance(15_000);
        await sleep(20);
      }
      await client.settled();
      expect(client.messages.some(({ type }) => type === 'token_expiring')).toBe(false);
    });

    it('of somebody else, of another scope, without the permission or void does not replace it', async () => {
      const started = await start({ engine });
      const client = await started.connect('A');
      started.events.length = 0;
      const wrong = [
        await started.token(['A'], { sub: 'somebody else' }),
        await started.token(['B']),
        await started.token(['A'], { permissions: ['query'] }),
        await started.token(['A'], { exp: 1 }),
        'junk',
      ];
      const codes = [];
      for (const token of wrong) codes.push((await client.send({ refresh: token }).next())['code']);
      expect(codes).toEqual([
        'PERMISSION_DENIED',
        'PERMISSION_DENIED',
        'PERMISSION_DENIED',
        'UNAUTHENTICATED',
        'UNAUTHENTICATED',
      ]);
      expect(started.events.filter(({ action }) => action === 'refresh_refused').length).toBe(3);
      await client.settled();
    });

    it('never widens what the connection sees: an admin’s token makes no admin of it, and one that is none ends it', async () => {
      const started = await start({ engine });
      const client = await started.connect('A');
      client.send({ refresh: await started.token(['A'], { permissions: ['stream', 'admin'] }) });
      await client.nextOf('refreshed');
      client.send({ subscribe: 'activity', id: 'a' });
      await client.nextOf('snapshot');
      void started.audit.record({ type: 'CONFIG_CHANGE', severity: 'INFO', action: 'reloaded', result: 'SUCCESS' });
      await started.tick();
      await client.settled();
      expect(client.messages.some(({ type }) => type === 'delta')).toBe(false);
      const admin = await started.connect('A', { permissions: ['stream', 'admin'] });
      admin.send({ refresh: await started.token(['A']) });
      expect((await admin.closed).code).toBe(1012);
    });

    it('that is revoked ends the connection within a second', async () => {
      const started = await start({ engine });
      const client = await started.connect('A', { jti: 'lost' });
      const other = await started.connect('A', { jti: 'kept' });
      appendFileSync(join(started.storage, 'revoked-tokens'), 'lost\n', { mode: 0o600 });
      await started.clock.advance(1000);
      expect((await client.closed).code).toBe(4401);
      await other.settled();
    });
  });

  it('what reads no more is left behind alone: memory is bounded, gaps are exact, and it ends with 4413', async () => {
    const started = await start({ engine });
    let count = 0;
    const filler = 'x'.repeat(200_000);
    started.stream.register({
      topic: 'master_perf',
      conflates: false,
      options: () => ({ ok: true, options: {} }),
      open: () => ({ snapshot: () => ({}), delta: () => ({ count: (count += 1), filler }), close: () => {} }),
    });
    const [slow, quick] = [await started.connect('A'), await started.connect('B')];
    const other = await started.connect('A');
    for (const client of [slow, quick, other]) await client.send({ subscribe: 'master_perf', id: 'p' }).nextOf('snapshot');
    slow.socket.pause();
    for (let at = 0; at < 90; at += 1) {
      await started.tick();
      await sleep(1);
    }
    // In ten seconds more it would be let go: now it reads again.
    await sleep(50);
    for (const client of [quick, other]) {
      await client.settled();
      const seqs = client.messages.filter(({ type }) => type === 'delta').map(({ seq }) => seq);
      expect(seqs).toEqual(Array.from({ length: 90 }, (_, seq) => seq + 1));
    }
    slow.socket.resume();
    const { code } = await slow.closed;
    expect(code).toBe(4413);
    const deltas = slow.messages.filter(({ type }) => type === 'delta').map(({ seq }) => Number(seq));
    const gaps = slow.messages.filter(({ type }) => type === 'gap');
    const told = gaps.flatMap(({ from_seq: from, to_seq: to }) =>
      Array.from({ length: Number(to) - Number(from) + 1 }, (_, at) => Number(from) + at),
    );
    expect(gaps.reduce((sum, { dropped }) => sum + Number(dropped), 0)).toBe(told.length);
    const last = Math.max(...deltas, ...told);
    expect([...deltas, ...told].sort((one, two) => one - two)).toEqual(Array.from({ length: last }, (_, seq) => seq + 1));
    expect(told.length).toBeGreaterThan(0);
    expect(started.stream.stats().droppedMessages).toBe(told.length);
  });
});
