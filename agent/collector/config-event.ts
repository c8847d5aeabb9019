import { createHash } from 'node:crypto';
import type { Loaded } from '../../config/load.ts';
import { printConfig } from '../../config/print.ts';
import type { AuditEvent } from '../../pipeline/audit.ts';

/** As many changes as one audit record tells. */
const TOLD_CHANGES = 20;

/** Which configuration runs from here on: the hash of what `periscope print-config` shows of it, so without its secrets;
 *  and what of it has changed, as `changesBetween` says it. */
export function configEvent(action: 'started' | 'reloaded', { tree, plan }: Loaded, changes: readonly string[] = []): AuditEvent {
  const hash = createHash('sha256').update(printConfig(tree, false)).digest('hex');
  const details = {
    config_sha256: hash,
    pipelines: plan.pipelines.map(({ id }) => id).join(' '),
    ...(changes.length > 0 && { changed: changes.length, changes: changes.slice(0, TOLD_CHANGES).join('; ') }),
  };
  return { type: 'CONFIG_CHANGE', severity: 'INFO', action, result: 'SUCCESS', details };
}
