import { json } from './problem.ts';
import type { HeadRoute } from './route.ts';

/**
 * `GET /api/v1/ledger`: the counters of the caller's scopes; with `admin`, of all. `windows`: what each holds, and the rows
 * that were loaded and went with a process that died: no part of the balance, which ends where a batch is exported.
 */
export const ledgerRoute: HeadRoute = {
  method: 'GET',
  path: '/api/v1/ledger',
  permission: 'query',
  answer({ scopes, admin }, sources) {
    const seen = ({ scope }: { readonly scope: string }): boolean => admin || scopes.includes(scope);
    const { receivers, pipelines, exporters } = sources.ledger();
    return json(200, {
      receivers: receivers.filter(seen),
      pipelines: pipelines.filter(seen),
      exporters: exporters.filter(seen),
      windows: sources.analytics.status().scopes.filter(seen),
    });
  },
};
