import type { SqlFormat, SqlQuery, SqlResult } from '../../pipeline/analytics.ts';
import type { HttpAnswer } from '../../pipeline/host.ts';
import { oneScope } from './one-scope.ts';
import { bytesAnswer, problem } from './problem.ts';
import type { BodyRoute } from './route.ts';
import { readSqlRequest } from './sql-request.ts';

const TYPES: Readonly<Record<SqlFormat, string>> = {
  json: 'application/json',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
};

/**
 * `POST /api/v1/sql` `{sql, params?, format?, timeout_ms?, max_rows?}`: one SELECT on the tables of one of the caller's
 * scopes. What JSON says around the rows (`row_count`, `truncated`, …) stands in headers for CSV and NDJSON.
 */
export const sqlRoute: BodyRoute = {
  method: 'POST',
  path: '/api/v1/sql',
  permission: 'query',
  async take(caller, sources, body, { signal }) {
    const scope = oneScope(caller, sources);
    if (typeof scope !== 'string') return scope;
    const query = readSqlRequest(body);
    if (typeof query === 'string') return problem({ code: 'SQL_INVALID', message: `cannot read the query: ${query}` });
    const answer = await sources.analytics.query(scope, query, signal);
    if (!answer.ok) return problem(answer);
    return query.format === 'json' ? jsonAnswer(scope, query, answer) : plainAnswer(scope, query, answer);
  },
};

const cutBy = (query: SqlQuery, { truncated }: SqlResult): { by: 'rows' | 'bytes'; limit: number } | null =>
  truncated === undefined ? null : { by: truncated, limit: truncated === 'rows' ? query.maxRows : query.maxBytes };

const milliseconds = (elapsedMs: number): number => Math.round(elapsedMs * 1000) / 1000;

/** The rows are JSON already: the rest is written around them. */
function jsonAnswer(scope: string, query: SqlQuery, result: SqlResult): HttpAnswer {
  const after = {
    row_count: result.rows,
    elapsed_ms: milliseconds(result.elapsedMs),
    truncated: cutBy(query, result),
    scope,
  };
  const head = Buffer.from(`{"columns":${JSON.stringify(result.columns)},"rows":`);
  const tail = Buffer.from(`,${JSON.stringify(after).slice(1)}\n`);
  return bytesAnswer(TYPES.json, Buffer.concat([head, result.body, tail]));
}

function plainAnswer(scope: string, query: SqlQuery, result: SqlResult): HttpAnswer {
  const cut = cutBy(query, result);
  return bytesAnswer(TYPES[query.format], result.body, {
    'X-Periscope-Rows': String(result.rows),
    'X-Periscope-Elapsed-Ms': String(milliseconds(result.elapsedMs)),
    // A scope has a name that a header may hold: pipeline/scope/checks.ts.
    'X-Periscope-Scope': scope,
    ...(cut === null ? {} : { 'X-Periscope-Truncated': `${cut.by}; limit=${cut.limit}` }),
  });
}
