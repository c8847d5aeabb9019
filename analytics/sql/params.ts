import { BIGINT, DOUBLE, LIST, VARCHAR, type DuckDBPreparedStatement, type DuckDBType } from '@duckdb/node-api';
import type { SqlFault, SqlParams } from '../../pipeline/analytics.ts';

type Scalar = null | boolean | number | string;

const invalid = (cause: string): SqlFault => ({
  ok: false,
  code: 'SQL_INVALID',
  message: `cannot bind the parameters: ${cause}`,
});
const isScalar = (value: unknown): value is Scalar =>
  value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string';

/** Binds what came as JSON: null, booleans, numbers (whole ones as BIGINT), texts, and lists of one of these. */
export function bindParams(prepared: DuckDBPreparedStatement, params: SqlParams): SqlFault | undefined {
  const wanted = prepared.parameterCount;
  const byPlace = Array.isArray(params);
  const names = Array.from({ length: wanted }, (_, at) => prepared.parameterName(at + 1));
  const given: Readonly<Record<string, unknown>> = byPlace
    ? Object.fromEntries((params as readonly unknown[]).map((value, at) => [String(at + 1), value]))
    : (params as Readonly<Record<string, unknown>>);
  const missing = names.filter((name) => !Object.hasOwn(given, name));
  if (missing.length > 0) return invalid(`no value for ${missing.map((name) => `$${name}`).join(', ')}`);
  const unknown = Object.keys(given).filter((name) => !names.includes(name));
  if (unknown.length > 0) return invalid(`the query has no ${unknown.map((name) => `$${name}`).join(', ')}`);
  for (const [at, name] of names.entries()) {
    const fault = bindOne(prepared, at + 1, given[name], name);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function bindOne(prepared: DuckDBPreparedStatement, place: number, value: unknown, name: string): SqlFault | undefined {
  if (Array.isArray(value)) {
    if (!value.every(isScalar)) return invalid(`$${name} is a list of something else than numbers, texts or booleans`);
    const type = listType(value);
    if (type === undefined) return invalid(`$${name} is a list of different things`);
    prepared.bindList(place, type === BIGINT ? value.map((each) => (each === null ? null : BigInt(each))) : value, LIST(type));
  } else if (value === null) prepared.bindNull(place);
  else if (typeof value === 'boolean') prepared.bindBoolean(place, value);
  else if (typeof value === 'string') prepared.bindVarchar(place, value);
  else if (Number.isSafeInteger(value)) prepared.bindBigInt(place, BigInt(value as number));
  else if (typeof value === 'number') prepared.bindDouble(place, value);
  else return invalid(`$${name} is neither a number, a text, a boolean, null nor a list of them`);
  return undefined;
}

function listType(values: readonly Scalar[]): DuckDBType | undefined {
  const present = values.filter((value) => value !== null);
  if (present.every((value) => typeof value === 'string')) return VARCHAR;
  if (present.every((value) => Number.isSafeInteger(value))) return BIGINT;
  return present.every((value) => typeof value === 'number') ? DOUBLE : undefined;
}
