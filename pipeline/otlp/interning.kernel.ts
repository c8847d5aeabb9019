import { AttributeSets } from './attribute-sets.kernel.ts';
import { Interner, PairInterner } from './interner.kernel.ts';

/**
 * The dictionaries of one scan. What a row points to is found by pairs: a resource is attributes and schema URL, an origin
 * is a resource and an instrumentation scope, a series is a metric of an origin with an attribute set.
 */
const FIRST_SERIES = 32;
/** Words of `expected` for a series, and which is which. */
export const SERIES_WORDS = 4;
export const CONTEXT = 0;
export const FOLLOWER = 1;
export const RUN_START = 2;
export const RUN_LENGTH = 3;

export class Interning {
  readonly attributes: AttributeSets;
  readonly texts: Interner;
  /** Whole InstrumentationScope messages. */
  readonly scopeMessages: Interner;
  /** Whole Resource messages, few beside the attribute sets and so found sooner, and of each the set of its attributes. */
  readonly resourceMessages: Interner;
  setOfResource = new Uint32Array(FIRST_SERIES);
  /** Attribute set, and text of the schema URL. */
  readonly resources: PairInterner;
  /** Scope message, and text of the schema URL. */
  readonly instrumentationScopes: PairInterner;
  /** Resource, instrumentation scope. */
  readonly origins: PairInterner;
  /** Type, temporality, monotonic, then name, unit and description, each behind its length in 4 bytes. */
  readonly metrics: Interner;
  /** Origin, metric. */
  readonly contexts: PairInterner;
  /** Context, attribute set. */
  readonly series: PairInterner;
  /**
   * What to expect, by series, SERIES_WORDS each, beside each other because they are asked for together: its context, the
   * series that followed it last, and of the run of attributes it was last seen with the place in the keys and the length.
   */
  expected = new Uint32Array(SERIES_WORDS * FIRST_SERIES);
  /** Of each context: the series that came first last time, + 1. */
  firstOf = new Uint32Array(FIRST_SERIES);

  /** Of each metric: the one that followed it last. */
  metricFollowerOf = new Uint32Array(FIRST_SERIES);

  constructor(seed: number) {
    this.attributes = new AttributeSets(seed);
    this.texts = new Interner(seed);
    this.scopeMessages = new Interner(seed);
    this.resourceMessages = new Interner(seed);
    this.metrics = new Interner(seed);
    this.resources = new PairInterner(seed);
    this.instrumentationScopes = new PairInterner(seed);
    this.origins = new PairInterner(seed);
    this.contexts = new PairInterner(seed);
    this.series = new PairInterner(seed);
  }

  /** Memory held, in bytes. */
  get size(): number {
    return (
      this.attributes.size +
      this.texts.size +
      this.scopeMessages.size +
      this.resourceMessages.size +
      this.setOfResource.byteLength +
      this.metrics.size +
      this.resources.size +
      this.instrumentationScopes.size +
      this.origins.size +
      this.contexts.size +
      this.series.size +
      this.expected.byteLength +
      this.firstOf.byteLength +
      this.metricFollowerOf.byteLength
    );
  }

  /** The series of a context with these attributes. */
  seriesOf(context: number, entry: number): number {
    const { attributes } = this;
    const series = this.series.intern(context, attributes.setOf[entry]!);
    const at = SERIES_WORDS * series;
    if (at === this.expected.length) this.expected = grown(this.expected, 2 * at);
    this.expected[at + CONTEXT] = context;
    const start = attributes.entries.start(entry);
    this.expected[at + RUN_START] = start;
    this.expected[at + RUN_LENGTH] = attributes.entries.start(entry + 1) - start;
    return series;
  }

  /**
   * A series that was not expected has come: `last` was before it, `guess` of the same context was
   * expected (-1: nothing), `isFirst`: no point of its metric was before it. One that has never come before changes no expectation: of senders with a few new
   * series in each request the others come back in their order.
   */
  learn(last: number, guess: number, series: number, isFirst: boolean): void {
    const { expected } = this;
    const at = SERIES_WORDS * series;
    const isNew = this.series.added;
    if (isNew && guess >= 0) {
      expected[at + FOLLOWER] = expected[SERIES_WORDS * guess + FOLLOWER]!;
      return;
    }
    expected[SERIES_WORDS * last + FOLLOWER] = series;
    if (!isFirst) return;
    const context = expected[at + CONTEXT]!;
    if (context >= this.firstOf.length) this.firstOf = grown(this.firstOf, 2 * context);
    this.firstOf[context] = series + 1;
  }

  /** Notes the attributes of a resource message that the last `find` has not found. */
  addResource(bytes: Uint8Array, start: number, end: number, set: number): void {
    const message = this.resourceMessages.add(bytes, start, end);
    if (message === this.setOfResource.length) this.setOfResource = grown(this.setOfResource, 2 * message);
    this.setOfResource[message] = set;
  }

  /** Notes what follows what. */
  followMetric(metric: number, next: number): void {
    if (metric >= this.metricFollowerOf.length) this.metricFollowerOf = grown(this.metricFollowerOf, 2 * metric);
    this.metricFollowerOf[metric] = next;
  }
}

function grown(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(length);
  larger.set(array);
  return larger;
}
