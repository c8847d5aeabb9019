import type { ExporterRow, LedgerSnapshot } from '../../pipeline/ledger.ts';
import { ITEM_NAMES, SIGNALS, type Signal } from '../../pipeline/signal.ts';

/** Sums of the ledger over scopes, for lines that a person reads. */

export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

/** Items that receivers have taken in, by signal. */
export function receivedBySignal(ledger: LedgerSnapshot): Record<Signal, number> {
  const sums = { metrics: 0, traces: 0, logs: 0 };
  for (const row of ledger.receivers) sums[row.signal] += row.received;
  return sums;
}

/** Items that never left, by reason: refused at a receiver, dropped in a pipeline or for an exporter. */
export function lostByReason(ledger: LedgerSnapshot): Map<string, number> {
  const sums = new Map<string, number>();
  const add = (reasons: Readonly<Record<string, number>>): void => {
    for (const [reason, count] of Object.entries(reasons)) sums.set(reason, (sums.get(reason) ?? 0) + count);
  };
  for (const row of ledger.receivers) add(row.rejected);
  for (const row of [...ledger.pipelines, ...ledger.exporters]) add(row.dropped);
  for (const row of ledger.exporters) if (row.refused > 0) add({ destination_refused: row.refused });
  return sums;
}

/** What exporters have counted since `before`; rows of destinations that nothing has come for are left out. */
export function exportedSince(before: LedgerSnapshot, now: LedgerSnapshot): LedgerSnapshot {
  const keyOf = ({ exporter, scope, signal }: ExporterRow): string => JSON.stringify([exporter, scope, signal]);
  const known = new Map(before.exporters.map((row) => [keyOf(row), row]));
  const exporters = now.exporters.flatMap((row) => {
    const then = known.get(keyOf(row));
    if (then === undefined) return [row];
    const routed = row.routed - then.routed;
    if (routed === 0) return [];
    const dropped = Object.entries(row.dropped).map(([reason, items]) => [reason, items - (then.dropped[reason] ?? 0)] as const);
    return [
      {
        ...row,
        routed,
        exported: row.exported - then.exported,
        refused: row.refused - then.refused,
        dropped: Object.fromEntries(dropped.filter(([, items]) => items > 0)),
      },
    ];
  });
  return { receivers: [], pipelines: [], exporters };
}

/** One line per exporter: what arrived and what did not. Said at the end of a run. */
export function deliveryLines(ledger: LedgerSnapshot): string[] {
  const exporters = [...new Set(ledger.exporters.map((row) => row.exporter))];
  return exporters.map((exporter) => {
    const rows = ledger.exporters.filter((row) => row.exporter === exporter);
    const delivered = SIGNALS.flatMap((signal) => {
      const count = rows.filter((row) => row.signal === signal).reduce((sum, row) => sum + row.exported, 0);
      return count === 0 ? [] : [`${formatCount(count)} ${ITEM_NAMES[signal]}`];
    });
    const lost = lostByReason({ receivers: [], pipelines: [], exporters: rows });
    const inFlight = rows.reduce((sum, row) => sum + row.inFlight, 0);
    if (inFlight > 0) lost.set('still in flight', inFlight);
    const missing = [...lost].map(([reason, count]) => `${formatCount(count)} ${reason}`);
    const what = delivered.length === 0 ? 'nothing' : delivered.join(', ');
    return `${exporter}: delivered ${what}${missing.length === 0 ? '' : `; not delivered: ${missing.join(', ')}`}`;
  });
}
