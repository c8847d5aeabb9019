import type { MessagePort, Worker } from 'node:worker_threads';
import type { InstrumentEngine } from '../metrics/contract.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { hasRoomForThread } from './address-space.ts';
import type { SpanWorkerData } from '../traces/span-messages.ts';
import { CONTROL, CONTROL_BYTES, type FromWorker, type ToWorker, type WorkerData } from './messages.ts';
import type { ExportSettings, ExportStatus, LineLevel } from './metric-export.ts';
import type { SeriesLog } from './series-log.ts';

export interface WorkerExportOptions {
  readonly provider: Pick<InstrumentEngine, 'observe'>;
  readonly log: SeriesLog;
  readonly settings: ExportSettings;
  /** A Resource message. */
  readonly resource: () => Uint8Array;
  readonly workerUrl: URL;
  readonly line: (level: LineLevel, text: string) => void;
  /** A way to a collector of this process, if there is one. */
  readonly connect?: (() => MessagePort | undefined) | undefined;
  /** It ended too often: somebody else must export. */
  readonly gaveUp: (cause: string) => void;
}

/** Of a flush that nobody can do. */
export const UNDELIVERED = (): boolean => false;
export const NOTHING_YET: ExportStatus = { delivered: 0, dropped: 0, failures: 0, lastError: undefined };

/** The application's side of the exporting thread. Nothing of it keeps the process alive. */
export class WorkerExport {
  readonly #options: WorkerExportOptions;
  readonly #control: Int32Array;
  readonly #waiting = new Map<number, (delivered: boolean) => void>();
  #worker: Worker | undefined;
  #starts = 0;
  #flushes = 0;
  #beats: NodeJS.Timeout | undefined;
  #start: NodeJS.Timeout | undefined;
  #stopped = false;
  #status = NOTHING_YET;

  constructor(options: WorkerExportOptions) {
    this.#options = options;
    this.#control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  }

  get status(): ExportStatus {
    return this.#status;
  }
  /** Of the thread, after the first. */
  get restarts(): number {
    return Math.max(0, this.#starts - 1);
  }

  start(): void {
    this.#start = setTimeout(() => this.#launch(), EXPORT_LIMITS.workerDelayMs);
    this.#start.unref();
    this.#beats = setInterval(() => Atomics.add(this.#control, CONTROL.beat, 1), EXPORT_LIMITS.beatMs);
    this.#beats.unref();
  }

  /** Another collector of this process, or none: what `connect` gives now. */
  reconnect(): void {
    if (this.#worker !== undefined) sendSeam(this.#worker, this.#options.connect?.());
  }

  /** Keeps the process alive until it is done. */
  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#stopped) return false;
    await this.#options.provider.observe(Math.min(timeoutMs / 2, EXPORT_LIMITS.observeMs));
    this.#launch();
    if (this.#stopped) return false;
    const id = this.#ask(timeoutMs);
    this.#worker?.ref();
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#flushed(id, false), timeoutMs);
      this.#waiting.set(id, (delivered) => {
        clearTimeout(timer);
        if (this.#waiting.size === 0) this.#worker?.unref();
        resolve(delivered);
      });
    });
  }

  /** Has the worker deliver everything, and gives what blocks this thread until it has, `timeoutMs` from now at most. */
  beginFlush(timeoutMs: number): () => boolean {
    const endMs = performance.now() + timeoutMs;
    // What synchronous callbacks observe is there when this returns.
    void this.#options.provider.observe(0);
    this.#launch();
    if (this.#stopped) return UNDELIVERED;
    const id = this.#ask(timeoutMs - EXPORT_LIMITS.flushMarginMs);
    return () => {
      Atomics.store(this.#control, CONTROL.waiting, 1);
      const delivered = awaitFlush(this.#control, id, endMs, this.#options.line);
      Atomics.store(this.#control, CONTROL.waiting, 0);
      return delivered;
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#start);
    clearInterval(this.#beats);
    for (const id of this.#waiting.keys()) this.#flushed(id, false);
    await this.#worker?.terminate();
  }

  #ask(timeoutMs: number): number {
    this.#flushes += 1;
    this.#post({ type: 'flush', id: this.#flushes, timeoutMs: Math.max(1, timeoutMs), records: this.#options.log.take() });
    return this.#flushes;
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #launch(): void {
    if (this.#worker !== undefined || this.#stopped) return;
    clearTimeout(this.#start);
    const { log, resource, settings, workerUrl } = this.#options;
    const again = this.#starts > 0;
    this.#starts += 1;
    const control = this.#control.buffer as SharedArrayBuffer;
    let worker: Worker;
    try {
      worker = newWorker(workerUrl, { control, settings, resource: resource(), exports: true, again });
    } catch (error) {
      // Node's permission model may forbid threads, and a machine may have no more of them, or no room for one.
      void this.stop();
      this.#options.gaveUp(String(error));
      return;
    }
    this.#worker = worker;
    worker.on('message', (message: FromWorker) => this.#take(message));
    let cause = 'it ended';
    worker.on('error', (error) => (cause = String(error)));
    worker.on('exit', () => this.#ended(worker, cause));
    worker.unref();
    const seam = this.#options.connect?.();
    if (seam !== undefined) sendSeam(worker, seam);
    this.#post({ type: 'observed', round: 0, records: log.takeAll() });
  }

  #ended(worker: Worker, cause: string): void {
    if (this.#stopped || this.#worker !== worker) return;
    this.#worker = undefined;
    for (const id of this.#waiting.keys()) this.#flushed(id, false);
    const { gaveUp, line } = this.#options;
    if (this.#starts > EXPORT_LIMITS.restarts) {
      void this.stop();
      gaveUp(cause);
      return;
    }
    // That of the second says the same, and that of the last is told by whoever exports then.
    line(this.#starts === 1 ? 'warn' : 'debug', `cannot go on with the exporting thread: ${cause}; another one is started`);
    this.#launch();
  }

  #take(message: FromWorker): void {
    switch (message.type) {
      case 'observe':
        return void this.#observe(message.round, message.timeoutMs);
      case 'line':
        return this.#options.line(message.level, message.text);
      case 'status':
        this.#status = message.status;
        return;
      case 'flushed':
        return this.#flushed(message.id, message.delivered);
    }
  }

  async #observe(round: number, timeoutMs: number): Promise<void> {
    await this.#options.provider.observe(timeoutMs, true);
    this.#post({ type: 'observed', round, records: this.#options.log.take() });
  }

  #flushed(id: number, delivered: boolean): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(delivered);
  }
}

export function sendSeam(worker: Worker, seam: MessagePort | undefined): void {
  worker.postMessage({ type: 'seam', seam } satisfies ToWorker, seam === undefined ? [] : [seam]);
}

/** Blocks until the flush `id` has ended, or until `endMs` of performance.now. What had no time is told: nobody comes back
 *  to it. An answer that came in time has been told of, if it was not what was wanted. `items`: what CONTROL.open counts. */
export function awaitFlush(
  control: Int32Array,
  id: number,
  endMs: number,
  line: WorkerExportOptions['line'],
  items: 'data points' | 'spans' = 'data points',
): boolean {
  for (;;) {
    const last = Atomics.load(control, CONTROL.flushed);
    const isOver = last >= id;
    if (isOver && Atomics.load(control, CONTROL.delivered) === 1) return true;
    const leftMs = endMs - performance.now();
    if (isOver || leftMs <= 0 || Atomics.wait(control, CONTROL.flushed, last, leftMs) === 'timed-out') break;
  }
  if (endMs - performance.now() < 2 * EXPORT_LIMITS.flushMarginMs) {
    const open = Atomics.load(control, CONTROL.open);
    const what = open > 0 ? `the last ${open} ${items}` : 'what was measured last';
    line('warn', `cannot deliver ${what} before the process ends: no answer in time`);
  }
  return false;
}

/** Without Node's own options, which would load the agent in it again, and without the streams of the application. Throws
 *  where there can be no thread. */
export function newWorker(url: URL, data: WorkerData | SpanWorkerData): Worker {
  if (!hasRoomForThread()) throw new Error('ulimit -v leaves no addresses for a thread');
  const { Worker: WorkerThread } = process.getBuiltinModule('node:worker_threads');
  return new WorkerThread(url, {
    name: 'periscope-agent',
    workerData: data,
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
    resourceLimits: { maxOldGenerationSizeMb: EXPORT_LIMITS.workerOldMb, maxYoungGenerationSizeMb: EXPORT_LIMITS.workerYoungMb },
    stdin: false,
    stdout: true,
    stderr: true,
  });
}
