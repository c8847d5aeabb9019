import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { AuthRefusal } from '../../../pipeline/auth.ts';
import type { HttpAnswer, HttpHead } from '../../../pipeline/host.ts';
import { PageFiles } from '../../../server/routes/page-files.ts';
import { PAGE_PATHS } from '../../../server/routes/page-paths.ts';
import { Page } from '../../../server/routes/page.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const HTML = '<!doctype html><title>Periscope</title>';
const SCRIPT = `console.log(${'1+'.repeat(500)}1);`;
const TICKET = 'pst_good';
const REFUSED: AuthRefusal = { ok: false, code: 'UNAUTHENTICATED', retryable: false, message: 'no' };

async function page(tls = false) {
  const directory = folder();
  mkdirSync(join(directory, 'assets'));
  writeFileSync(join(directory, 'index.html'), HTML);
  writeFileSync(join(directory, 'assets/main-abc123.js'), SCRIPT);
  writeFileSync(join(directory, 'secret.key'), 'no page');
  const files = await PageFiles.read(directory);
  if (files === undefined) throw new Error('no page');
  const open = new Set([TICKET]);
  const ended: string[] = [];
  const made = new Page({
    files,
    tls,
    now: () => 0,
    beginSession: (ticket) => (open.delete(ticket) ? { secret: 'session-secret', expiresMs: 60_000 } : REFUSED),
    endSession: (secret) => void ended.push(secret),
  });
  const ask = (target: string, { method = 'GET', ...headers }: Record<string, string> = {}): HttpAnswer | undefined => {
    const [path = '', query = ''] = target.split('?');
    const known: Record<string, string> = { host: 'localhost:3004', ...headers };
    const head: HttpHead = {
      method,
      path,
      query,
      remoteAddress: '127.0.0.1',
      contentLength: 0,
      state: undefined,
      header: (name) => known[name] ?? '',
      headers: () => known,
    };
    return made.answer(head);
  };
  return { ask, ended };
}
const text = (answer: HttpAnswer | undefined): string => Buffer.from(answer?.body ?? '').toString();

describe('the files of the page', () => {
  it('are the same page at each of its addresses, asked for again each time', async () => {
    const { ask } = await page();
    for (const path of PAGE_PATHS) {
      const answer = ask(`${path}?range=5m`);
      expect([answer?.status, text(answer)]).toEqual([200, HTML]);
      expect(answer?.headers).toMatchObject({ 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-cache' });
    }
  });

  it('let nothing come from, go to or be framed by another origin', async () => {
    const { ask } = await page();
    const headers = ask('/')?.headers ?? {};
    const policy = headers['Content-Security-Policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers).toMatchObject({ 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' });
  });

  it('with a hash in their name are kept for good, and travel gzipped to whoever takes that', async () => {
    const { ask } = await page();
    const plain = ask('/assets/main-abc123.js');
    expect(plain?.headers).toMatchObject({ 'Cache-Control': 'public, max-age=31536000, immutable', Vary: 'Accept-Encoding' });
    expect(text(plain)).toBe(SCRIPT);
    const packed = ask('/assets/main-abc123.js', { 'accept-encoding': 'gzip, br' });
    expect(packed?.headers?.['Content-Encoding']).toBe('gzip');
    expect(gunzipSync(packed?.body ?? '').toString()).toBe(SCRIPT);
    expect(ask('/assets/main-abc123.js', { 'accept-encoding': 'gzip;q=0, br' })?.headers).not.toHaveProperty('Content-Encoding');
  });

  it('answer 304 to who has them', async () => {
    const { ask } = await page();
    const etag = ask('/')?.headers?.['ETag'] ?? '';
    expect(ask('/', { 'if-none-match': `"x", W/${etag}` })).toMatchObject({ status: 304, headers: { ETag: etag } });
    expect(ask('/', { 'if-none-match': '"x"' })?.status).toBe(200);
  });

  it.each(['/secret.key', '/../page.test.ts', '/assets/../index.html', '/assets/', '/%2e%2e/x', '//index.html', '/api/v1/sql'])(
    '%s is none of them',
    async (path) => {
      const { ask } = await page();
      expect(ask(path)).toBeUndefined();
    },
  );

  it('are not there when nothing was built', async () => {
    expect(await PageFiles.read(join(folder(), 'nowhere'))).toBeUndefined();
    expect(await PageFiles.read(folder())).toBeUndefined();
  });
});

describe('a one-time link', () => {
  it('becomes a cookie and an address without the ticket', async () => {
    const { ask } = await page();
    const answer = ask(`/logs?range=5m&ticket=${TICKET}`);
    expect(answer).toMatchObject({ status: 303, headers: { Location: '/logs?range=5m', 'Cache-Control': 'no-store' } });
    expect(answer?.headers?.['Set-Cookie']).toBe(
      'periscope_session_3004=session-secret; Path=/; HttpOnly; SameSite=Strict; Max-Age=60',
    );
    expect(ask(`/?ticket=${TICKET}`)?.headers).not.toHaveProperty('Set-Cookie');
    expect(ask(`/?ticket=${TICKET}`)).toMatchObject({ status: 303, headers: { Location: '/?link=used' } });
  });

  it('with TLS gives a cookie for TLS only', async () => {
    const { ask } = await page(true);
    expect(ask(`/?ticket=${TICKET}`)?.headers?.['Set-Cookie']).toMatch(/; Secure$/);
  });

  it('is not used up by what only looks ahead', async () => {
    const { ask } = await page();
    expect(ask(`/?ticket=${TICKET}`, { method: 'HEAD' })?.status).toBe(204);
    expect(ask(`/?ticket=${TICKET}`, { 'sec-purpose': 'prefetch;prerender' })?.status).toBe(204);
    expect(ask(`/?ticket=${TICKET}`)?.headers).toHaveProperty('Set-Cookie');
  });

  it('never leads away from this server', async () => {
    const { ask } = await page();
    expect(ask(`//evil.example?ticket=${TICKET}`)).toBeUndefined();
    expect(ask(`/?ticket=https://evil.example`)?.headers?.['Location']).toBe('/?link=used');
  });
});

describe('signing out', () => {
  it('ends the session and the cookie', async () => {
    const { ask, ended } = await page();
    const answer = ask('/sign-out', { method: 'POST', cookie: 'periscope_session_3004=abc', 'sec-fetch-site': 'same-origin' });
    expect([answer?.status, ended]).toEqual([204, ['abc']]);
    expect(answer?.headers?.['Set-Cookie']).toContain('Max-Age=0');
  });

  it('is nothing another site can do', async () => {
    const { ask, ended } = await page();
    ask('/sign-out', { method: 'POST', cookie: 'periscope_session_3004=abc', 'sec-fetch-site': 'cross-site' });
    expect(ask('/sign-out', { cookie: 'periscope_session_3004=abc' })).toBeUndefined();
    expect(ended).toEqual([]);
  });
});
