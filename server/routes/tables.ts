import { oneScope } from './one-scope.ts';
import { json, problem } from './problem.ts';
import type { HeadRoute } from './route.ts';

/** `GET /api/v1/tables`: what SQL finds in one of the caller's scopes, with columns and rows. */
export const tablesRoute: HeadRoute = {
  method: 'GET',
  path: '/api/v1/tables',
  permission: 'query',
  async answer(caller, sources, { signal }) {
    const scope = oneScope(caller, sources);
    if (typeof scope !== 'string') return scope;
    const tables = await sources.analytics.tables(scope, signal);
    return 'ok' in tables ? problem(tables) : json(200, { scope, tables });
  },
};
