import { LIMITS } from './limits.ts';
import type { OnFull } from './plan.ts';
import { SIGNALS, type Signal } from './signal.ts';
import { Traffic } from './traffic.ts';

/** received = accepted + sum(rejected). Items. */
export interface ReceiverRow {
  readonly receiver: string;
  readonly scope: string;
  readonly signal: Signal;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
  /** Requests, by reason, that were refused before they were read: nobody knows their items, and none is in `received`.
   *  Absent = none. */
  readonly unreadRequests?: Readonly<Record<string, number>>;
}

/** accepted = routed + sum(dropped), per pipeline. Items. */
export interface PipelineRow {
  readonly pipeline: string;
  readonly scope: string;
  readonly signal: Signal;
  readonly accepted: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** routed = exported + refused + sum(dropped) + inFlight, where inFlight is counted in the queues. Items. */
export interface ExporterRow {
  readonly exporter: string;
  readonly scope: string;
  readonly signal: Signal;
  readonly routed: number;
  readonly exported: number;
  readonly refused: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly inFlight: number;
  /** What its queue does with what it has no room for: refusals count at the receiver, drops in `dropped.queue_full`. */
  readonly onFull: OnFull;
}

export interface LedgerSnapshot {
  readonly receivers: readonly ReceiverRow[];
  readonly pipelines: readonly PipelineRow[];
  readonly exporters: readonly ExporterRow[];
}

export class ReceiverCount {
  received = 0;
  accepted = 0;
  readonly rejected: Record<string, number> = Object.create(null) as Record<string, number>;
  unreadRequests: Record<string, number> | undefined;
}

export class PipelineCount {
  accepted = 0;
  readonly dropped: Record<string, number> = Object.create(null) as Record<string, number>;
}

/** Everything here is counted where it happens; nothing is the rest of something else. */
export class ExporterCount {
  /** What the pipelines took in for it, and what of that their processors let go. */
  admitted = 0;
  withdrawn = 0;
  exported = 0;
  refused = 0;
  readonly dropped: Record<string, number> = Object.create(null) as Record<string, number>;
  onFull: OnFull = 'refuse';
  waiting = 0;
  sending = 0;
  retrying = 0;
}

export function count(reasons: Record<string, number>, reason: string, items: number): void {
  reasons[reason] = (reasons[reason] ?? 0) + items;
}

/** The rows of one component. Looked up once per request and scope, so two maps deep. */
export class Rows<Count> {
  readonly #make: () => Count;
  readonly #rows: Readonly<Record<Signal, Map<string, Count>>> = { metrics: new Map(), traces: new Map(), logs: new Map() };

  constructor(make: () => Count) {
    this.#make = make;
  }

  of(signal: Signal, scope: string): Count {
    const rows = this.#rows[signal];
    let row = rows.get(scope);
    if (row === undefined) {
      row = this.#make();
      rows.set(scope, row);
    }
    return row;
  }

  *entries(): Generator<readonly [Signal, string, Count]> {
    for (const signal of SIGNALS) for (const [scope, row] of this.#rows[signal]) yield [signal, scope, row];
  }
}

/** Items of a scope that processors hold on their way to an exporter. */
export type Held = (signal: Signal, scope: string) => number;

/** All counters of a process. Bounded: `LIMITS.scopes` scopes, times what is configured. */
export class Ledger {
  readonly traffic = new Traffic();
  readonly #receivers = new Map<string, Rows<ReceiverCount>>();
  readonly #pipelines = new Map<string, Rows<PipelineCount>>();
  readonly #exporters = new Map<string, { rows: Rows<ExporterCount>; held: Set<Held> }>();
  readonly #scopes = new Set<string>();

  receiver(id: string): Rows<ReceiverCount> {
    return getOrAdd(this.#receivers, id, () => new Rows(() => new ReceiverCount()));
  }

  pipeline(id: string): Rows<PipelineCount> {
    return getOrAdd(this.#pipelines, id, () => new Rows(() => new PipelineCount()));
  }

  /** `held` is asked at each snapshot until `forget`: while one graph takes over from another, both of them hold. */
  exporter(id: string, held: Held): Rows<ExporterCount> {
    const exporter = this.#exporter(id);
    exporter.held.add(held);
    return exporter.rows;
  }

  /** The graph that `held` spoke for has ended. */
  forget(held: Held): void {
    for (const exporter of this.#exporters.values()) exporter.held.delete(held);
  }

  /** May items of this scope be counted under its name; false when one more scope would be too many. */
  knows(scope: string): boolean {
    if (this.#scopes.has(scope)) return true;
    if (this.#scopes.size >= LIMITS.scopes) return false;
    this.#scopes.add(scope);
    return true;
  }

  /**
   * Goes on from the counters of a process before this one. What was in flight there is gone and counts as
   * dropped(crash), so that a snapshot that balances still does. Scopes of it do not count as known here: those that
   * nobody sends any more take no place away. Returns the items in flight.
   */
  restore({ receivers, pipelines, exporters }: LedgerSnapshot): number {
    for (const { receiver, signal, scope, received, accepted, rejected, unreadRequests } of receivers) {
      const row = this.receiver(receiver).of(signal, scope);
      row.received += received;
      row.accepted += accepted;
      addAll(row.rejected, rejected);
      if (unreadRequests !== undefined) addAll((row.unreadRequests ??= noReasons()), unreadRequests);
    }
    for (const { pipeline, signal, scope, accepted, dropped } of pipelines) {
      const row = this.pipeline(pipeline).of(signal, scope);
      row.accepted += accepted;
      addAll(row.dropped, dropped);
    }
    let lost = 0;
    for (const { exporter, signal, scope, ...counted } of exporters) {
      const row = this.#exporter(exporter).rows.of(signal, scope);
      row.admitted += counted.routed;
      row.exported += counted.exported;
      row.refused += counted.refused;
      row.onFull = counted.onFull;
      addAll(row.dropped, counted.dropped);
      if (counted.inFlight > 0) count(row.dropped, 'crash', counted.inFlight);
      lost += counted.inFlight;
    }
    return lost;
  }

  snapshot(): LedgerSnapshot {
    const receivers: ReceiverRow[] = [];
    const pipelines: PipelineRow[] = [];
    const exporters: ExporterRow[] = [];
    for (const [receiver, rows] of this.#receivers) {
      for (const [signal, scope, { received, accepted, rejected, unreadRequests }] of rows.entries()) {
        const row = { receiver, scope, signal, received, accepted, rejected: { ...rejected } };
        receivers.push(unreadRequests === undefined ? row : { ...row, unreadRequests: { ...unreadRequests } });
      }
    }
    for (const [pipeline, rows] of this.#pipelines) {
      for (const [signal, scope, row] of rows.entries())
        pipelines.push({ pipeline, scope, signal, ...row, dropped: { ...row.dropped } });
    }
    for (const [exporter, { rows, held }] of this.#exporters) {
      for (const [signal, scope, row] of rows.entries()) {
        let inFlight = row.waiting + row.sending + row.retrying;
        for (const ask of held) inFlight += ask(signal, scope);
        const { exported, refused } = row;
        exporters.push({
          exporter,
          scope,
          signal,
          routed: row.admitted - row.withdrawn,
          exported,
          refused,
          dropped: { ...row.dropped },
          inFlight,
          onFull: row.onFull,
        });
      }
    }
    return { receivers, pipelines, exporters };
  }

  #exporter(id: string): { readonly rows: Rows<ExporterCount>; readonly held: Set<Held> } {
    return getOrAdd(this.#exporters, id, () => ({ rows: new Rows(() => new ExporterCount()), held: new Set<Held>() }));
  }
}

const noReasons = (): Record<string, number> => Object.create(null) as Record<string, number>;

function addAll(reasons: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [reason, items] of Object.entries(more)) count(reasons, reason, items);
}

function getOrAdd<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
