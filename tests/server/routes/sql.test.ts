import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AuditTrail } from '../../../pipeline/audit.ts';
import { authSchema } from '../../../pipeline/auth.ts';
import type { HttpListener } from '../../../pipeline/host.ts';
import { IngestPoints } from '../../../pipeline/ingest.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';
import { Authenticator } from '../../../server/auth/authenticator.ts';
import { openHttp } from '../../../server/engine/index.ts';
import { oneScope } from '../../../server/routes/one-scope.ts';
import { openApi } from '../../../server/routes/open.ts';
import { readSqlRequest } from '../../../server/routes/sql-request.ts';
import { askedAnalytics, type AskedAnalytics } from '../../support/asked-analytics.ts';
import { quietContext } from '../../support/contexts.ts';
import { HTTP_OPTIONS, until } from '../../support/http-bench.ts';
import { askedScope, SMALL_TABLES } from '../../support/scope-sql.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { SECRET, tokenOf } from '../../support/tokens.ts';

const folder = temporaryFolders();
/** Little memory: a query has used it up long before its time is over, however busy the machine. */
const a = askedScope(SMALL_TABLES, 64 * 1024 * 1024);
const b = askedScope(["CREATE VIEW only_in_b AS SELECT 'b' AS letter"]);
let analytics: AskedAnalytics;
let listener: HttpListener;

beforeAll(async () => {
  analytics = askedAnalytics({ A: a, B: b });
  const storageDirectory = folder();
  const config = authSchema.parse({ tokens: { secret: SECRET } });
  const { log } = quietContext();
  const authenticator = new Authenticator({ config, storageDirectory, known: ['A', 'B'], audit: new AuditTrail(), log });
  authenticator.prepare(['token']);
  authenticator.setOwner('owner-token');
  listener = await openApi(
    { ...HTTP_OPTIONS, maxBodyBytes: LIMITS.apiBodyBytes, auth: ['token'] },
    {
      open: openHttp,
      authenticator: () => authenticator,
      ledger: () => ({ receivers: [], pipelines: [], exporters: [] }),
      queueShare: () => undefined,
      ingest: new IngestPoints(),
      analytics,
      matrix: () => SCOPE_MATRIX,
      runsAs: () => 'A',
      storageDirectory,
      pageDirectory: storageDirectory,
      setOwner: () => {},
    },
  );
});
afterAll(() => listener.close(0));

const tokenFor = (...scopes: string[]): Promise<string> => tokenOf({ claims: { scopes, permissions: ['query'] } });

async function ask(token: string, body: unknown, headers: Record<string, string> = {}, path = '/api/v1/sql') {
  const response = await fetch(`${listener.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) as Record<string, unknown> };
}

describe('POST /api/v1/sql', () => {
  it('answers rows as JSON, with what there is to know about them', async () => {
    const answer = await ask(await tokenFor('A'), {
      sql: 'SELECT i, name FROM numbers WHERE i < $n ORDER BY i',
      params: { n: 2 },
    });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(answer.json()).toEqual({
      columns: [
        { name: 'i', type: 'BIGINT' },
        { name: 'name', type: 'VARCHAR' },
      ],
      rows: [
        [0, 'n0'],
        [1, 'n1'],
      ],
      row_count: 2,
      elapsed_ms: expect.any(Number) as number,
      truncated: null,
      scope: 'A',
    });
  });

  it('says where it cut, by rows or by bytes', async () => {
    const token = await tokenFor('A');
    const byRows = await ask(token, { sql: 'FROM numbers', max_rows: 3 });
    expect(byRows.json()).toMatchObject({ row_count: 3, truncated: { by: 'rows', limit: 3 } });
    const unasked = await ask(token, { sql: 'FROM range(20000)' });
    expect(unasked.json()).toMatchObject({ row_count: LIMITS.sqlRows, truncated: { by: 'rows', limit: LIMITS.sqlRows } });
    const byBytes = await ask(token, { sql: "SELECT repeat('x', 1000000) FROM range(20)" });
    expect(byBytes.json()).toMatchObject({ row_count: 16, truncated: { by: 'bytes', limit: LIMITS.sqlBytes } });
    const csv = await ask(token, { sql: 'SELECT i FROM numbers ORDER BY i', format: 'csv', max_rows: 2 });
    expect(csv.text).toBe('i\r\n0\r\n1\r\n');
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
    expect(csv.headers.get('x-periscope-truncated')).toBe('rows; limit=2');
    expect([csv.headers.get('x-periscope-rows'), csv.headers.get('x-periscope-scope')]).toEqual(['2', 'A']);
    const ndjson = await ask(token, { sql: 'SELECT 1 AS a', format: 'ndjson' });
    expect(ndjson.text).toBe('{"a":1}\n');
    expect([ndjson.headers.get('content-type'), ndjson.headers.get('x-periscope-truncated')]).toEqual([
      'application/x-ndjson',
      null,
    ]);
  });

  it('asks the scope of the token; of several the one that is chosen, and none else', async () => {
    expect((await ask(await tokenFor('B'), { sql: 'FROM only_in_b' })).json()).toMatchObject({ rows: [['b']], scope: 'B' });
    expect((await ask(await tokenFor('A'), { sql: 'FROM only_in_b' })).json()).toMatchObject({ code: 'SQL_INVALID' });
    const both = await tokenFor('A', 'B');
    const unclear = await ask(both, { sql: 'SELECT 1' });
    expect(unclear.status).toBe(400);
    expect(unclear.json()).toMatchObject({
      code: 'SCOPE_NEEDED',
      detail: 'cannot choose a scope: this caller has A, B; send X-Dashboard-Scope or ?scope=',
    });
    expect((await ask(both, { sql: 'FROM only_in_b' }, { 'x-dashboard-scope': 'B' })).status).toBe(200);
    expect((await ask(both, { sql: 'FROM numbers' }, {}, '/api/v1/sql?scope=A')).status).toBe(200);
    const before = analytics.asked.length;
    expect((await ask(await tokenFor('A'), { sql: 'SELECT 1' }, { 'x-dashboard-scope': 'B' })).json()).toMatchObject({
      code: 'SCOPE_FORBIDDEN',
    });
    expect(analytics.asked).toHaveLength(before);
  });

  it('asks for this machine’s owner, who names none, the scope that it runs as', async () => {
    expect((await ask('owner-token', { sql: 'SELECT 1' })).json()).toMatchObject({ scope: 'A' });
    expect((await ask('owner-token', { sql: 'SELECT 1' }, { 'x-dashboard-scope': 'B' })).json()).toMatchObject({ scope: 'B' });
    expect((await ask('owner-token', { sql: 'SELECT 1' }, { 'x-dashboard-scope': 'C' })).json()).toMatchObject({
      code: 'SCOPE_FORBIDDEN',
    });
  });

  it('wants the permission to query, and says nothing of the body to others', async () => {
    const ingest = await tokenOf({ claims: { scopes: ['A'], permissions: ['ingest'] } });
    expect((await ask(ingest, { sql: 'SELECT 1' })).json()).toMatchObject({ code: 'PERMISSION_DENIED' });
    expect((await ask('nonsense', 'no json')).json()).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('gives the faults of SQL the status of their code', async () => {
    const token = await tokenFor('A');
    for (const [sql, status, code] of [
      ['SELEC', 400, 'SQL_INVALID'],
      ['DROP VIEW numbers', 403, 'SQL_FORBIDDEN'],
      ["SELECT list(repeat('x', 1000000)) FROM range(1000)", 422, 'SQL_MEMORY'],
    ] as const) {
      const answer = await ask(token, { sql });
      expect([answer.status, answer.json()['code']], sql).toEqual([status, code]);
    }
    const late = await ask(token, { sql: 'SELECT count(*) FROM numbers a, numbers b, numbers c', timeout_ms: 20 });
    expect([late.status, late.json()['code']]).toEqual([408, 'SQL_TIMEOUT']);
  });

  it('says what is wrong with a body', async () => {
    const token = await tokenFor('A');
    for (const [body, cause] of [
      ['', 'the body is no JSON'],
      ['{"sql":', 'the body is no JSON'],
      ['["SELECT 1"]', 'the body is no object'],
      ['null', 'the body is no object'],
      [{}, 'sql is no text'],
      [{ sql: 'SELECT 1', query: 'x' }, 'there is no key "query"; there are sql, params, format, timeout_ms, max_rows'],
      [{ sql: 'SELECT 1', params: 'x' }, 'params is neither'],
      [{ sql: 'SELECT 1', params: null }, 'params is neither'],
      [{ sql: 'SELECT 1', format: 'xml' }, 'format is none of json, csv, ndjson'],
      [{ sql: 'SELECT 1', timeout_ms: 5001 }, 'timeout_ms is no number from 1 to 5000'],
      [{ sql: 'SELECT 1', max_rows: 0 }, 'max_rows is no number from 1 to 100000'],
    ] as const) {
      const answer = await ask(token, body);
      expect([answer.status, answer.json()['code']], JSON.stringify(body)).toEqual([400, 'SQL_INVALID']);
      expect(answer.json()['detail']).toContain(`cannot read the query: ${cause}`);
    }
    expect((await ask(token, { sql: 'x'.repeat(LIMITS.apiBodyBytes) })).json()).toMatchObject({ code: 'BODY_TOO_LARGE' });
    expect(readSqlRequest(Uint8Array.of(0xff))).toContain('no JSON');
  });

  it('ends a query whose asker leaves', async () => {
    const before = analytics.asked.length;
    const leaver = new AbortController();
    const left = fetch(`${listener.url}/api/v1/sql`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await tokenFor('A')}` },
      body: JSON.stringify({ sql: 'SELECT count(*) FROM numbers a, numbers b, numbers c' }),
      signal: leaver.signal,
    }).catch(() => 'left');
    await until(() => analytics.asked.length === before + 1);
    leaver.abort();
    expect(await left).toBe('left');
    await until(() => analytics.asked[before]?.signal.aborted === true);
  });
});

describe('GET /api/v1/tables', () => {
  it('lists the tables of the one scope that is asked', async () => {
    const get = async (token: string, path = '/api/v1/tables') => {
      const response = await fetch(`${listener.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    expect(await get(await tokenFor('B'))).toEqual({
      status: 200,
      body: {
        scope: 'B',
        tables: [
          {
            name: 'only_in_b',
            kind: 'view',
            comment: '',
            rows: 1,
            columns: [{ name: 'letter', type: 'VARCHAR', comment: '' }],
          },
        ],
      },
    });
    expect(await get(await tokenFor('A', 'B'))).toMatchObject({ status: 400, body: { code: 'SCOPE_NEEDED' } });
    expect(await get('owner-token')).toMatchObject({ status: 200, body: { scope: 'A' } });
    expect(await get(await tokenFor('A', 'B'), '/api/v1/tables?scope=A')).toMatchObject({ status: 200, body: { scope: 'A' } });
  });
});

describe('the scope of a caller', () => {
  it('is named of many by the first', () => {
    const scopes = Array.from({ length: 50 }, (_, n) => `s${n}`);
    const of = (all: readonly string[]) => {
      const principal = { subject: 'x', scopes: all, permissions: new Set<never>(), method: 'token' } as const;
      return JSON.stringify(oneScope({ principal, scopes: all, chosen: '', admin: false }, { runsAs: 's1' }));
    };
    expect(of(scopes)).toContain('s18, s19, and 30 more');
    expect(of([])).toContain('this caller has none');
  });

  it('is for the owner of a machine that runs as a scope which is none of its own one to be named', () => {
    const owner = { subject: 'x', scopes: ['A', 'B'], permissions: new Set<never>(), method: 'token', isOwner: true } as const;
    const caller = { principal: owner, scopes: owner.scopes, chosen: '', admin: true };
    expect(oneScope(caller, { runsAs: 'B' })).toBe('B');
    expect(oneScope(caller, { runsAs: 'C' })).toMatchObject({ status: 400 });
  });
});
