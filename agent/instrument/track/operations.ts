import type { Attributes } from '@opentelemetry/api';
import type { AgentCounter, AgentMeter, AgentRecorder, BoundCounter, BoundRecorder, Steps, View } from '../metrics/contract.ts';
import type { OperationTotals } from './contract.ts';
import { TRACK_LIMITS } from './limits.ts';
import { Failures, OTHER } from './outcome.ts';
import type { TagSet } from './tag-sets.ts';

export const OPERATIONS_METER = 'periscope.operations';
const DURATION = 'op.duration';

/** Operations take from microseconds to hours: no list of boundaries fits them all. A function, so that a bundle without
 *  operations does not hold it. */
export const operationViews = (): readonly View[] => [
  { instrumentName: DURATION, meterName: OPERATIONS_METER, aggregation: { type: 'base2_exponential_bucket_histogram' } },
];

interface Instruments {
  readonly duration: AgentRecorder;
  readonly active: AgentCounter;
  readonly failures: Failures;
}

const { hrtime } = process;
/** Looked at when an operation is measured: that loads node:perf_hooks. */
let clock: typeof performance | undefined;
/** Taken off, so that a double holds nanoseconds. */
const [firstS] = hrtime();

const nanoseconds = (globalThis as { readonly Bun?: { readonly nanoseconds?: () => number } }).Bun?.nanoseconds;

/**
 * Of two readings of the clock most of the cost of an operation is made. These are the cheapest with nanoseconds: before Node 24
 * hrtime, whose array the optimiser does away with (31 ns, performance.now 38); later it is the other way round; Bun has one
 * of its own (34, performance.now 36).
 */
export const nowMs: () => number =
  nanoseconds !== undefined
    ? () => nanoseconds() * 1e-6
    : Number.parseInt(process.versions.node) < 24
      ? byHrtime
      : () => (clock ??= performance).now();

function byHrtime(): number {
  const time = hrtime();
  return (time[0] - firstS) * 1000 + time[1] * 1e-6;
}

/** To multiply takes a third of the time that a division takes. */
const S_PER_MS = 0.001;

/** Another engine's, or what a view makes of it, can only add. */
function stepsOf(bound: BoundCounter & Partial<Steps>): Steps {
  const { up, down } = bound;
  if (up !== undefined && down !== undefined) return bound as Steps;
  return { up: () => bound.add(1), down: () => bound.add(-1) };
}

/** Of all calls of an operation, whatever their tags. */
interface Totals {
  calls: number;
  failures: number;
  seconds: number;
}

/** One operation under one set of request tags. The usual end is bound; a call with tags of its own is looked up. Nothing
 *  here throws. */
export class OperationCells {
  readonly #instruments: Instruments;
  readonly #name: string;
  readonly #totals: Totals;
  readonly #scoped: boolean;
  readonly #attributes: Attributes;
  readonly #active: Steps;
  readonly #ok: BoundRecorder;
  readonly #failed = new Map<string, BoundRecorder>();

  constructor(instruments: Instruments, name: string, totals: Totals, set?: TagSet) {
    const attributes = { ...set?.attributes, 'op.name': name };
    this.#instruments = instruments;
    this.#name = name;
    this.#totals = totals;
    this.#scoped = set !== undefined;
    this.#attributes = attributes;
    this.#active = stepsOf(instruments.active.bind(attributes));
    this.#ok = instruments.duration.bind({ ...attributes, outcome: 'ok' });
  }

  /** All attributes of a call with tags of its own, as it ends usually. May throw what a getter of `tags` throws. */
  withTags(tags: Attributes): Attributes {
    const all: Attributes = { 'op.name': this.#name, outcome: 'ok' };
    // Key by key: what a spread makes is slow to be added to, and slow to be read.
    if (this.#scoped) for (const key in this.#attributes) all[key] = this.#attributes[key];
    for (const key of Object.keys(tags)) if (!Object.hasOwn(all, key)) all[key] = tags[key];
    return all;
  }

  /** The start, for `end` and `fail`; they take what `withTags` gave before. */
  begin(): number {
    this.#active.up();
    return nowMs();
  }

  end(startMs: number, tags?: Attributes): void {
    const seconds = (nowMs() - startMs) * S_PER_MS;
    this.#active.down();
    this.#totals.calls += 1;
    this.#totals.seconds += seconds;
    if (tags === undefined) this.#ok.record(seconds);
    else this.#instruments.duration.record(seconds, tags);
  }

  fail(startMs: number, error: unknown, tags?: Attributes): void {
    const seconds = (nowMs() - startMs) * S_PER_MS;
    this.#active.down();
    this.#totals.calls += 1;
    this.#totals.failures += 1;
    this.#totals.seconds += seconds;
    const { outcome, type } = this.#instruments.failures.of(error);
    const attributes = { ...(tags ?? this.#attributes), outcome, 'error.type': type };
    if (tags !== undefined) return this.#instruments.duration.record(seconds, attributes);
    const key = `${outcome} ${type}`;
    let cell = this.#failed.get(key);
    if (cell === undefined) this.#failed.set(key, (cell = this.#instruments.duration.bind(attributes)));
    cell.record(seconds);
  }

  /** Nobody can tell when it ends: no duration is better than a wrong one. */
  abandon(): void {
    this.#active.down();
  }
}

export class NamedOperation {
  readonly #instruments: Instruments;
  readonly #name: string;
  readonly #totals: Totals = { calls: 0, failures: 0, seconds: 0 };
  readonly #untagged: OperationCells;
  readonly #tagged = new Map<TagSet, OperationCells>();

  constructor(name: string, instruments: Instruments) {
    this.#instruments = instruments;
    this.#name = name;
    this.#untagged = new OperationCells(instruments, name, this.#totals);
  }

  cells(set: TagSet | undefined): OperationCells {
    return set === undefined ? this.#untagged : (this.#tagged.get(set) ?? this.#tag(set));
  }

  get totals(): OperationTotals {
    return { name: this.#name, ...this.#totals };
  }

  #tag(set: TagSet): OperationCells {
    const cells = new OperationCells(this.#instruments, this.#name, this.#totals, set);
    this.#tagged.set(set, cells);
    return cells;
  }
}

function instrumentsOf(meter: AgentMeter): Instruments {
  return {
    duration: meter.createHistogram(DURATION, { unit: 's', description: 'How long operations took, by outcome.' }),
    active: meter.createUpDownCounter('op.active', { unit: '{operation}', description: 'Operations that have not ended.' }),
    failures: new Failures(),
  };
}

/** All operations of a process, by name. */
export class Operations {
  readonly #meter: AgentMeter;
  /** Made by the first operation: an application that has none does not wait for them. */
  #instruments: Instruments | undefined;
  readonly #named = new Map<string, NamedOperation>();

  constructor(meter: AgentMeter) {
    this.#meter = meter;
  }

  named(given: string): NamedOperation {
    const name = typeof given === 'string' && given !== '' ? given.slice(0, TRACK_LIMITS.textChars) : OTHER;
    return this.#named.get(name) ?? this.#make(name);
  }

  totals(): OperationTotals[] {
    return [...this.#named.values()].map(({ totals }) => totals);
  }

  #make(name: string): NamedOperation {
    const kept = this.#named.size < TRACK_LIMITS.operations || name === OTHER ? name : OTHER;
    const known = this.#named.get(kept);
    if (known !== undefined) return known;
    const made = new NamedOperation(kept, (this.#instruments ??= instrumentsOf(this.#meter)));
    this.#named.set(kept, made);
    return made;
  }
}
