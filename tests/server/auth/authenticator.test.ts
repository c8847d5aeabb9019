import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AuditTrail, type AuditEvent } from '../../../pipeline/audit.ts';
import { authSchema, isRefused, type AuthMethod, type Credentials, type Principal } from '../../../pipeline/auth.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { Authenticator } from '../../../server/auth/authenticator.ts';
import { TICKET_PREFIX } from '../../../server/auth/tickets.ts';
import { quietContext } from '../../support/contexts.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { SECRET, tokenOf } from '../../support/tokens.ts';

const folder = temporaryFolders();
const NOW = 1_800_000_000_000;
const HOUR = 3_600_000;

function bench(auth: Record<string, unknown> = {}) {
  const time = { now: NOW };
  const { log, lines } = quietContext();
  const audit = new AuditTrail();
  const events: AuditEvent[] = [];
  audit.keep({ active: true, record: (event) => void events.push(event), refusal: () => undefined });
  const authenticator = new Authenticator({
    config: authSchema.parse({ tokens: { secret: SECRET }, ...auth }),
    storageDirectory: folder(),
    known: ['A', 'B'],
    audit,
    log,
    now: () => time.now,
  });
  const ask = (methods: readonly AuthMethod[], credentials: Partial<Credentials>) =>
    authenticator.authenticate(methods, { remoteAddress: '10.0.0.9', authorization: '', ...credentials });
  return { authenticator, ask, time, events, lines };
}
const bearer = (token: string): Partial<Credentials> => ({ authorization: `Bearer ${token}` });
const basic = (text: string): Partial<Credentials> => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });

describe('tokens', () => {
  it('are checked once and then known at once, on every listener', async () => {
    const { authenticator, ask, events } = bench();
    authenticator.prepare(['token']);
    const token = await tokenOf({}, NOW);
    const first = ask(['token'], bearer(token));
    expect(first).toBeInstanceOf(Promise);
    expect(ask(['token', 'basic'], bearer(token))).toBeInstanceOf(Promise);
    const principal = await first;
    expect(principal).toMatchObject({ subject: 'agent-1', scopes: ['A'] });
    expect(ask(['token'], { authorization: `bearer   ${token} ` })).toBe(principal);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'AUTH', action: 'token_accepted', user: 'agent-1', scope: 'A' }),
    );
  });

  it('a flood of bad ones locks its address out without a look at them; known senders there go on', async () => {
    const { authenticator, ask, time, lines } = bench();
    authenticator.prepare(['token']);
    const token = await tokenOf({}, NOW);
    await ask(['token'], bearer(token));
    const verdicts: unknown[] = [];
    for (let at = 0; at < LIMITS.authFailures + 1; at += 1) verdicts.push(await ask(['token'], bearer(`bad.${at}.token`)));
    expect(verdicts).toEqual(verdicts.map(() => expect.objectContaining({ code: 'UNAUTHENTICATED' })));
    const locked = ask(['token'], bearer(await tokenOf({ claims: { sub: 'new' } }, NOW)));
    expect(locked).toMatchObject({ code: 'RATE_LIMITED', retryable: true, retryAfterMs: LIMITS.authLockoutMs });
    expect(ask(['token'], bearer(token))).toMatchObject({ subject: 'agent-1' });
    expect(ask(['token'], { ...bearer('other.address.token'), remoteAddress: '10.0.0.10' })).not.toMatchObject({
      code: 'RATE_LIMITED',
    });
    expect(lines.filter(({ level }) => level === 'limited').map(({ message }) => message)).toEqual([
      '10.0.0.9 is locked out: too many failed tries',
    ]);
    time.now += LIMITS.authLockoutMs;
    expect(await ask(['token'], bearer(await tokenOf({ claims: { sub: 'new' } }, NOW)))).toMatchObject({ subject: 'new' });
  });

  it('nothing at all is refused, told to the audit log, and no failed try', async () => {
    const { authenticator, ask, events } = bench();
    authenticator.prepare(['token']);
    for (let at = 0; at < 100; at += 1) expect(ask(['token'], {})).toMatchObject({ code: 'UNAUTHENTICATED' });
    const { type, severity, action, result, client } = events[0]!;
    expect([type, severity, action, result, client]).toEqual(['AUTH', 'WARN', 'credentials_missing', 'FAILURE', '10.0.0.9']);
    expect(events).toEqual(Array.from({ length: 100 }, () => events[0]));
    expect(await ask(['token'], bearer(await tokenOf({}, NOW)))).toMatchObject({ subject: 'agent-1' });
  });

  it('of the owner of this machine may do everything', () => {
    const { authenticator, ask } = bench();
    authenticator.setOwner('the-owners-token');
    expect(ask(['token'], bearer('the-owners-token'))).toMatchObject({ scopes: ['A', 'B'] });
    expect(ask(['token'], bearer('the-owners-tokem'))).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('tickets', () => {
  const principal: Principal = { subject: 'ann', scopes: ['A'], permissions: new Set(['stream']), method: 'token' };
  const open = (authenticator: Authenticator, whose = principal) =>
    authenticator.ticketFor(whose) as { ticket: string; expiresMs: number };

  it('are good once', () => {
    const { authenticator, ask } = bench();
    const { ticket, expiresMs } = open(authenticator);
    expect(ticket.startsWith(TICKET_PREFIX)).toBe(true);
    expect(expiresMs).toBe(NOW + 60_000);
    expect(ask(['token'], { ticket })).toBe(principal);
    expect(ask(['token'], { ticket })).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
  it('are good for a minute, and never longer than the token they were made with', () => {
    const { authenticator, ask, time } = bench();
    const { ticket } = open(authenticator);
    const short = open(authenticator, { ...principal, expiresMs: NOW + 1000 });
    expect(short.expiresMs).toBe(NOW + 1000);
    time.now += 1000;
    expect(ask(['token'], { ticket: short.ticket })).toMatchObject({ code: 'UNAUTHENTICATED' });
    time.now = NOW + 60_000;
    expect(ask(['token'], { ticket })).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
  it('that are guessed lock out like tokens', () => {
    const { ask } = bench();
    for (let at = 0; at <= LIMITS.authFailures; at += 1) ask(['token'], { ticket: `${TICKET_PREFIX}${at}` });
    expect(ask(['token'], { ticket: 'x' })).toMatchObject({ code: 'RATE_LIMITED' });
  });
  it('are no bearer tokens, and not for listeners without tokens', () => {
    const { authenticator, ask } = bench();
    const { ticket } = open(authenticator);
    expect(ask(['token'], bearer(ticket))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(ask(['basic'], { ticket })).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
  it('are not kept without end', () => {
    const { authenticator, time } = bench();
    for (let at = 0; at < LIMITS.tickets; at += 1) open(authenticator);
    expect(authenticator.ticketFor(principal)).toBeUndefined();
    time.now += 60_000;
    expect(authenticator.ticketFor(principal)).toBeDefined();
  });
});

describe('users with passwords', () => {
  const auth = { basic: { ann: { password: 'pass:word', scopes: ['A'] }, bob: { password: 'x', scopes: ['B'] } } };
  it('are who they are with the right one only', () => {
    const { authenticator, ask } = bench(auth);
    authenticator.prepare(['basic']);
    expect(ask(['basic'], basic('ann:pass:word'))).toMatchObject({ subject: 'ann', scopes: ['A'], method: 'basic' });
    for (const wrong of ['ann:pass', 'ann:', 'ann', ':', '', 'bob:pass:word', 'eve:x', '__proto__:x'])
      expect(ask(['basic'], { ...basic(wrong), remoteAddress: wrong })).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(ask(['token'], basic('ann:pass:word'))).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
  it('cannot be guessed: a locked address is refused even with the right one', () => {
    const { authenticator, ask } = bench(auth);
    authenticator.prepare(['basic']);
    for (let at = 0; at <= LIMITS.authFailures; at += 1) ask(['basic'], basic(`ann:${at}`));
    expect(ask(['basic'], basic('ann:pass:word'))).toMatchObject({ code: 'RATE_LIMITED' });
  });
});

describe('client certificates', () => {
  const auth = {
    certificates: {
      'O=Acme,CN=agent-1': { scopes: ['A'] },
      'CN=agent-2': { scopes: ['B'] },
      'URI:spiffe://acme/agent': { scopes: ['A', 'B'], permissions: ['ingest', 'query'] },
    },
  };
  const certificate = (subject: string, ...names: string[]) => ({ certificate: { subject, names, expiresMs: NOW + HOUR } });

  it('are known by the whole subject, the common name or another name', () => {
    const { authenticator, ask } = bench(auth);
    authenticator.prepare(['certificate']);
    expect(ask(['certificate'], certificate('O=Acme,CN=agent-1', 'CN=agent-1'))).toMatchObject({ scopes: ['A'] });
    expect(ask(['certificate'], certificate('O=Other,CN=agent-2', 'CN=agent-2'))).toMatchObject({ scopes: ['B'] });
    expect(ask(['certificate'], certificate('', 'URI:spiffe://acme/agent'))).toMatchObject({ scopes: ['A', 'B'] });
    const unknown = ask(['certificate'], certificate('O=Other,CN=agent-1', 'CN=agent-1', 'DNS:toString'));
    expect(unknown).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(isRefused(ask(['certificate'], certificate('constructor')) as never)).toBe(true);
  });
  it('that end while the connection is open are refused from then on', () => {
    const { authenticator, ask, time } = bench(auth);
    authenticator.prepare(['certificate']);
    const shown = certificate('O=Acme,CN=agent-1');
    expect(ask(['certificate'], shown)).toMatchObject({ scopes: ['A'] });
    time.now += HOUR;
    expect(ask(['certificate'], shown)).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
  it('that nobody knows are refused each time, and hold nothing against the address', () => {
    const { authenticator, ask, events } = bench(auth);
    authenticator.prepare(['certificate']);
    for (let at = 0; at < LIMITS.authFailures * 2; at += 1)
      expect(ask(['certificate'], certificate('CN=nobody'))).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(ask(['certificate'], certificate('O=Acme,CN=agent-1'))).toMatchObject({ scopes: ['A'] });
    expect(events[0]).toMatchObject({ type: 'AUTH', action: 'certificate_unknown', result: 'FAILURE', client: '10.0.0.9' });
  });
  it('count where an Authorization header means nothing', () => {
    const { authenticator, ask } = bench(auth);
    authenticator.prepare(['certificate']);
    const both = { ...certificate('O=Acme,CN=agent-1'), ...bearer('for.a.proxy') };
    expect(ask(['certificate'], both)).toMatchObject({ scopes: ['A'] });
  });
  it('do not help who shows a bad token with it', async () => {
    const { authenticator, ask } = bench(auth);
    authenticator.prepare(['certificate', 'token']);
    const both = { ...certificate('O=Acme,CN=agent-1'), ...bearer('bad.to.ken') };
    expect(await ask(['certificate', 'token'], both)).toMatchObject({ code: 'UNAUTHENTICATED' });
    expect(ask(['token'], certificate('O=Acme,CN=agent-1'))).toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('sessions of browsers', () => {
  it('stand for whoever the link was made for, once', async () => {
    const { authenticator, ask } = bench();
    authenticator.prepare(['token']);
    authenticator.setOwner('owner-token');
    const link = authenticator.linkForOwner() ?? '';
    const began = authenticator.beginSession(link, '10.0.0.9');
    expect(began).toHaveProperty('secret');
    const session = 'secret' in began ? began.secret : '';
    expect(ask(['token'], { session })).toMatchObject({ subject: 'owner of this machine', scopes: ['A', 'B'] });
    expect(authenticator.beginSession(link, '10.0.0.9')).toMatchObject({ ok: false, code: 'UNAUTHENTICATED' });
    authenticator.endSession(session);
    expect(ask(['token'], { session })).toMatchObject({ ok: false, code: 'UNAUTHENTICATED' });
  });

  it('wait an hour for their link, and make none while this machine has no owner', () => {
    const { authenticator, time } = bench();
    authenticator.prepare(['token']);
    expect(authenticator.linkForOwner()).toBeUndefined();
    authenticator.setOwner('owner-token');
    const [early, late] = [authenticator.linkForOwner() ?? '', authenticator.linkForOwner() ?? ''];
    time.now += HOUR - 1;
    expect(authenticator.beginSession(early, '10.0.0.9')).toHaveProperty('secret');
    time.now += 1;
    expect(authenticator.beginSession(late, '10.0.0.9')).toMatchObject({ ok: false });
  });

  it('end when the token they came from is revoked, and never count as failed tries', async () => {
    const path = join(folder(), 'void');
    const { authenticator, ask, time, events } = bench({ tokens: { secret: SECRET, revocation_file: path } });
    authenticator.prepare(['token']);
    const principal = await ask(['token'], bearer(await tokenOf({ claims: { jti: 'gone' } }, NOW)));
    const { ticket } = authenticator.ticketFor(principal as Principal) ?? { ticket: '' };
    const began = authenticator.beginSession(ticket, '10.0.0.9');
    const session = 'secret' in began ? began.secret : '';
    expect(ask(['token'], { session })).toBe(principal);
    writeFileSync(path, 'gone\n');
    time.now += 2000;
    const before = events.length;
    for (let at = 0; at <= LIMITS.authFailures; at += 1)
      expect(ask(['token'], { session })).toMatchObject({ ok: false, code: 'UNAUTHENTICATED' });
    expect(events.length).toBe(before);
  });

  it('give way to a token, and are nothing where tokens are not taken', async () => {
    const { authenticator, ask } = bench({ basic: { ann: { password: 'pw', scopes: ['A'], permissions: ['query'] } } });
    authenticator.prepare(['token', 'basic']);
    authenticator.setOwner('owner-token');
    const began = authenticator.beginSession(authenticator.linkForOwner() ?? '', '10.0.0.9');
    const session = 'secret' in began ? began.secret : '';
    expect(await ask(['token'], { session, ...bearer(await tokenOf({}, NOW)) })).toMatchObject({ subject: 'agent-1' });
    expect(ask(['basic'], { session })).toMatchObject({ ok: false, code: 'UNAUTHENTICATED' });
  });
});
