/** Defaults and bounds of settings. */
export const SETTING_LIMITS = {
  /** Between two exports to a collector on this machine, and elsewhere. */
  localIntervalMs: 5000,
  intervalMs: 60_000,
  /** Of one export, and of one request; the specification's defaults. */
  exportTimeoutMs: 30_000,
  requestTimeoutMs: 10_000,
  /** The most that a time may be set to: what timers take. */
  longestMs: 2 ** 31 - 1,
} as const;

/** Every bound of the agent's export but those of who sends (export/limits.ts). They stand here and not in pipeline/limits.ts, which would bring the collector's into
 *  other people's processes. Units last in the names. */
export const EXPORT_LIMITS = {
  /** At the end of the process, all of it. */
  flushMs: 500,
  /** How often it moves behind the application's listeners of `exit`. */
  exitMovesPerSecond: 100,
  /** What of that is kept for handing the result over. */
  flushMarginMs: 20,
  /** After which a point that stands as it was is sent again. */
  repeatMs: 300_000,
  /** For the application's thread to run its callbacks; a blocked one is not waited for. */
  observeMs: 1000,
  /** How often the application's thread shows that it is alive. */
  beatMs: 200,
  /** Until the worker is started: what an application does first is to start itself, and the worker would take part of its core. */
  workerDelayMs: 100,
  /** Starts of a worker after the first; then export moves to the application's thread. */
  restarts: 3,
  /** What series are written down in for the worker: the first piece of memory, and the largest. */
  journalFirstBytes: 4096,
  journalChunkBytes: 64 * 1024,
  /** Of the heap of a worker. */
  workerOldMb: 96,
  workerYoungMb: 2,
  /** Of the addresses that a process may have, for a thread to start: Node 20 to 24 take 0.7 to 0.9 GB, and the application
   *  has use for more of them, too. */
  threadAddressBytes: 2 * 1024 ** 3,
  /** Different lines that are printed. */
  lines: 20,
  /** How far up from the program its package.json is looked for. */
  packageLevels: 16,
} as const;

/** Every bound of MASTER_PERF in an application. */
export const PERF_LIMITS = {
  /** Things whose latest row is kept; one more and the longest unchanged goes. */
  rows: 1000,
  /** Violations that are written to the audit file; the rest is thrown and not written. */
  auditedViolations: 1000,
  /** Between the clock of the machine and the one that counts nanoseconds. */
  clockDriftMs: 5,
} as const;
