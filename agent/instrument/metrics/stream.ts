import type { Attributes } from '@opentelemetry/api';
import { encodeAttributes } from '../encode/attributes.ts';
import { EXPONENTIAL_FIELDS, HISTOGRAM_FIELDS, NUMBER_FIELDS } from '../encode/fields.ts';
import { canonicalKey, entriesOf, type Entry, guiltyKey } from './attribute-set.ts';
import type { CellArena, Cells } from './cells.ts';
import type { AttributeFilter, InstrumentRecord, PointKind, SeriesSink } from './contract.ts';
import { type ExemplarGate, nanos } from './exemplars.ts';
import type { Faults } from './faults.ts';
import { METRIC_LIMITS } from './limits.ts';
import { AttributeTrie } from './trie.ts';

/** What all streams of a provider share. */
export interface StreamHost {
  readonly sink: SeriesSink;
  readonly arena: CellArena;
  readonly faults: Faults;
  readonly gate: ExemplarGate;
  readonly now: () => number;
  nextSeriesId(): number;
  /** Of all streams. */
  seriesCount(): number;
}

export interface StreamOptions<S> {
  readonly record: InstrumentRecord;
  readonly cardinalityLimit: number;
  /** Attributes that stay; undefined for all. */
  readonly allowed: AttributeFilter | undefined;
  /** 64-bit floats of one series. */
  readonly floats: number;
  readonly make: (id: number, cells: Cells) => S;
}

const ATTRIBUTES_FIELD: Readonly<Record<PointKind, number>> = {
  sum: NUMBER_FIELDS.attributes,
  gauge: NUMBER_FIELDS.attributes,
  histogram: HISTOGRAM_FIELDS.attributes,
  exponential_histogram: EXPONENTIAL_FIELDS.attributes,
};
const OVERFLOW: readonly Entry[] = [['otel.metric.overflow', true]];
/** Of the trie's room, for sets that are over the limit: they would take it all. */
const OVERFLOW_SHARE = 0.5;

/** A metric as it leaves, with its series: finds that of a set of attributes, makes it when it is new, and keeps to the
 *  cardinality limit for as long as the process lives, whatever the temporality. */
export class Stream<S> {
  readonly allowed: AttributeFilter | undefined;
  #record: InstrumentRecord;
  readonly #host: StreamHost;
  readonly #options: StreamOptions<S>;
  readonly #trie: AttributeTrie<S>;
  readonly #byKey = new Map<string, S>();
  #overflow: S | undefined;
  #guilty: string | undefined;

  constructor(host: StreamHost, options: StreamOptions<S>) {
    this.#host = host;
    this.#options = options;
    this.#record = options.record;
    this.allowed = options.allowed;
    this.#trie = new AttributeTrie(options.cardinalityLimit * METRIC_LIMITS.trieNodesPerSeries, options.allowed);
    host.sink.addInstrument(options.record);
  }

  get record(): InstrumentRecord {
    return this.#record;
  }
  get series(): Iterable<S> {
    return this.#byKey.values();
  }
  get size(): number {
    return this.#byKey.size;
  }
  /** The attribute that has the most values, once the stream is over its limit. */
  get guilty(): string | undefined {
    return this.#guilty;
  }

  describe(description: string): void {
    this.#record = { ...this.#record, description };
    this.#host.sink.addInstrument(this.#record);
  }

  /** Never undefined: a set over the limit belongs to the overflow. May throw what a getter of `attributes` throws. */
  find(attributes: Attributes | undefined): S {
    return this.#trie.find(attributes) ?? this.#seek(attributes);
  }

  isOverflow(series: S): boolean {
    return series === this.#overflow;
  }

  /** The way that does not depend on the order of attributes. */
  #seek(attributes: unknown): S {
    let refused = false;
    const entries = entriesOf(attributes, this.allowed, (key) => {
      refused = true;
      this.#refuse(key);
    });
    const key = canonicalKey(entries);
    const series = this.#byKey.get(key) ?? this.#admit(key, entries);
    // What was refused is to be counted each time.
    if (!refused) this.#trie.add(entries, series, series === this.#overflow ? OVERFLOW_SHARE : 1);
    return series;
  }

  #admit(key: string, entries: readonly Entry[]): S {
    this.#host.gate.refresh();
    const others = this.#byKey.size - (this.#overflow === undefined ? 0 : 1);
    if (this.#host.seriesCount() >= METRIC_LIMITS.series) return this.#turnAwayFromAll();
    if (others >= this.#options.cardinalityLimit - 1) {
      return this.#turnAway(`it has ${this.#byKey.size}, most of them by ${this.#learnGuilty()}`);
    }
    const bytes = encodeAttributes(ATTRIBUTES_FIELD[this.#record.point], entries);
    if (bytes.length > METRIC_LIMITS.attributeSetBytes) return this.#turnAway(`one is of ${bytes.length} bytes`);
    return this.#create(key, bytes);
  }

  /** Told once, not of each metric that comes after it. */
  #turnAwayFromAll(): S {
    this.#host.faults.count(
      'overflow',
      '',
      () =>
        `cannot keep more than ${METRIC_LIMITS.series} series, which ${this.#record.name} would go beyond: new ones are counted as otel.metric.overflow`,
    );
    return this.#ofOverflow();
  }

  #turnAway(cause: string): S {
    const { name } = this.#record;
    this.#host.faults.count(
      'overflow',
      name,
      () => `cannot keep another set of attributes of ${name}: ${cause}; the rest is counted as otel.metric.overflow`,
    );
    return this.#ofOverflow();
  }

  #learnGuilty(): string {
    return (this.#guilty ??= guiltyKey(this.#byKey.keys()));
  }

  #ofOverflow(): S {
    this.#learnGuilty();
    if (this.#overflow === undefined) {
      const key = canonicalKey(OVERFLOW);
      const bytes = encodeAttributes(ATTRIBUTES_FIELD[this.#record.point], OVERFLOW);
      this.#overflow = this.#byKey.get(key) ?? this.#create(key, bytes);
    }
    return this.#overflow;
  }

  #create(key: string, attributes: Uint8Array): S {
    const { sink, arena, now } = this.#host;
    const id = this.#host.nextSeriesId();
    const cells = arena.allocate(this.#options.floats);
    const series = this.#options.make(id, cells);
    const { page, offset } = cells;
    // A series that there was no memory to tell of is not kept: it would count, and nobody would see it.
    sink.addSeries({ id, instrument: this.#record.id, page, offset, startTimeNs: nanos(now()), attributes });
    this.#byKey.set(key, series);
    return series;
  }

  #refuse(key: string): void {
    const { name } = this.#record;
    this.#host.faults.count('attribute', `${name} ${key}`, () =>
      key === ''
        ? `cannot take the attributes of a measurement of ${name}: they are no plain object, or a key is empty`
        : `cannot take attribute ${key} of ${name}: OTLP has no type for its value`,
    );
  }
}
