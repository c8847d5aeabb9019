import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { authSchema } from '../../../pipeline/auth.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { overrideMatrix, SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';
import type { EngineName } from '../../../server/engine/index.ts';
import { encode, numbered } from '../../support/build.ts';
import { Authority, type Identity } from '../../support/certificates.ts';
import { engines } from '../../support/http-engines.ts';
import { partialSuccessOf, startReceiver, statusOf, type RunningReceiver } from '../../support/otlp-receiver.ts';
import { RawHttp, type RawAnswer } from '../../support/raw-http.ts';
import { RecordingIntake } from '../../support/recording-intake.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { SECRET, tokenOf } from '../../support/tokens.ts';

const PROTOBUF = { 'Content-Type': 'application/x-protobuf' };
const body = (scope?: string): Uint8Array =>
  encode('logs', numbered('logs', 3, { 'service.name': 'test', ...(scope === undefined ? {} : { 'periscope.scope': scope }) }));
const matrix = overrideMatrix(SCOPE_MATRIX, { A: {}, B: {}, C: {} });
const folder = temporaryFolders();
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

async function start(
  engine: EngineName,
  http: Record<string, unknown>,
  auth: Record<string, unknown> = {},
): Promise<RunningReceiver> {
  const config = authSchema.parse({ tokens: { secret: SECRET }, ...auth });
  return startReceiver(engine, http, new RecordingIntake(), {}, { auth: config, matrix, storage: folder() });
}

describe.each(engines)('a listener that wants a token, on %s', (engine) => {
  let running: RunningReceiver;
  const connections: RawHttp[] = [];
  afterEach(async () => {
    for (const connection of connections.splice(0)) connection.destroy();
    await running.receiver.stop(1000);
    expect(running.intake.open).toBe(0);
    expect(running.intake.underWay).toBe(0);
  });
  async function connect(): Promise<RawHttp> {
    const connection = await RawHttp.open(running.url);
    connections.push(connection);
    return connection;
  }
  async function send(headers: Record<string, string>, what = body()): Promise<RawAnswer> {
    const connection = await connect();
    const answer = await connection.post('/v1/logs', what, { ...PROTOBUF, ...headers }).answer();
    connection.destroy();
    if (answer === undefined) throw new Error('no answer came');
    return answer;
  }
  const withToken = async (claims: Record<string, unknown>): Promise<Record<string, string>> => ({
    Authorization: `Bearer ${await tokenOf({ claims })}`,
  });
  const scopes = (): string[] => running.intake.batches.map(({ scope }) => scope);

  test('takes data with one, as its scope, the first time and from then on', async () => {
    running = await start(engine, { auth: 'token' });
    const headers = await withToken({ scopes: ['A'] });
    for (let time = 0; time < 3; time += 1) expect((await send(headers)).status).toBe(200);
    expect(scopes()).toEqual(['A', 'A', 'A']);
  });

  test('without one it is 401 with a challenge, whatever else is wrong, and no body is read', async () => {
    running = await start(engine, { auth: 'token' });
    for (const [path, headers] of [
      ['/v1/logs', PROTOBUF],
      ['/v1/nothing', PROTOBUF],
      ['/v1/logs', { 'Content-Type': 'text/plain' }],
    ] as const) {
      const connection = await connect();
      const answer = await connection.post(path, body(), headers).answer();
      expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer realm="periscope"' } });
      expect(statusOf(answer?.headers['content-type'], answer?.body ?? Buffer.alloc(0))).toMatchObject({ code: 16 });
    }
    expect(running.intake).toMatchObject({ requests: [], admissions: 0 });
  });

  test('a bad one is 401, one without the permission or the scope 403', async () => {
    running = await start(engine, { auth: 'token', scope: 'A' });
    const cases: [Record<string, unknown>, number][] = [
      [{ exp: 1 }, 401],
      [{ aud: 'another' }, 401],
      [{ permissions: ['query'] }, 403],
      [{ scopes: ['B'] }, 403],
      [{ scopes: ['nowhere'] }, 403],
      [{ scopes: ['A', 'B'] }, 200],
    ];
    for (const [claims, status] of cases)
      expect([claims, (await send(await withToken(claims))).status]).toEqual([claims, status]);
    expect(scopes()).toEqual(['A']);
  });

  test('X-Dashboard-Scope chooses among its scopes and never widens them', async () => {
    running = await start(engine, { auth: 'token' });
    const headers = await withToken({ scopes: ['A', 'B'] });
    expect((await send({ ...headers, 'X-Dashboard-Scope': 'B' })).status).toBe(200);
    for (const chosen of ['C', 'A,B', 'a', '*'])
      expect((await send({ ...headers, 'X-Dashboard-Scope': chosen })).status).toBe(403);
    expect(scopes()).toEqual(['B']);
  });

  test('with several scopes it is a gateway: each group must say its own', async () => {
    running = await start(engine, { auth: 'token' });
    const headers = await withToken({ scopes: ['A', 'B'] });
    const both = Buffer.concat([body('A'), body('B'), body('C'), body()]);
    const answer = await send(headers, both);
    expect(answer.status).toBe(200);
    expect(partialSuccessOf(answer.body)?.rejected).toBe(6);
    expect(scopes().toSorted()).toEqual(['A', 'B']);
  });

  test('a body of any size waits until its token is known to be good', async () => {
    running = await start(engine, { auth: 'token' });
    const large = encode('logs', numbered('logs', 40_000));
    expect(large.length).toBeGreaterThan(500_000);
    expect((await send(await withToken({ sub: 'large' }), large)).status).toBe(200);
    const refused = await connect();
    const head = {
      ...PROTOBUF,
      Authorization: `Bearer ${await tokenOf({ claims: { exp: 1 } })}`,
      'Content-Length': `${60 << 20}`,
    };
    refused.head('POST', '/v1/logs', head).write(Buffer.alloc(1 << 20));
    expect(await refused.answer()).toMatchObject({ status: 401 });
    expect(running.intake.requests).toHaveLength(1);
  });

  test('a sender who leaves while its token is checked leaves nothing behind', async () => {
    running = await start(engine, { auth: 'token' });
    for (let round = 0; round < 30; round += 1) {
      const connection = await connect();
      connection
        .head('POST', '/v1/logs', { ...PROTOBUF, ...(await withToken({ sub: `s${round}` })), 'Content-Length': '1000' })
        .write('x');
      if (round % 2 === 0) await sleep(2);
      connection.destroy();
    }
    await sleep(50);
    expect(running.intake.open).toBe(0);
    expect(running.intake.underWay).toBe(0);
  });

  test('a flood of bad tokens: the address is locked out with Retry-After, a known sender goes on', async () => {
    running = await start(engine, { auth: 'token' });
    const known = await withToken({});
    expect((await send(known)).status).toBe(200);
    const statuses: number[] = [];
    const connection = await connect();
    let locked: RawAnswer | undefined;
    for (let at = 0; at < 200; at += 1) {
      const answer = await connection.post('/v1/logs', 'x', { ...PROTOBUF, Authorization: `Bearer bad.${at}.token` }).answer();
      statuses.push(answer?.status ?? 0);
      locked = answer;
    }
    expect(statuses.filter((status) => status === 401)).toHaveLength(LIMITS.authFailures + 1);
    expect(statuses.slice(LIMITS.authFailures + 1).every((status) => status === 429)).toBe(true);
    expect(Number(locked?.headers['retry-after'])).toBeGreaterThan(0);
    expect((await send(known)).status).toBe(200);
    const text = running.lines.map(({ message }) => message).join('\n');
    expect(text).not.toContain('bad.1.token');
  });

  test('a token of a megabyte and a bomb of headers cost their connection and nothing else', async () => {
    running = await start(engine, { auth: 'token' });
    for (const headers of [
      { ...PROTOBUF, Authorization: `Bearer ${'x'.repeat(1 << 20)}` },
      { ...PROTOBUF, ...Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`x-bomb-${at}`, 'y'.repeat(40)])) },
    ]) {
      const connection = await connect();
      const answer = await connection.post('/v1/logs', 'x', headers).answer();
      expect(answer === undefined || answer.status >= 400).toBe(true);
    }
    expect((await send(await withToken({}))).status).toBe(200);
    expect(running.intake.requests).toHaveLength(1);
  });

  test.each(['/v1/../v1/logs', '//v1/logs', '/v1/logs/', '/V1/LOGS', '/v1%2flogs', '/v1/logs;x', '/v1/logs%00'])(
    'the path %s leads nowhere with a token, and past none',
    async (path) => {
      running = await start(engine, { auth: 'token' });
      const connection = await connect();
      expect(await connection.post(path, body(), PROTOBUF).answer()).toMatchObject({ status: 401 });
      const answer = await connection.post(path, body(), { ...PROTOBUF, ...(await withToken({})) }).answer();
      expect(answer === undefined || answer.status === 404 || answer.status === 400).toBe(true);
      expect(running.intake.requests).toEqual([]);
    },
  );

  test('two Authorization headers do not make one that is good', async () => {
    running = await start(engine, { auth: 'token' });
    const token = await tokenOf();
    const connection = await connect();
    connection.write(
      `POST /v1/logs HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nAuthorization: Bearer bad.to.ken\r\nAuthorization: Bearer ${token}\r\nContent-Length: 0\r\n\r\n`,
    );
    // Engines read the first of the two, or both as one: neither lets the second speak for the first.
    expect((await connection.answer())?.status).not.toBe(200);
  });

  test('a page may ask what is allowed without a token, and send with one', async () => {
    const cors = { allowed_origins: ['https://app.example'], allowed_headers: ['authorization'] };
    running = await start(engine, { auth: 'token', cors });
    const origin = { Origin: 'https://app.example' };
    const connection = await connect();
    const asked = { ...origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' };
    expect(await connection.head('OPTIONS', '/v1/logs', asked).answer()).toMatchObject({ status: 204 });
    const refused = await connection.post('/v1/logs', body(), { ...PROTOBUF, ...origin }).answer();
    expect(refused).toMatchObject({ status: 401, headers: { 'access-control-allow-origin': 'https://app.example' } });
    expect((await send({ ...origin, ...(await withToken({})) })).status).toBe(200);
  });

  test('metadata never holds what a sender proves itself with', async () => {
    running = await start(engine, { auth: 'token', include_metadata: true });
    await send({ ...(await withToken({})), Cookie: 'session=1', 'X-Tenant': 't' });
    const metadata = running.intake.requests[0]?.origin.metadata ?? {};
    expect(metadata['x-tenant']).toBe('t');
    expect(Object.keys(metadata)).not.toContain('authorization');
    expect(Object.keys(metadata)).not.toContain('cookie');
  });

  test('passwords do where nothing else can be', async () => {
    const users = { basic: { ann: { password: 'pw', scopes: ['B'] } } };
    running = await start(engine, { auth: ['token', 'basic'] }, users);
    expect((await send({ Authorization: basic('ann:pw') })).status).toBe(200);
    const answer = await send({ Authorization: basic('ann:no') });
    expect(answer).toMatchObject({ status: 401 });
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="periscope", Basic realm="periscope", charset="UTF-8"');
    expect((await send(await withToken({ scopes: ['A'] }))).status).toBe(200);
    expect(scopes()).toEqual(['B', 'A']);
  });
});

describe('a listener that wants a client certificate', () => {
  const authority = new Authority();
  const server = authority.issueServer();

  function post(url: string, client: Identity, headers: Record<string, string> = {}): Promise<number> {
    return new Promise((resolve, reject) => {
      const options = { method: 'POST', agent: false, ca: authority.cert, ...client, headers: { ...PROTOBUF, ...headers } };
      const sent = httpsRequest(`${url}/v1/logs`, options, (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? 0));
      });
      sent.on('error', reject);
      sent.end(body());
    });
  }

  test('takes data as the scopes of its subject, and of nobody else', async () => {
    const certificates = { 'O=Acme,CN=a': { scopes: ['A'] }, 'CN=b': { scopes: ['B'], permissions: ['query'] } };
    const tls = { cert_pem: server.cert, key_pem: server.key, client_ca_pem: authority.cert };
    const running = await start('node', { auth: ['certificate', 'token'], tls }, { certificates });
    try {
      const known = authority.issue({ subject: { O: 'Acme', CN: 'a' } });
      expect(await post(running.url, known)).toBe(200);
      expect(await post(running.url, authority.issue({ subject: { CN: 'a' } }))).toBe(401);
      expect(await post(running.url, authority.issue({ subject: { CN: 'b' } }))).toBe(403);
      const authorization = `Bearer ${await tokenOf({ claims: { scopes: ['C'] } })}`;
      expect(await post(running.url, known, { authorization })).toBe(200);
      await expect(post(running.url, new Authority().issue())).rejects.toThrow();
      expect(running.intake.batches.map(({ scope }) => scope)).toEqual(['A', 'C']);
    } finally {
      await running.receiver.stop(0);
    }
  });
});
