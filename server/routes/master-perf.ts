import type { HttpAnswer } from '../../pipeline/host.ts';
import type { Ingested } from '../../pipeline/ingest.ts';
import type { PerfRecord } from '../../pipeline/perf/record.ts';
import { askPerf, perfJson } from '../perf/query.ts';
import { oneScope } from './one-scope.ts';
import { bytesAnswer, json, problem } from './problem.ts';
import type { BodyRoute, HeadRoute } from './route.ts';

export const MASTER_PERF_PATH = '/api/infra/master-perf';

const FORMATS = ['json', 'csv', 'text'] as const;
type Format = (typeof FORMATS)[number];

/**
 * `GET /api/infra/master-perf?format=json|csv|text`: MASTER_PERF of one of the caller's scopes, the latest row of each thing;
 * with `history=true` all rows that are kept, the newest first.
 */
export const getPerfRoute: HeadRoute = {
  method: 'GET',
  path: MASTER_PERF_PATH,
  permission: 'query',
  async answer(caller, sources, { query, signal }) {
    const scope = oneScope(caller, sources);
    if (typeof scope !== 'string') return scope;
    const format = (query.get('format') ?? 'json') as Format;
    if (!FORMATS.includes(format))
      return problem({ code: 'SQL_INVALID', message: `cannot write MASTER_PERF: format is one of ${FORMATS.join(', ')}` });
    const question = { format: format === 'csv' ? 'csv' : 'ndjson', history: query.get('history') === 'true' } as const;
    const answer = await askPerf(sources.analytics, scope, question, signal);
    if (!answer.ok) return problem(answer);
    const headers = answer.truncated === undefined ? {} : { 'X-Periscope-Truncated': answer.truncated };
    if (format === 'csv') return bytesAnswer('text/csv; charset=utf-8; header=present', answer.body, headers);
    const body = perfJson(answer.body);
    if (format === 'json') return bytesAnswer('application/json', Buffer.concat([body, Buffer.from('\n')]), headers);
    const { masterPerf } = JSON.parse(Buffer.from(body).toString()) as { masterPerf: readonly PerfRecord[] };
    return bytesAnswer('text/plain; charset=utf-8', Buffer.from(`${await sources.drawPerf(masterPerf)}\n`), headers);
  },
};

/**
 * `POST /api/infra/master-perf`: rows of MASTER_PERF, one object or an array of them, for the receiver `master_perf`. 200 when
 * all were taken, 207 when some; a problem when none was: 403 for their scope, 400 for anything else. The answer names the rows.
 */
export const postPerfRoute: BodyRoute = {
  method: 'POST',
  path: MASTER_PERF_PATH,
  permission: 'ingest',
  async take(caller, { ingest }, body, { remoteAddress }) {
    const point = ingest.find('master_perf');
    if (point === undefined)
      return problem({
        code: 'NOT_FOUND',
        message: 'cannot take rows of MASTER_PERF: add the receiver `master_perf` to a logs pipeline',
      });
    const values = valuesOf(body);
    if (values === undefined)
      return problem({ code: 'MALFORMED', message: 'cannot read the rows: the body is no JSON object, and no array of them' });
    const outcome = await point.take(values, { principal: caller.principal, chosen: caller.chosen, remoteAddress });
    return outcome.ok ? answerOf(outcome) : problem(outcome);
  },
};

function answerOf({ accepted, rejected }: Ingested): HttpAnswer {
  const [first] = rejected;
  if (first === undefined || accepted > 0) return json(first === undefined ? 200 : 207, { accepted, rejected });
  const isForeign = rejected.every(({ reason }) => reason.startsWith('scope_'));
  return problem({ code: isForeign ? 'SCOPE_FORBIDDEN' : 'MALFORMED', message: first.message }, {}, { accepted, rejected });
}

function valuesOf(body: Uint8Array): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
    if (value === null || typeof value !== 'object') return undefined;
    return Array.isArray(value) ? value : [value];
  } catch {
    return undefined;
  }
}
