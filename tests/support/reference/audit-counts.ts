import type { AuditEvent } from '../../../pipeline/audit.ts';
import type { AuditRecord } from '../../../extensions/audit/record.ts';

/** What a log has to add up to: events and items per kind, client and user. Naive twin of the folding. */
export function countsOf(events: readonly AuditEvent[]): Map<string, { events: number; items: number }> {
  const sums = new Map<string, { events: number; items: number }>();
  for (const event of events) add(sums, event, 1, event.items ?? 0);
  return sums;
}

/** The same, from records. */
export function countsOfRecords(records: readonly AuditRecord[]): Map<string, { events: number; items: number }> {
  const sums = new Map<string, { events: number; items: number }>();
  for (const record of records) if (record.type !== 'LOG') add(sums, record, record.events ?? 1, record.items ?? 0);
  return sums;
}

type Kind = { readonly [Key in 'type' | 'severity' | 'action' | 'scope' | 'user' | 'client']?: string | undefined };

function add(sums: Map<string, { events: number; items: number }>, kind: Kind, events: number, items: number): void {
  const key = JSON.stringify(
    [kind.type, kind.severity, kind.action, kind.scope, kind.user, kind.client].map((text) => text ?? ''),
  );
  const sum = sums.get(key) ?? { events: 0, items: 0 };
  sums.set(key, { events: sum.events + events, items: sum.items + items });
}
