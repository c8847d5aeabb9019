import { afterEach, describe, expect, it } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import { authSchema } from '../../../pipeline/auth.ts';
import type { AuditEvent } from '../../../pipeline/audit.ts';
import { buildGraph, type Graph } from '../../../pipeline/graph.ts';
import type { HttpListener } from '../../../pipeline/host.ts';
import type { Plan } from '../../../pipeline/plan.ts';
import { overrideMatrix, SCOPE_MATRIX } from '../../../pipeline/scope/matrix.ts';
import { masterPerf } from '../../../receivers/master_perf/index.ts';
import { quietContext } from '../../support/contexts.ts';
import { HTTP_OPTIONS } from '../../support/http-bench.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { exporterOf, pipelineOf, planOf, receiverOf, ScriptedExporter, ScriptedReceiver } from '../../support/scripted.ts';
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

/** A graph with the real receiver behind the real API; without it, `receivers` are others. */
async function start(receivers: readonly unknown[] = [RECEIVER]) {
  const host = createHost(folder(), {
    auth: authSchema.parse({ tokens: { secret: SECRET } }),
    matrix: overrideMatrix(SCOPE_MATRIX, { A: {}, B: {} }),
    runsAs: 'A',
  });
  const exporter = new ScriptedExporter();
  const ids = (receivers as Plan['receivers']).map(({ id }) => id);
  const plan = planOf({
    receivers: receivers as Plan['receivers'],
    exporters: [exporterOf('out', exporter)],
    pipelines: [pipelineOf('logs', { receivers: ids, exporters: ['out'] })],
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
  return { post, host, exporter, listener };
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
