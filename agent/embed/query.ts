import type { SqlAnswer, SqlColumn, SqlParams, SqlQuery } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { QueryError, type SqlOptions, type SqlRows } from './contract.ts';

/** What the analytics process is asked. Throws a QueryError for what is no query. */
export function queryOf(sql: string, params: SqlParams | undefined, { scope, maxRows, timeoutMs, signal }: SqlOptions): SqlQuery {
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new QueryError('SQL_INVALID', 'cannot read the query: signal is no AbortSignal');
  if (scope !== undefined && typeof scope !== 'string')
    throw new QueryError('SQL_INVALID', 'cannot read the query: scope is no text');
  if (signal?.aborted === true) throw new QueryError('SQL_CANCELLED', 'cannot ask: the query was given up');
  if (typeof sql !== 'string') throw new QueryError('SQL_INVALID', 'cannot read the query: sql is no text');
  if (sql.length > LIMITS.sqlChars)
    throw new QueryError(
      'SQL_INVALID',
      `cannot read the query: it has ${sql.length} characters, ${LIMITS.sqlChars} are the most`,
    );
  const odd = Object.values(params ?? {}).filter((value) => !isParameter(value));
  if (odd.length > 0)
    throw new QueryError(
      'SQL_INVALID',
      `cannot read the query: a parameter is null, a boolean, a number or a string, not ${typeof odd[0]}`,
    );
  return {
    sql,
    params,
    format: 'ndjson',
    timeoutMs: within('timeoutMs', timeoutMs, LIMITS.sqlTimeoutMs, LIMITS.sqlTimeoutMs),
    maxRows: within('maxRows', maxRows, LIMITS.sqlRows, LIMITS.sqlRowsMax),
    maxBytes: LIMITS.sqlBytes,
  };
}

/** Throws a QueryError for a fault. */
export function rowsOf(answer: SqlAnswer): SqlRows {
  if (!answer.ok) throw new QueryError(answer.code, answer.message, answer.retryAfterMs);
  const { columns, body, truncated, elapsedMs } = answer;
  const lines = new TextDecoder().decode(body).split('\n');
  const rows = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as SqlRows['rows'][number]);
  return { columns: columns as readonly SqlColumn[], rows, truncated, elapsedMs };
}

function isParameter(value: unknown): boolean {
  return value === null || ['boolean', 'number', 'string'].includes(typeof value);
}

function within(name: string, value: number | undefined, otherwise: number, max: number): number {
  if (value === undefined) return otherwise;
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new QueryError('SQL_INVALID', `cannot read the query: ${name} is no number from 1 to ${max}`);
}
