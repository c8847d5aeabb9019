/** Every bound of the agent's metrics. They stand here and not in pipeline/limits.ts, which would bring the collector's
 *  into other people's processes. Units last in the names. */
export const METRIC_LIMITS = {
  /** Points of one metric, that of the overflow among them; the specification's default. */
  cardinality: 2000,
  /** Nodes of the trie of one stream, as a multiple of its cardinality limit; beyond them a look-up takes the slow path. */
  trieNodesPerSeries: 16,
  /** Encoded attributes of one series; a larger set is counted in the overflow. */
  attributeSetBytes: 16 * 1024,
  /** 64-bit floats of a page: 64 KiB. A larger series has a page of its own. */
  pageFloats: 8192,
  /** Of one provider. */
  meters: 10_000,
  /** Of the name of an instrument: the specification's. */
  nameCharacters: 255,
  /** Of one provider; one more instrument records nothing, one more series is counted in its metric's overflow. */
  instruments: 10_000,
  series: 200_000,
  /** Upper bounds of an explicit histogram. */
  histogramBounds: 10_000,
  /** Buckets per sign of an exponential histogram: the specification's default, and the most that a view may ask for. */
  exponentialBuckets: 160,
  exponentialBucketsMax: 4096,
  /** Exemplars of one exponential histogram between two collections; other points have one, or one per bucket. */
  exemplarsPerSeries: 20,
  /** Series that have any, between two collections. */
  exemplarSeries: 10_000,
  /** Callbacks of one meter. */
  callbacks: 10_000,
  /** What is told of one: names in it are other people's. */
  faultCharacters: 1000,
  /** Different faults that are told; all are counted. */
  toldFaults: 1000,
} as const;
