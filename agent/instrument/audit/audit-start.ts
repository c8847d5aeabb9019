import { PERF_LIMITS } from '../limits.ts';
import type { Settings } from '../settings.ts';
import { AuditFile } from './audit-file.ts';

export interface StartedAudit extends Pick<AuditFile, 'record'> {
  /** The agent ends before its process. Call it once. */
  stop(): void;
}

/** The audit log of AGENT_AUDIT_FILE, with the start of this agent in it, and its end when it is shut down or the process ends;
 *  undefined without that variable. Secrets are no part of it: of the settings it has their names. */
export function auditOf(
  { scope, otlp, mode, from }: Settings,
  { AGENT_AUDIT_FILE: path = '' }: Readonly<Record<string, string | undefined>>,
  warn: (line: string) => void,
): StartedAudit | undefined {
  if (path === '') return undefined;
  const audit = new AuditFile(path, warn);
  const { origin, pathname } = new URL(otlp.url);
  audit.record('AGENT_STARTED', {
    scope: scope.claim,
    tenant: scope.tenant,
    destination: origin + pathname,
    mode,
    settings: from,
  });
  const ended = (code: number | undefined): void => {
    process.removeListener('exit', ended);
    audit.record('AGENT_STOPPED', { code });
  };
  process.once('exit', ended);
  return { record: (event, detail) => audit.record(event, detail), stop: () => ended(undefined) };
}

/** Writes each row that claimed another scope down, up to a limit: whoever adds them in a loop must not fill the disk. */
export function violationsTo(audit: Pick<AuditFile, 'record'>, currentScope: string): (reason: string) => void {
  let written = 0;
  return (reason) => {
    if (written++ < PERF_LIMITS.auditedViolations)
      audit.record('SCOPE_VIOLATION', { severity: 'CRITICAL', currentScope, reason, source: 'perf.add' });
  };
}
