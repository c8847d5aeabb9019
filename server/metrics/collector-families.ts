import type { ExporterRow, LedgerSnapshot } from '../../pipeline/ledger.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import type { GraphStats } from '../../pipeline/stats.ts';
import type { Family, Sample } from './exposition.ts';

/** The Go collector's words for items. */
const ITEMS: Readonly<Record<Signal, string>> = { metrics: 'metric_points', traces: 'spans', logs: 'log_records' };
const WORDS: Readonly<Record<Signal, string>> = { metrics: 'metric points', traces: 'spans', logs: 'log records' };

export interface Told {
  readonly ledger: LedgerSnapshot;
  readonly stats: GraphStats;
}

/**
 * The metrics that dashboards for the Go collector ask for, under its names and labels (v0.155, compared with a running
 * one), over all scopes. `bare` = counters without `_total`, as it has them unless its configuration says otherwise.
 */
export function collectorFamilies({ ledger, stats }: Told, bare: boolean): Family[] {
  const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
    name: `otelcol_${name}`,
    help,
    type: 'counter',
    bare,
    samples,
  });
  const perSignal = (make: (signal: Signal) => Family[]): Family[] => SIGNALS.flatMap(make);
  return [
    ...perSignal((signal) => [
      counter(
        `receiver_accepted_${ITEMS[signal]}`,
        `Number of ${WORDS[signal]} successfully pushed into the pipeline.`,
        received(stats, signal, 'accepted'),
      ),
      counter(
        `receiver_refused_${ITEMS[signal]}`,
        `Number of ${WORDS[signal]} that could not be pushed into the pipeline.`,
        received(stats, signal, 'refused'),
      ),
    ]),
    counter('processor_incoming_items', 'Number of items passed to the processor.', processed(stats, 'incoming')),
    counter('processor_outgoing_items', 'Number of items emitted from the processor.', processed(stats, 'outgoing')),
    ...perSignal((signal) => exporterFamilies(counter, ledger, stats, signal)),
    ...queueFamilies(stats),
  ];
}

type Counter = (name: string, help: string, samples: readonly Sample[]) => Family;

function exporterFamilies(counter: Counter, { exporters }: LedgerSnapshot, stats: GraphStats, signal: Signal): Family[] {
  const rows = exporters.filter((row) => row.signal === signal);
  const lost = (row: ExporterRow): number => row.refused + allBut(row.dropped, 'queue_full');
  const full = sumBy(rows, (row) => row.dropped['queue_full'] ?? 0);
  for (const [exporter, items] of stats.traffic.turnedAway)
    if (items[signal] > 0) full.set(exporter, (full.get(exporter) ?? 0) + items[signal]);
  return [
    counter(
      `exporter_sent_${ITEMS[signal]}`,
      `Number of ${WORDS[signal]} successfully sent to destination.`,
      byExporter(sumBy(rows, (row) => row.exported)),
    ),
    counter(
      `exporter_send_failed_${ITEMS[signal]}`,
      `Number of ${WORDS[signal]} that were taken for a destination and given up.`,
      byExporter(sumBy(rows, lost)),
    ),
    counter(
      `exporter_enqueue_failed_${ITEMS[signal]}`,
      `Number of ${WORDS[signal]} for which the queue of a destination had no room.`,
      byExporter(full),
    ),
  ];
}

function queueFamilies({ queues }: GraphStats): Family[] {
  const gauge = (name: string, help: string, value: (queue: GraphStats['queues'][number]) => number): Family => ({
    name: `otelcol_exporter_${name}`,
    help,
    type: 'gauge',
    samples: queues.map((queue) => ({ labels: { exporter: queue.exporter }, value: value(queue) })),
  });
  return [
    gauge('queue_size', 'Current size of the queue, in units of its sizer.', (queue) => queue.size),
    gauge('queue_capacity', 'Fixed capacity of the queue, in units of its sizer.', (queue) => queue.capacity),
    gauge(
      'in_flight_requests',
      'Number of export requests currently in flight, including those that wait to be sent again.',
      (queue) => queue.inFlight,
    ),
  ];
}

/** A series begins with the first item that came by its transport. */
function received({ traffic }: GraphStats, signal: Signal, count: 'accepted' | 'refused'): Sample[] {
  const samples: Sample[] = [];
  for (const [receiver, signals] of traffic.receivers)
    for (const [transport, items] of Object.entries(signals[signal]))
      if (items.accepted + items.refused > 0) samples.push({ labels: { receiver, transport }, value: items[count] });
  return samples;
}

function processed({ traffic }: GraphStats, count: 'incoming' | 'outgoing'): Sample[] {
  const samples: Sample[] = [];
  for (const [processor, signals] of traffic.processors)
    for (const signal of SIGNALS) {
      const items = signals[signal];
      if (items.incoming + items.outgoing > 0) samples.push({ labels: { otel_signal: signal, processor }, value: items[count] });
    }
  return samples;
}

function sumBy(rows: readonly ExporterRow[], items: (row: ExporterRow) => number): Map<string, number> {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row.exporter, (sums.get(row.exporter) ?? 0) + items(row));
  return sums;
}

function byExporter(sums: ReadonlyMap<string, number>): Sample[] {
  return [...sums].map(([exporter, value]) => ({ labels: { exporter }, value }));
}

function allBut(reasons: Readonly<Record<string, number>>, left: string): number {
  let items = 0;
  for (const [reason, count] of Object.entries(reasons)) if (reason !== left) items += count;
  return items;
}
