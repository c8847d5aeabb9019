import type { ExporterRow } from '../../pipeline/ledger.ts';
import type { QueueShare } from '../../pipeline/stats.ts';
import { json } from './problem.ts';
import type { ApiSources, HeadRoute } from './route.ts';

/**
 * `GET /api/v1/ledger`: the counters of the caller's scopes; with `admin`, of all. `windows`: what each holds, and the rows
 * that were loaded and went with a process that died: no part of the balance, which ends where a batch is exported.
 * `queues`: what each scope has of the queue of each exporter that it has sent anything to.
 */
export const ledgerRoute: HeadRoute = {
  method: 'GET',
  path: '/api/v1/ledger',
  permission: 'query',
  answer({ scopes, admin }, sources) {
    const seen = ({ scope }: { readonly scope: string }): boolean => admin || scopes.includes(scope);
    const { receivers, pipelines, exporters } = sources.ledger();
    const seenExporters = exporters.filter(seen);
    return json(200, {
      receivers: receivers.filter(seen),
      pipelines: pipelines.filter(seen),
      exporters: seenExporters,
      queues: queueShares(seenExporters, sources),
      windows: sources.analytics.status().scopes.filter(seen),
    });
  },
};

/** By the rows of the ledger, so nobody hears of an exporter that is none of theirs. */
function queueShares(rows: readonly ExporterRow[], sources: Pick<ApiSources, 'queueShare'>): QueueShare[] {
  const shares = new Map<string, QueueShare | undefined>();
  for (const { exporter, scope } of rows) {
    const key = JSON.stringify([exporter, scope]);
    // Once for all signals. One that is configured no more has counters and no queue.
    if (!shares.has(key)) shares.set(key, sources.queueShare(exporter, scope));
  }
  return [...shares.values()].filter((share) => share !== undefined);
}
