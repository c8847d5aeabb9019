import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../pipeline/auth.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { endedCookie, sessionCookie, sessionSecret } from '../../../server/auth/session-cookie.ts';
import { Sessions } from '../../../server/auth/sessions.ts';

const ANN: Principal = { subject: 'ann', scopes: ['A'], permissions: new Set(['query']), method: 'token' };

describe('sessions', () => {
  it('are found by their secret until they end', () => {
    let now = 1000;
    const sessions = new Sessions(() => now);
    const { secret, expiresMs } = sessions.begin(ANN);
    expect(secret.length).toBeGreaterThanOrEqual(43);
    expect(expiresMs).toBe(1000 + LIMITS.sessionLifeMs);
    expect(sessions.find(secret)).toBe(ANN);
    expect(sessions.find(`${secret}x`)).toBeUndefined();
    now = expiresMs;
    expect(sessions.find(secret)).toBeUndefined();
    const other = sessions.begin(ANN).secret;
    sessions.end(other);
    expect(sessions.find(other)).toBeUndefined();
  });

  it('never outlive the token they came from', () => {
    expect(new Sessions(() => 1000).begin({ ...ANN, expiresMs: 5000 }).expiresMs).toBe(5000);
  });

  it('are bounded: the oldest makes room', () => {
    const sessions = new Sessions(() => 0);
    const [first, second] = [sessions.begin(ANN).secret, sessions.begin(ANN).secret];
    for (let at = 0; at < LIMITS.sessions - 1; at += 1) sessions.begin(ANN);
    expect([sessions.find(first), sessions.find(second)]).toEqual([undefined, ANN]);
  });
});

const head = (method: string, headers: Record<string, string>) => ({
  method,
  header: (name: string) => ({ host: 'localhost:3004', cookie: 'periscope_session_3004=abc', ...headers })[name] ?? '',
});

describe('the cookie of a session', () => {
  it('is the one of this port, wherever it stands among others', () => {
    expect(sessionSecret(head('GET', {}))).toBe('abc');
    const cookie = 'theme=dark; periscope_session_3005=other;periscope_session_3004=mine; x=y';
    expect(sessionSecret(head('GET', { cookie }))).toBe('mine');
    expect(sessionSecret(head('GET', { cookie: 'periscope_session_30040=no' }))).toBe('');
    expect(sessionSecret(head('GET', { host: 'periscope.example.com', cookie: 'periscope_session=p' }))).toBe('p');
    expect(sessionSecret(head('GET', { cookie: '' }))).toBe('');
  });

  it.each([
    ['GET', { 'sec-fetch-site': 'same-origin' }, true],
    ['POST', { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:3004' }, true],
    ['GET', { 'sec-fetch-site': 'none' }, true],
    ['POST', { 'sec-fetch-site': 'none' }, false],
    ['GET', { 'sec-fetch-site': 'same-site' }, false],
    ['GET', { 'sec-fetch-site': 'cross-site' }, false],
    ['POST', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, false],
    ['POST', { origin: 'http://localhost:5000' }, false],
    ['POST', { origin: 'null' }, false],
    ['POST', { origin: 'http://localhost:3004' }, true],
    ['POST', { origin: 'http://localhost:3004.evil.example' }, false],
    ['GET', { origin: 'https://localhost:3004' }, true],
    ['POST', {}, true],
  ] as const)('%s with %o counts: %s', (method, headers, counts) => {
    expect(sessionSecret(head(method, headers)) !== '').toBe(counts);
  });

  it('is for this server only, out of reach of scripts, and with TLS for TLS only', () => {
    const plain = sessionCookie('localhost:3004', 'abc', { seconds: 60.9, tls: false });
    expect(plain).toBe('periscope_session_3004=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60');
    expect(sessionCookie('example.com', 'abc', { seconds: 60, tls: true })).toBe(
      'periscope_session=abc; Path=/; HttpOnly; SameSite=Strict; Max-Age=60; Secure',
    );
    expect(endedCookie('localhost:3004')).toContain('periscope_session_3004=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0');
  });
});
