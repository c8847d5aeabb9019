import type { SqlFault, StandingQuery } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { ScopeStore } from '../scope-store.ts';
import type { Control } from '../sql/scope-sql.ts';
import { ResultRows, type ResultCaps } from './result-rows.ts';
import type { StandingRead } from './standing-run.ts';

/** Runs a standing query once. */
export async function readStanding(
  store: Pick<ScopeStore, 'sql' | 'version'>,
  query: StandingQuery,
  caps: ResultCaps,
  control: Control,
): Promise<StandingRead | SqlFault> {
  const statement = await store.sql.judge(query.sql);
  if (!statement.ok) return statement;
  if (statement.isExplain) return { ok: false, code: 'SQL_FORBIDDEN', message: 'cannot keep the query: an EXPLAIN runs once' };
  const { tables, readsClock } = statement;
  // What comes while it runs it may have missed.
  const version = { store, version: store.version(tables) };
  const asked = { sql: query.sql, params: query.params, timeoutMs: LIMITS.standingTimeoutMs };
  const answer = await store.sql.read(asked, (columns) => ResultRows.open(columns, query.key, caps), control);
  return answer.ok ? { ...answer, tables, readsClock, version } : answer;
}
