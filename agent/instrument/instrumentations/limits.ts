/** Every bound of the instrumentations. Units last in the names. */
export const INSTRUMENTATION_LIMITS = {
  /** Bound series that one instrument of requests keeps at hand; what is beyond is looked up by its attributes, and the
   *  provider's cardinality limit has the last word. */
  cells: 2000,
  /** Origins of a client's requests whose parts are remembered. */
  origins: 1000,
  /** Layers of an Express app that are searched for where a route is mounted, and how deep. */
  expressLayers: 10_000,
  expressDepth: 16,
  /** Different values of `error.type` of one instrumentation; more are `_OTHER`. */
  errorTypes: 50,
  /** Buckets of object storage that are named; more are `_OTHER`. */
  buckets: 100,
  /** Characters of a route, of a host; a longer one is cut. */
  textChars: 256,
  /** Until what measures all the time begins, at the latest: what an application does first is to start itself. */
  beginDelayMs: 100,
} as const;
