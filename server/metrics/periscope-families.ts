import type { ComponentStatus } from '../../pipeline/status.ts';
import type { Told } from './collector-families.ts';
import type { Family, Sample } from './exposition.ts';

/**
 * What the Go collector has no word for: the ledger by scope, why items were rejected or dropped, what components count.
 * `scopes` = the reader may see the names of all scopes; else items are summed over them.
 */
export function periscopeFamilies(told: Told, status: readonly ComponentStatus[], scopes: boolean): Family[] {
  return [...ledgerFamilies(told, scopes), ...stateFamilies(told, status)];
}

const counter = (name: string, help: string, samples: readonly Sample[]): Family => ({
  name: `periscope_${name}`,
  help,
  type: 'counter',
  samples,
});
const gauge = (name: string, help: string, samples: readonly Sample[]): Family => ({
  ...counter(name, help, samples),
  type: 'gauge',
});

/** Series that agree in all labels become one. */
class Sums {
  readonly #series = new Map<string, { labels: Record<string, string>; value: number }>();

  add(labels: Record<string, string>, value: number): void {
    const key = JSON.stringify(labels);
    const known = this.#series.get(key);
    if (known === undefined) this.#series.set(key, { labels, value });
    else known.value += value;
  }

  get samples(): readonly Sample[] {
    return [...this.#series.values()];
  }
}

/** Counters by the equations of the ledger (`pipeline/ledger.ts`): they balance in every answer. */
function ledgerFamilies({ ledger, stats }: Told, scopes: boolean): Family[] {
  const names = ['received', 'accepted', 'rejected', 'unread', 'entered', 'dropped'] as const;
  const sums = Object.fromEntries(names.map((name) => [name, new Sums()])) as Record<(typeof names)[number], Sums>;
  const exporters = { routed: new Sums(), exported: new Sums(), refused: new Sums(), dropped: new Sums(), inFlight: new Sums() };
  const whose = (scope: string): Record<string, string> => (scopes ? { scope } : {});
  for (const { receiver, signal, scope, received, accepted, rejected, ...row } of ledger.receivers) {
    const labels = { receiver, signal, ...whose(scope) };
    sums.received.add(labels, received);
    sums.accepted.add(labels, accepted);
    for (const [reason, items] of Object.entries(rejected)) sums.rejected.add({ ...labels, reason }, items);
    for (const [reason, requests] of Object.entries(row.unreadRequests ?? {})) sums.unread.add({ receiver, reason }, requests);
  }
  for (const [receiver, codes] of stats.traffic.unread)
    for (const [reason, requests] of codes) sums.unread.add({ receiver, reason }, requests);
  for (const { pipeline, scope, accepted, dropped } of ledger.pipelines) {
    const labels = { pipeline, ...whose(scope) };
    sums.entered.add(labels, accepted);
    for (const [reason, items] of Object.entries(dropped)) sums.dropped.add({ ...labels, reason }, items);
  }
  for (const { exporter, signal, scope, routed, exported, refused, dropped, inFlight } of ledger.exporters) {
    const labels = { exporter, signal, ...whose(scope) };
    exporters.routed.add(labels, routed);
    exporters.exported.add(labels, exported);
    exporters.refused.add(labels, refused);
    exporters.inFlight.add(labels, inFlight);
    for (const [reason, items] of Object.entries(dropped)) exporters.dropped.add({ ...labels, reason }, items);
  }
  return [
    counter('receiver_received_items', 'Items that came in: accepted and rejected.', sums.received.samples),
    counter('receiver_accepted_items', 'Items that were taken.', sums.accepted.samples),
    counter('receiver_rejected_items', 'Items that were not taken, by reason; their sender was told.', sums.rejected.samples),
    counter('receiver_unread_requests', 'Requests that were refused before they were read, by reason.', sums.unread.samples),
    counter('pipeline_accepted_items', 'Items that entered a pipeline.', sums.entered.samples),
    counter('pipeline_dropped_items', 'Items that processors let go, by reason.', sums.dropped.samples),
    counter('exporter_routed_items', 'Items meant for a destination.', exporters.routed.samples),
    counter('exporter_exported_items', 'Items that a destination took.', exporters.exported.samples),
    counter('exporter_refused_items', 'Items that a destination refused for good.', exporters.refused.samples),
    counter(
      'exporter_dropped_items',
      'Items that were let go before a destination had them, by reason.',
      exporters.dropped.samples,
    ),
    gauge('exporter_in_flight_items', 'Items that are in processors, queues and sends.', exporters.inFlight.samples),
  ];
}

function stateFamilies({ stats }: Told, status: readonly ComponentStatus[]): Family[] {
  const own = new Sums();
  for (const { id, kind, pipeline, stats: counts } of stats.components)
    for (const [name, value] of Object.entries(counts))
      own.add({ component: id, kind, ...(pipeline !== undefined && { pipeline }), counter: name }, value);
  const queue = (name: string, help: string, value: (of: (typeof stats.queues)[number]) => number): Family =>
    gauge(
      name,
      help,
      stats.queues.map((each) => ({ labels: { exporter: each.exporter }, value: value(each) })),
    );
  return [
    queue('exporter_queue_bytes', 'Uncompressed OTLP that is held for a destination.', ({ bytes }) => bytes),
    queue('exporter_queue_capacity_bytes', 'The most that is held for a destination.', ({ bytesMax }) => bytesMax),
    gauge(
      'component_healthy',
      '1 while a component does its work, 0 while it tries again, has failed, starts or stops.',
      status.map(({ id, kind, state }) => ({ labels: { component: id, kind }, value: state === 'ok' ? 1 : 0 })),
    ),
    counter('component_counts', 'What a component counts by itself; its documentation says what that is.', own.samples),
  ];
}
