/** Every bound of sending, which is the work of a thread of its own: the application does not load them. */
export const SENDING_LIMITS = {
  /** One request before compression: a quarter of what gRPC and many proxies take. */
  requestBytes: 1024 * 1024,
  /** A collector that refuses requests as too large does not make them smaller than this. */
  smallestRequestBytes: 16 * 1024,
  /** Of an answer that is read: what a partial success says. */
  answerBytes: 64 * 1024,
  /** Until the first export at the latest: whoever starts an application looks for it. */
  firstExportMs: 2000,
  /** First ceiling of the time until the next attempt; it doubles with each failure. */
  backoffMs: 1000,
  longestBackoffMs: 60_000,
  /** Failures in a row, after which the collector counts as gone: two requests a minute at most. */
  failuresToOpen: 5,
  /** How long the application's thread may show nothing before it counts as blocked. */
  stallMs: 600,
  /** Between two exports that tell of a blocked thread. */
  stallReportMs: 2000,
  /** Requests of spans that wait for an answer; one more is dropped. As many as the official exporter has at once. */
  spanRequests: 30,
  /** For which one of them is tried: as long as the official processor waits before it goes on to the next. */
  spanRequestMs: 30_000,
} as const;
