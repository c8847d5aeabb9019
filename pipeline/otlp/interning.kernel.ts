import { AttributeSets } from './attribute-sets.kernel.ts';
import { Interner, PairInterner } from './interner.kernel.ts';

/**
 * The dictionaries of one scan. What a row points to is found by pairs: a resource is attributes and schema URL, an origin
 * is a resource and an instrumentation scope, a series is a metric of an origin with an attribute set.
 */
const FIRST_SERIES = 32;

export class Interning {
  readonly attributes: AttributeSets;
  readonly texts: Interner;
  /** Whole InstrumentationScope messages. */
  readonly scopeMessages: Interner;
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
  /** Of each series: the attributes' entry it was last seen with, and the series that followed it last. */
  entryOf = new Uint32Array(FIRST_SERIES);
  followerOf = new Uint32Array(FIRST_SERIES);

  /** Of each metric: the one that followed it last. */
  metricFollowerOf = new Uint32Array(FIRST_SERIES);

  constructor(seed: number) {
    this.attributes = new AttributeSets(seed);
    this.texts = new Interner(seed);
    this.scopeMessages = new Interner(seed);
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
      this.metrics.size +
      this.resources.size +
      this.instrumentationScopes.size +
      this.origins.size +
      this.contexts.size +
      this.series.size +
      this.entryOf.byteLength * 2 +
      this.metricFollowerOf.byteLength
    );
  }

  /** The series of a context with these attributes. */
  seriesOf(context: number, entry: number): number {
    const series = this.series.intern(context, this.attributes.setOf[entry]!);
    if (series === this.entryOf.length) this.#grow();
    this.entryOf[series] = entry;
    return series;
  }

  /** Notes what follows what. */
  followMetric(metric: number, next: number): void {
    if (metric >= this.metricFollowerOf.length) {
      const followerOf = new Uint32Array(2 * metric);
      followerOf.set(this.metricFollowerOf);
      this.metricFollowerOf = followerOf;
    }
    this.metricFollowerOf[metric] = next;
  }

  #grow(): void {
    const entryOf = new Uint32Array(this.entryOf.length * 2);
    entryOf.set(this.entryOf);
    this.entryOf = entryOf;
    const followerOf = new Uint32Array(this.followerOf.length * 2);
    followerOf.set(this.followerOf);
    this.followerOf = followerOf;
  }
}
