import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import { authSchema } from '../../../pipeline/auth.ts';
import type { AuditEvent } from '../../../pipeline/audit.ts';
import { buildGraph, type Graph } from '../../../pipeline/graph.ts';
import type { HttpListener } from '../../../pipeline/host.ts';
import type { Plan } from '../../../pipeline/plan.ts';
import { overrideMatrix, SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';
import { windowsExporter } from '../../../exporters/windows/index.ts';
import { masterPerf } from '../../../receivers/master_perf/index.ts';
import { encode, gauge, point, request } from '../../support/build.ts';
import { quietContext } from '../../support/contexts.ts';
import { HTTP_OPTIONS } from '../../support/http-bench.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import {
  delivery,
  exporterOf,
  pipelineOf,
  planOf,
  receiverOf,
  ScriptedExporter,
  ScriptedReceiver,
} from '../../support/scripted.ts';
import { temporaryFolders } from '../../support/temporary.ts';
import { SECRET, tokenOf } from '../../support/tokens.ts';

const folder = temporaryFolders();
const cleanUp: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of cleanUp.splice(0).reverse()) await end();
});

const PATH = '/api/infra/master-perf';
const METRIC = { category: 'R2', type: 'performance', topic: 'GetObject', id: 'r2.get', value: '12ms' };
const RECEIVER = { id: 'master_perf', component: masterPerf, config: masterPerf.config.parse({ collection_interval: '0s' }) };

const WINDOWS: Plan['exporters'][number] = {
  id: 'windows',
  component: windowsExporter,
  config: windowsExporter.config.parse({ master_perf: [{ match: { metric: 'r2.latency' }, category: 'R2', id: '{op}' }] }),
  delivery: delivery({ sending_queue: { on_full: 'refuse' }, timeout: '30s' }),
};

/** A graph with the real receiver behind the real API; without it, `receivers` are others. With `exporters`, they get it all. */
async function start(receivers: readonly unknown[] = [RECEIVER], exporters: Plan['exporters'] = []) {
  const host = createHost(folder(), {
    auth: authSchema.parse({ tokens: { secret: SECRET } }),
    matrix: overrideMatrix(SCOPE_MATRIX, { A: {}, B: {} }),
    runsAs: 'A',
  });
  const exporter = new ScriptedExporter();
  const ids = (receivers as Plan['receivers']).map(({ id }) => id);
  const plan = planOf({
    receivers: receivers as Plan['receivers'],
    exporters: [exporterOf('out', exporter), ...exporters],
    pipelines: ['logs', 'metrics'].map((signal) =>
      pipelineOf(signal, {
        receivers: ids.filter((id) => signal === 'logs' || id !== 'master_perf'),
        exporters: ['out', ...exporters.map(({ id }) => id)],
      }),
    ),
    scope: { binding: { allowed: ['A', 'B'], fallback: 'A', from: 'fallback' }, known: ['A', 'B'], limits: new Map() },
  });
  const { log } = quietContext();
  const graph: Graph = await buildGraph(plan, host, { clock: new ManualClock(), random: () => 0.5, log });
  host.attach(graph);
  await graph.start();
  cleanUp.push(() => graph.stop(1000));
  const listener: HttpListener = await host.api({ ...HTTP_OPTIONS, auth: ['token'] });
  cleanUp.push(() => listener.close(0));
  const post = async (body: unknown, claims: object = {}, headers: Record<string, string> = {}) => {
    const token = await tokenOf({ claims: { scopes: ['A'], permissions: ['ingest'], ...claims } });
    const response = await fetch(`${listener.url}${PATH}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  const get = async (query = '', claims: object = {}, headers: Record<string, string> = {}) => {
    const token = await tokenOf({ claims: { scopes: ['A'], permissions: ['query'], ...claims } });
    const response = await fetch(`${listener.url}${PATH}${query}`, { headers: { authorization: `Bearer ${token}`, ...headers } });
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text() };
  };
  return { post, get, host, exporter, listener };
}

describe('POST /api/infra/master-perf', () => {
  it('takes one row or an array of them into the logs pipeline of the receiver', async () => {
    const { post, host, exporter } = await start();
    expect(await post(METRIC)).toEqual({ status: 200, body: { accepted: 1, rejected: [] } });
    expect(await post([METRIC, METRIC])).toEqual({ status: 200, body: { accepted: 2, rejected: [] } });
    expect(await post([])).toEqual({ status: 200, body: { accepted: 0, rejected: [] } });
    expect(host.ledger().receivers).toEqual([
      { receiver: 'master_perf', scope: 'A', signal: 'logs', received: 3, accepted: 3, rejected: {} },
    ]);
    expect([...exporter.scopes]).toEqual(['A']);
  });

  it('names the rows of another scope, counts them and audits the violation', async () => {
    const { post, host } = await start();
    const events: AuditEvent[] = [];
    host.audit.keep({ active: true, refusal: () => undefined, record: (event) => void events.push(event) });
    const foreign = { ...METRIC, properties: { scope: 'B' } };
    const partial = await post([METRIC, foreign]);
    expect(partial).toMatchObject({ status: 207, body: { accepted: 1, rejected: [{ rows: [1], reason: 'scope_mismatch' }] } });
    expect(await post(foreign)).toMatchObject({
      status: 403,
      body: { code: 'SCOPE_FORBIDDEN', accepted: 0, rejected: [{ rows: [0] }] },
    });
    expect(host.ledger().receivers).toMatchObject([{ scope: 'A', received: 3, accepted: 1, rejected: { scope_mismatch: 2 } }]);
    expect(events.filter(({ type }) => type === 'SCOPE_VIOLATION')).toMatchObject([
      { severity: 'CRITICAL', action: 'scope_mismatch', component: 'master_perf', details: { attempted_scope: 'B' } },
      { severity: 'CRITICAL', items: 1 },
    ]);
  });

  it('is for who may ingest, as one of their scopes', async () => {
    const { post, listener } = await start();
    expect(await post(METRIC, { permissions: ['query'] })).toMatchObject({ status: 403, body: { code: 'PERMISSION_DENIED' } });
    expect(await post(METRIC, {}, { 'x-dashboard-scope': 'B' })).toMatchObject({
      status: 403,
      body: { code: 'SCOPE_FORBIDDEN' },
    });
    expect(await post(METRIC, { scopes: ['A', 'B'] })).toMatchObject({
      status: 403,
      body: { rejected: [{ reason: 'scope_missing' }] },
    });
    expect(await post(METRIC, { scopes: ['A', 'B'] }, { 'x-dashboard-scope': 'B' })).toMatchObject({ status: 200 });
    const nobody = await fetch(`${listener.url}${PATH}`, { method: 'POST', body: JSON.stringify(METRIC) });
    expect(nobody.status).toBe(401);
  });

  it('takes what this machine’s owner sends without a scope as the one that the collector runs as', async () => {
    const { host, listener } = await start();
    const token = (await readFile(join(host.storage.directory, 'token'), 'utf8')).trim();
    const send = async (row: object) =>
      (
        await fetch(`${listener.url}${PATH}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${token}` },
          body: JSON.stringify(row),
        })
      ).json();
    expect(await send(METRIC)).toEqual({ accepted: 1, rejected: [] });
    expect(await send({ ...METRIC, properties: { scope: 'B' } })).toEqual({ accepted: 1, rejected: [] });
    expect(host.ledger().receivers.map(({ scope, accepted }) => [scope, accepted])).toEqual([
      ['A', 1],
      ['B', 1],
    ]);
  });

  it.each(['', 'x', '7', 'null', '"row"', '{"category":'])('does not take %j for rows', async (body) => {
    const { post } = await start();
    expect(await post(body)).toMatchObject({ status: 400, body: { code: 'MALFORMED' } });
  });

  it('says what is wrong with a row that is none', async () => {
    const { post } = await start();
    expect(await post([{ category: 'R2' }])).toMatchObject({
      status: 400,
      body: { code: 'MALFORMED', detail: 'cannot accept the metric: type is missing', rejected: [{ rows: [0] }] },
    });
  });

  it('says what to add where nobody takes rows', async () => {
    const { post } = await start([receiverOf('scripted', new ScriptedReceiver())]);
    expect(await post(METRIC)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });
});

describe('GET /api/infra/master-perf', () => {
  /** Asks until the windows have loaded what was posted. */
  async function until(ask: () => Promise<{ text: string }>, pattern: RegExp): Promise<string> {
    for (;;) {
      const { text } = await ask();
      if (pattern.test(text)) return text;
      await sleep(20);
    }
  }
  const ROW = { ...METRIC, subCat: 'Latency', properties: { calls: 3 }, time: '2026-11-21T11:00:00.123456789Z' };

  it('tells what was posted, of the caller’s scope, to the nanosecond', async () => {
    const { post, get } = await start([RECEIVER], [WINDOWS]);
    expect((await post([ROW, { ...METRIC, id: 'put', value: true }])).status).toBe(200);
    expect((await post({ ...METRIC, value: 'of B' }, { scopes: ['B'] })).status).toBe(200);
    const { masterPerf: rows } = JSON.parse(await until(get, /put/)) as { masterPerf: Record<string, unknown>[] };
    expect(rows.map(({ id }) => id)).toEqual(['put', 'r2.get']);
    expect(rows[1]).toEqual({
      category: 'R2',
      type: 'performance',
      topic: 'GetObject',
      subCat: 'Latency',
      id: 'r2.get',
      value: '12ms',
      pattern: '',
      locations: '',
      impact: '',
      properties: { calls: '3', scope: 'A' },
      time: '2026-11-21T11:00:00.123456789Z',
    });
  });

  it('has the latest of each thing, and with history=true all that came', async () => {
    const { post, get } = await start([RECEIVER], [WINDOWS]);
    await post([ROW, { ...ROW, value: '13ms', time: '2026-11-21T11:00:01Z' }]);
    const values = (text: string): unknown[] =>
      (JSON.parse(text) as { masterPerf: { value: string }[] }).masterPerf.map(({ value }) => value);
    expect(values(await until(get, /13ms/))).toEqual(['13ms']);
    expect(values((await get('?history=true')).text)).toEqual(['13ms', '12ms']);
  });

  it('comes as CSV and as a table of text', async () => {
    const { post, get } = await start([RECEIVER], [WINDOWS]);
    await post(ROW);
    await until(get, /12ms/);
    const csv = await get('?format=csv');
    expect(csv.type).toMatch(/^text\/csv/);
    expect(csv.text.split(/\r?\n/)[0]).toBe('category,type,topic,subCat,id,value,pattern,locations,impact,properties,time');
    expect(csv.text).toContain('R2,performance,GetObject,Latency,r2.get,12ms');
    const text = await get('?format=text');
    expect(text.type).toMatch(/^text\/plain/);
    expect(text.text).toMatch(/CATEGORY[\s\S]*GetObject[\s\S]*12ms/);
    expect(await get('?format=xml')).toMatchObject({ status: 400 });
  });

  it('is for who may query, as one scope at a time', async () => {
    const { get } = await start([RECEIVER], [WINDOWS]);
    expect((await get('', { permissions: ['ingest'] })).status).toBe(403);
    const several = await get('', { scopes: ['A', 'B'] });
    expect([several.status, several.text]).toEqual([400, expect.stringContaining('A, B')]);
    expect((await get('?scope=B', { scopes: ['A', 'B'] })).status).toBe(200);
    expect((await get('?scope=B')).status).toBe(403);
  });

  it('says what to add where nothing is kept', async () => {
    const { get } = await start();
    expect(await get()).toMatchObject({ status: 404, text: expect.stringContaining('NO_WINDOWS') });
  });

  it('has rows of metrics that a rule of the windows names', async () => {
    const scripted = new ScriptedReceiver();
    const { get } = await start([RECEIVER, receiverOf('scripted', scripted)], [WINDOWS]);
    const points = encode(
      'metrics',
      request('metrics', [{ items: [{ ...gauge('r2.latency', [point({ op: 'GetObject' }, 4.5)]), unit: 'ms' }] }]),
    );
    expect(await scripted.sendBytes('metrics', points, 'A')).toEqual({ ok: true });
    const { masterPerf: rows } = JSON.parse(await until(get, /4\.5ms/)) as { masterPerf: Record<string, unknown>[] };
    expect(rows).toMatchObject([{ category: 'R2', type: 'performance', topic: 'r2.latency', id: 'GetObject', value: '4.5ms' }]);
  });
});
