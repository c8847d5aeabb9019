import type { SqlFormat, SqlParams, SqlQuery } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';

const FORMATS: readonly SqlFormat[] = ['json', 'csv', 'ndjson'];
const KEYS = ['sql', 'params', 'format', 'timeout_ms', 'max_rows'];

/** The query that a body asks for, or what is wrong with it. */
export function readSqlRequest(body: Uint8Array): SqlQuery | string {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return 'the body is no JSON; send {"sql": "select 1"}';
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return 'the body is no object with a key sql';
  const given = value as Readonly<Record<string, unknown>>;
  const odd = Object.keys(given).find((key) => !KEYS.includes(key));
  if (odd !== undefined) return `there is no key ${JSON.stringify(odd.slice(0, 100))}; there are ${KEYS.join(', ')}`;
  const { sql, params = [], format = 'json' } = given;
  if (typeof sql !== 'string') return 'sql is no text';
  if (typeof params !== 'object' || params === null) return 'params is neither a list nor an object';
  if (!FORMATS.includes(format as SqlFormat)) return `format is none of ${FORMATS.join(', ')}`;
  const timeoutMs = numberOf(given['timeout_ms'], LIMITS.sqlTimeoutMs, LIMITS.sqlTimeoutMs);
  if (timeoutMs === undefined) return `timeout_ms is no number from 1 to ${LIMITS.sqlTimeoutMs}`;
  const maxRows = numberOf(given['max_rows'], LIMITS.sqlRows, LIMITS.sqlRowsMax);
  if (maxRows === undefined) return `max_rows is no number from 1 to ${LIMITS.sqlRowsMax}`;
  return {
    sql,
    params: params as SqlParams,
    format: format as SqlFormat,
    timeoutMs,
    maxRows,
    maxBytes: LIMITS.sqlBytes,
  };
}

function numberOf(value: unknown, otherwise: number, max: number): number | undefined {
  if (value === undefined) return otherwise;
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= max ? (value as number) : undefined;
}
