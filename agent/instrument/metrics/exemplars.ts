import type { Attributes, Context } from '@opentelemetry/api';
import { activeContext, apiGlobal, spanContextIn } from '../api-global.ts';
import { encodeAttributes } from '../encode/attributes.ts';
import { EXEMPLAR_FIELDS } from '../encode/fields.ts';
import { entriesOf } from './attribute-set.ts';
import type { AttributeFilter, ExemplarRecord, MeterProviderOptions, SeriesSink } from './contract.ts';
import { METRIC_LIMITS } from './limits.ts';

type Filter = NonNullable<MeterProviderOptions['exemplarFilter']>;

/** TraceFlags.SAMPLED of the API, from which nothing but types is imported. */
const SAMPLED = 1;
const NO_ATTRIBUTES = new Uint8Array(0);

/** The series that an exemplar belongs to. */
export interface ExemplarSource {
  readonly id: number;
  /** Attributes that its view keeps; undefined for all. */
  readonly allowed: AttributeFilter | undefined;
}

interface Held {
  /** By slot; how many were offered to a series whose slots are drawn. */
  readonly slots: Map<number, ExemplarRecord>;
  offered: number;
}

/**
 * Measurements that stand for others: those made inside a sampled span. Per series one for each slot (a bucket; a point
 * without buckets has one), the latest wins; where slots are drawn, each measurement has the same chance. `open` is all that
 * a measurement looks at: it is false while no tracer is registered.
 */
export class ExemplarGate {
  open = false;
  readonly #filter: Filter;
  readonly #now: () => number;
  readonly #held = new Map<number, Held>();

  constructor(filter: Filter, now: () => number) {
    this.#filter = filter;
    this.#now = now;
    this.refresh();
  }

  /** Looks whether there are spans at all; a tracer may come later than the meter. */
  refresh(): void {
    this.open = this.#filter === 'always_on' || (this.#filter === 'trace_based' && apiGlobal()?.trace !== undefined);
  }

  /** `slot` is -1 where it is drawn. */
  offer(source: ExemplarSource, slot: number, value: number, context?: Context, attributes?: Attributes): void {
    const span = spanContextIn(context ?? activeContext());
    const sampled = span !== undefined && (span.traceFlags & SAMPLED) !== 0;
    if (!sampled && this.#filter !== 'always_on') return;
    let held = this.#held.get(source.id);
    if (held === undefined) {
      if (this.#held.size >= METRIC_LIMITS.exemplarSeries) return;
      this.#held.set(source.id, (held = { slots: new Map(), offered: 0 }));
    }
    const place = slot >= 0 ? slot : drawn(held);
    if (place < 0) return;
    held.slots.set(place, {
      series: source.id,
      value,
      timeNs: nanos(this.#now()),
      traceId: span?.traceId ?? '',
      spanId: span?.spanId ?? '',
      filteredAttributes: filteredAttributes(source.allowed, attributes),
    });
  }

  /** Hands over what was held since the last time. */
  drain(sink: SeriesSink): void {
    if (this.#held.size === 0) return;
    const exemplars = [...this.#held.values()].flatMap(({ slots }) => [...slots.values()]);
    this.#held.clear();
    sink.addExemplars?.(exemplars);
  }
}

/** Reservoir sampling, algorithm R; -1 for a measurement that is not kept. */
function drawn(held: Held): number {
  held.offered += 1;
  if (held.offered <= METRIC_LIMITS.exemplarsPerSeries) return held.offered - 1;
  const place = Math.floor(Math.random() * held.offered);
  return place < METRIC_LIMITS.exemplarsPerSeries ? place : -1;
}

/** Of the attributes of a measurement those that its view took away. */
function filteredAttributes(allowed: AttributeFilter | undefined, attributes: Attributes | undefined): Uint8Array {
  if (allowed === undefined || attributes === undefined) return NO_ATTRIBUTES;
  const entries = entriesOf(attributes, undefined, () => undefined).filter(([key]) => !allowed.has(key));
  return encodeAttributes(EXEMPLAR_FIELDS.filteredAttributes, entries);
}

/** ns since 1970 of ms since 1970; a double holds them to a quarter of a microsecond. */
export function nanos(timeMs: number): bigint {
  return BigInt(Math.round(timeMs * 1e6));
}
