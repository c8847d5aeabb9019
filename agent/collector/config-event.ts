import { createHash } from 'node:crypto';
import type { Loaded } from '../../config/load.ts';
import { printConfig } from '../../config/print.ts';
import type { AuditEvent } from '../../pipeline/audit.ts';

/** Which configuration runs from here on: the hash of what `periscope print-config` shows of it, so without its secrets. */
export function configEvent(action: 'started' | 'reloaded', { tree, plan }: Loaded): AuditEvent {
  const hash = createHash('sha256').update(printConfig(tree, false)).digest('hex');
  const details = { config_sha256: hash, pipelines: plan.pipelines.map(({ id }) => id).join(' ') };
  return { type: 'CONFIG_CHANGE', severity: 'INFO', action, result: 'SUCCESS', details };
}
