import type { AuditEvent } from '../../pipeline/audit.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Draft } from './record.ts';

/** Events of one kind in one second that have no record yet. */
interface Tally {
  readonly event: AuditEvent;
  events: number;
  items: number;
  fromMs: number;
  lastMs: number;
}

/** Stands for the clients and users that are too many to tell apart. */
const OTHERS = '*';

/**
 * Makes records of events: of those alike within a second, the first becomes a record at once and the others together one
 * exact count when the second is over. METRIC_MUTATION is only counted; no CONFIG_CHANGE is left out. Bounded, whatever comes.
 */
export class Fold {
  #tallies = new Map<string, Tally>();
  #others = new Map<string, Tally>();

  /** Kinds met since the last `end`: there is something to end. */
  get isEmpty(): boolean {
    return this.#tallies.size + this.#others.size === 0;
  }

  /** The record to write now, if the event has one of its own. */
  take(event: AuditEvent, nowMs: number): Draft | undefined {
    if (event.type === 'CONFIG_CHANGE') return { ...event, atMs: nowMs };
    const tally = this.#tallyOf(event);
    const isFirst = tally.fromMs === 0 && tally.lastMs === 0 && event.type !== 'METRIC_MUTATION';
    tally.lastMs = nowMs;
    if (isFirst) return { ...tally.event, items: event.items, details: event.details, atMs: nowMs } as Draft;
    if (tally.events === 0) tally.fromMs = nowMs;
    tally.events += 1;
    tally.items += event.items ?? 0;
    return undefined;
  }

  /** The second is over: the counts of what got no record of its own. */
  end(): Draft[] {
    const drafts: Draft[] = [];
    for (const tallies of [this.#tallies, this.#others]) {
      for (const { event, events, items, fromMs, lastMs } of tallies.values()) {
        if (events === 0) continue;
        const { details: _, ...kind } = event;
        drafts.push({ ...kind, items, events, fromMs, atMs: lastMs });
      }
    }
    this.#tallies = new Map();
    this.#others = new Map();
    return drafts;
  }

  #tallyOf(event: AuditEvent): Tally {
    const key = keyOf(event);
    const known = this.#tallies.get(key);
    if (known !== undefined) return known;
    if (this.#tallies.size < LIMITS.auditKinds) return add(this.#tallies, key, event);
    const other: AuditEvent = {
      ...event,
      client: event.client === undefined ? undefined : OTHERS,
      user: event.user === undefined ? undefined : OTHERS,
      details: undefined,
    };
    const otherKey = keyOf(other);
    return this.#others.get(otherKey) ?? add(this.#others, otherKey, other);
  }
}

function keyOf({ type, severity, action, result, scope, user, client, component }: AuditEvent): string {
  return `${type}\0${severity}\0${action}\0${result}\0${scope ?? ''}\0${user ?? ''}\0${client ?? ''}\0${component ?? ''}`;
}

function add(tallies: Map<string, Tally>, key: string, event: AuditEvent): Tally {
  const tally: Tally = { event, events: 0, items: 0, fromMs: 0, lastMs: 0 };
  tallies.set(key, tally);
  return tally;
}
