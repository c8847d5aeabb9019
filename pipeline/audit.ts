import type { Refusal } from './component.ts';

export const AUDIT_TYPES = ['AUTH', 'SCOPE_VIOLATION', 'METRIC_MUTATION', 'CONFIG_CHANGE', 'ERROR'] as const;
export type AuditType = (typeof AUDIT_TYPES)[number];

export const AUDIT_SEVERITIES = ['INFO', 'WARN', 'ERROR', 'CRITICAL'] as const;
export type AuditSeverity = (typeof AUDIT_SEVERITIES)[number];

/**
 * What somebody did that an auditor will ask about. Never an item's content and never a secret; texts from outside are
 * cut and made one line by the log. In the log it gets its time.
 *
 * - AUTH: `action` such as `token_accepted`, `token_expired`, `certificate_unknown`, `credentials_missing`; `user` = the subject,
 *   only when it was proven; refused = WARN and FAILURE. Accepted ones may be recorded each time: they are counted.
 * - SCOPE_VIOLATION: `action` = the reason (`scope_mismatch`, `scope_forbidden`), CRITICAL and FAILURE.
 * - METRIC_MUTATION: `action` = `added`, `modified` or `deleted`; INFO; `items` = how many things; per sender and second.
 * - CONFIG_CHANGE: `action` = `started`, `reloaded` or `reload_refused`; never counted together; `details` say what changed,
 *   redacted.
 * - ERROR: `action` = what failed (`destination_refused`, `processor_failed`); `component` = whose fault it was.
 */
export interface AuditEvent {
  readonly type: AuditType;
  readonly severity: AuditSeverity;
  readonly action: string;
  readonly result: 'SUCCESS' | 'FAILURE';
  /** The scope it was done in or as; absent = the process as a whole. */
  readonly scope?: string | undefined;
  /** Who: the subject of a token or certificate. */
  readonly user?: string | undefined;
  /** From where: the address without its port. */
  readonly client?: string | undefined;
  /** Id of the component that saw it. */
  readonly component?: string | undefined;
  /** Data points, spans, records it is about; counted exactly. */
  readonly items?: number;
  /** More of it. Of events that are counted together, only the first one's are kept. */
  readonly details?: Readonly<Record<string, string | number | boolean>> | undefined;
}

/** Events alike in type, severity, action, result, scope, user, client and component are told in one record per second,
 *  with exact counts; the first of them is told at once. */
export interface Audit {
  /** False while nobody keeps a log: then gathering what an event says is wasted work. */
  readonly active: boolean;
  /**
   * Takes an event; never throws. A promise comes back for a CRITICAL one that is not on disk yet: whoever answers a
   * request waits for it. It settles with a refusal when the event cannot be kept and the log is set to fail closed.
   */
  record(event: AuditEvent): Promise<Refusal | undefined> | undefined;
  /** For everybody who brings data, while the log cannot be written and is set to fail closed. */
  refusal(): Refusal | undefined;
}

/** The audit log as components see it: events go nowhere until an extension keeps them, or somebody watches. */
export class AuditTrail implements Audit {
  #keeper: Audit | undefined;
  readonly #watchers = new Set<(event: AuditEvent) => void>();

  get active(): boolean {
    return this.#keeper !== undefined || this.#watchers.size > 0;
  }

  record(event: AuditEvent): Promise<Refusal | undefined> | undefined {
    for (const watcher of this.#watchers) watcher(event);
    return this.#keeper?.record(event);
  }

  /** `watcher` is told of every event from here on; it must not throw. Returns the way back. */
  watch(watcher: (event: AuditEvent) => void): () => void {
    const own = (event: AuditEvent): void => watcher(event);
    this.#watchers.add(own);
    return () => void this.#watchers.delete(own);
  }

  refusal(): Refusal | undefined {
    return this.#keeper?.refusal();
  }

  /** From here on `keeper` gets all events. Returns the way back, which leaves a later keeper alone. */
  keep(keeper: Audit): () => void {
    this.#keeper = keeper;
    return () => {
      if (this.#keeper === keeper) this.#keeper = undefined;
    };
  }
}
