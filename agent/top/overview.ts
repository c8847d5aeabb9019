import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import type { QueueShare } from '../../pipeline/stats.ts';
import { withEvents, type ActivityLine } from '../../server/dashboard/model/activity-events.ts';
import type { Change } from '../../server/dashboard/model/changes.ts';
import {
  acceptedBySignal,
  exporterBalances,
  intakeBalance,
  ratesBetween,
  type Balance,
} from '../../server/dashboard/model/ledger.ts';
import { afterChanges, standingOptions, type StandingRows } from '../../server/dashboard/model/standing-rows.ts';
import type { ActivityEvent, SqlData } from '../../server/stream/protocol.ts';
import { queueFill, type QueueFill } from './queue-fill.ts';

/** Who sends, as a query that stays open; its columns are read by their places. */
export const SERVICES_QUERY = standingOptions(
  'SELECT ServiceName, Points, Spans, Logs, Errors FROM services ORDER BY Points + Spans + Logs DESC, ServiceName LIMIT 100',
);

export interface SignalRate {
  readonly signal: Signal;
  /** Items accepted. */
  readonly perSecond: number;
  /** The same of each second before, the oldest first. */
  readonly history: readonly number[];
}
export interface ExporterLine extends Balance {
  /** Items exported. */
  readonly perSecond: number;
  /** Of what this scope may fill of its queue; undefined of one that runs no more. */
  readonly queue: QueueFill | undefined;
}
export interface ServiceLine {
  readonly name: string;
  /** Undefined before there were two readings. */
  readonly perSecond: number | undefined;
  readonly points: number;
  readonly spans: number;
  readonly logs: number;
  readonly errors: number;
}

/** Of what could not be read: why. */
export interface Notes {
  ledger?: string | undefined;
  services?: string | undefined;
  changes?: string | undefined;
  activity?: string | undefined;
}

/** The answer of `GET /api/v1/ledger`, as far as it is shown. */
export interface LedgerAnswer extends LedgerSnapshot {
  readonly queues: readonly QueueShare[];
}

interface Reading {
  readonly atMs: number;
  readonly accepted: Readonly<Record<string, number>>;
  readonly exported: Readonly<Record<string, number>>;
}

/** A rate is over the last readings within so long, so that a batch now and then is no flicker. */
const RATE_MS = 5000;
/** What the window tells of services comes in whole seconds and more. */
const SERVICE_RATE_MS = 10_000;
const HISTORY = 60;

/** One scope, as it is now: what `periscope top` shows. Counts are of the ledger and of the windows. */
export class Overview {
  readonly scope: string;
  readonly notes: Notes = {};
  readonly #readings: Reading[] = [];
  readonly #history = new Map<Signal, number[]>();
  readonly #totals = new Map<string, { atMs: number; total: number }[]>();
  #services: StandingRows | undefined;
  #ledger: LedgerAnswer = { receivers: [], pipelines: [], exporters: [], queues: [] };
  changes: readonly Change[] | undefined;
  events: readonly ActivityLine[] | undefined;

  constructor(scope: string) {
    this.scope = scope;
  }

  /** How often the ledger was read since the collector began anew. */
  get readings(): number {
    return this.#readings.length;
  }

  /** Rows of other scopes, which an admin sees, are left out. */
  readLedger({ receivers, pipelines, exporters, queues }: LedgerAnswer, atMs: number): void {
    const own = ({ scope }: { readonly scope: string }): boolean => scope === this.scope;
    this.#ledger = {
      receivers: receivers.filter(own),
      pipelines: pipelines.filter(own),
      exporters: exporters.filter(own),
      queues: queues.filter(own),
    };
    this.notes.ledger = undefined;
    const exported = Object.fromEntries(
      exporterBalances(this.#ledger).map(({ name, parts }) => [name, parts.find((part) => part.name === 'exported')?.count ?? 0]),
    );
    const reading = { atMs, accepted: acceptedBySignal(this.#ledger), exported };
    const last = this.#readings.at(-1);
    // A count that went back: another collector.
    if (last !== undefined && Object.entries(last.accepted).some(([signal, count]) => (reading.accepted[signal] ?? 0) < count))
      this.#readings.length = 0;
    const before = this.#readings.at(-1);
    this.#readings.push(reading);
    while (this.#readings.length > 2 && atMs - this.#readings[1]!.atMs >= RATE_MS) this.#readings.shift();
    if (before === undefined) return;
    const rates = ratesBetween(before, reading);
    for (const signal of SIGNALS) {
      const history = this.#history.get(signal) ?? [];
      history.push(rates[signal] ?? 0);
      this.#history.set(signal, history.slice(-HISTORY));
    }
  }

  /** A snapshot of `SERVICES_QUERY`, or what has changed since. */
  servicesAre(data: SqlData, atMs: number): void {
    this.#services = afterChanges(this.#services, data);
    this.notes.services = undefined;
    const names = new Set<string>();
    for (const { name, points, spans, logs } of this.services(atMs)) {
      names.add(name);
      const totals = this.#totals.get(name) ?? [];
      const total = points + spans + logs;
      // Windows that began anew count anew.
      if ((totals.at(-1)?.total ?? 0) > total) totals.length = 0;
      totals.push({ atMs, total });
      while (totals.length > 2 && atMs - totals[1]!.atMs >= SERVICE_RATE_MS) totals.shift();
      this.#totals.set(name, totals);
    }
    for (const name of this.#totals.keys()) if (!names.has(name)) this.#totals.delete(name);
  }

  activityIs(events: readonly ActivityEvent[], isSnapshot: boolean): void {
    const known = this.events ?? [];
    // After a break the snapshot tells again what is known.
    const isNew = (event: ActivityEvent): boolean => !known.some(({ time, text }) => time === event.time && text === event.text);
    this.events = withEvents(isSnapshot ? events.filter(isNew) : events, [...known]);
    this.notes.activity = undefined;
  }

  get hasServices(): boolean {
    return this.#services !== undefined;
  }

  get rates(): SignalRate[] {
    const perSecond = this.#perSecond(({ accepted }) => accepted);
    return SIGNALS.map((signal) => ({
      signal,
      perSecond: perSecond[signal] ?? 0,
      history: this.#history.get(signal) ?? [],
    }));
  }

  get intake(): Balance {
    return intakeBalance(this.#ledger);
  }

  /** Items that processors dropped, by reason, the most first. */
  get droppedOnTheWay(): readonly (readonly [reason: string, count: number])[] {
    const total = new Map<string, number>();
    for (const { dropped } of this.#ledger.pipelines)
      for (const [reason, count] of Object.entries(dropped)) if (count > 0) total.set(reason, (total.get(reason) ?? 0) + count);
    return [...total].toSorted(([, left], [, right]) => right - left);
  }

  get exporters(): ExporterLine[] {
    const perSecond = this.#perSecond(({ exported }) => exported);
    return exporterBalances(this.#ledger).map((balance) => {
      const queue = this.#ledger.queues.find(({ exporter }) => exporter === balance.name);
      return { ...balance, perSecond: perSecond[balance.name] ?? 0, queue: queue && queueFill(queue) };
    });
  }

  /** Those that send most first. */
  services(nowMs: number): ServiceLine[] {
    const lines = (this.#services?.rows ?? []).map(([name, points, spans, logs, errors]): ServiceLine => {
      const text = String(name);
      const counts = { points: Number(points), spans: Number(spans), logs: Number(logs), errors: Number(errors) };
      return { name: text, perSecond: this.#rateOf(text, nowMs), ...counts };
    });
    const total = ({ points, spans, logs }: ServiceLine): number => points + spans + logs;
    const rate = ({ perSecond = 0 }: ServiceLine): number => perSecond;
    return lines.toSorted(
      (left, right) => rate(right) - rate(left) || total(right) - total(left) || (left.name < right.name ? -1 : 1),
    );
  }

  #rateOf(name: string, nowMs: number): number | undefined {
    const totals = this.#totals.get(name) ?? [];
    const [first, last] = [totals[0], totals.at(-1)];
    if (first === undefined || last === undefined) return undefined;
    // What has gone silent has told nothing since.
    if (nowMs - last.atMs >= SERVICE_RATE_MS) return 0;
    if (last.atMs === first.atMs) return undefined;
    return ((last.total - first.total) / (last.atMs - first.atMs)) * 1000;
  }

  #perSecond(of: (reading: Reading) => Readonly<Record<string, number>>): Readonly<Record<string, number>> {
    const [first, last] = [this.#readings[0], this.#readings.at(-1)];
    if (first === undefined || last === undefined) return {};
    return ratesBetween({ atMs: first.atMs, accepted: of(first) }, { atMs: last.atMs, accepted: of(last) });
  }
}
