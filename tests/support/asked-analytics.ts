import type { Analytics, SqlQuery } from '../../pipeline/analytics.ts';
import type { AskedScope } from './scope-sql.ts';

/** Scopes that are asked here, in this process: for tests of what stands before the analytics process. */
export interface AskedAnalytics extends Analytics {
  readonly asked: { readonly scope: string; readonly query: SqlQuery; readonly signal: AbortSignal }[];
}

export function askedAnalytics(scopes: Readonly<Record<string, AskedScope>>): AskedAnalytics {
  const asked: AskedAnalytics['asked'] = [];
  const none = { ok: false, code: 'NO_WINDOWS', message: 'cannot ask: no windows' } as const;
  return {
    asked,
    open: () => Promise.reject(new Error('it is there')),
    append: () => Promise.reject(new Error('only asked')),
    async query(scope, query, signal) {
      asked.push({ scope, query, signal });
      return scopes[scope]?.sql.run(query, { signal, stuck: () => {}, broken: () => {} }) ?? none;
    },
    tables: async (scope) => scopes[scope]?.sql.tables() ?? none,
    stand: () => none,
    status: () => ({ state: 'running', restarts: 0, scopes: [] }),
  };
}
