import type { MessagePort } from 'node:worker_threads';
import { apiGlobal } from '../api-global.ts';
import type { InstrumentEngine } from '../metrics/contract.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { type RequestSigner, signRequests } from '../signing/signer.ts';
import { CONTROL_BYTES, type ToWorker } from './messages.ts';
import { MetricExport, type ExportSettings, type ExportStatus, type LineLevel } from './metric-export.ts';
import type { SeriesLog } from './series-log.ts';
import { SeriesTelling } from './series-telling.ts';
import { awaitFlush, newWorker, sendSeam, UNDELIVERED } from './worker-export.ts';

export interface MainExportOptions {
  readonly provider: Pick<InstrumentEngine, 'observe'>;
  readonly log: SeriesLog;
  readonly settings: ExportSettings;
  /** A Resource message. */
  readonly resource: () => Uint8Array;
  /** For the last moment of the process; undefined: what was not delivered when it ends at once is lost. */
  readonly workerUrl: URL | undefined;
  readonly line: (level: LineLevel, text: string) => void;
  /** A way to a collector of this process, if there is one. */
  readonly connect?: (() => MessagePort | undefined) | undefined;
  /** Another thread has exported these series before. */
  readonly again?: boolean;
  /** Of the requests that leave this thread. */
  readonly signer?: RequestSigner | undefined;
}

const DELIVERED = (): boolean => true;

/** Export on the application's own thread: for tools that end soon, and where no worker can be had. */
export class MainExport {
  readonly #options: MainExportOptions;
  readonly #metrics: MetricExport;
  readonly #telling: SeriesTelling;
  /** Of the cells: when they were read last, and when they were delivered last. */
  #read: number | undefined;
  #delivered: number | undefined;
  #stopped = false;

  constructor(options: MainExportOptions) {
    this.#options = options;
    const { again = false, line, log, provider, resource, settings, signer } = options;
    if (signer !== undefined) signRequests(signer);
    const observe = async (timeoutMs: number): Promise<void> => {
      await provider.observe(timeoutMs);
      this.#learn();
      this.#read = log.fingerprint();
    };
    this.#metrics = new MetricExport({ settings, resource: resource(), synchronous: false, host: { line, observe } });
    this.#telling = new SeriesTelling(this.#metrics.reader);
    this.#telling.tell(log.takeAll());
    const seam = options.connect?.();
    if (seam !== undefined) this.#metrics.connect(seam);
    if (again && settings.metrics.temporality !== 'cumulative') this.#metrics.rebase();
  }

  get status(): ExportStatus {
    return this.#metrics.status;
  }

  start(): void {
    untraced(() => this.#metrics.start());
  }

  reconnect(): void {
    if (!this.#stopped) this.#metrics.connect(this.#options.connect?.());
  }

  /** Keeps the process alive until it is done. */
  async flush(timeoutMs: number): Promise<boolean> {
    if (this.#stopped) return false;
    const delivered = await untraced(() => this.#metrics.flush(timeoutMs, true));
    if (delivered) this.#delivered = this.#read;
    return delivered;
  }

  /** This thread is to end and cannot wait for a socket: a worker is started for this alone, and handed the bytes. What comes
   *  back blocks until they are delivered, `timeoutMs` from now at most. */
  beginFlush(timeoutMs: number): () => boolean {
    const { provider, resource, settings, workerUrl } = this.#options;
    if (this.#stopped) return UNDELIVERED;
    // The end of the event loop was waited with, and that is where this comes from.
    if (this.#delivered === this.#options.log.fingerprint()) return DELIVERED;
    if (workerUrl === undefined) return UNDELIVERED;
    const endMs = performance.now() + timeoutMs;
    void provider.observe(0);
    this.#learn();
    const requests = this.#metrics.collect().map(({ body, points }) => ({ body, points }));
    if (requests.length === 0) return DELIVERED;
    const control = new SharedArrayBuffer(CONTROL_BYTES);
    const wait = (): boolean => awaitFlush(new Int32Array(control), 1, endMs, this.#options.line);
    // The time is used up, by one that did not answer: it does not answer in the rest of it either.
    if (timeoutMs <= EXPORT_LIMITS.flushMarginMs) return wait;
    const message: ToWorker = { type: 'deliver', id: 1, requests, timeoutMs: timeoutMs - EXPORT_LIMITS.flushMarginMs };
    try {
      const worker = newWorker(workerUrl, { control, settings, resource: resource(), exports: false, again: false });
      worker.unref();
      // There is nobody left to tell, and nothing to be done about it.
      worker.on('error', () => undefined);
      const seam = this.#options.connect?.();
      if (seam !== undefined) sendSeam(worker, seam);
      worker.postMessage(message);
    } catch {
      return UNDELIVERED;
    }
    return wait;
  }

  stop(): Promise<void> {
    this.#stopped = true;
    this.#metrics.stop();
    return Promise.resolve();
  }

  #learn(): void {
    this.#telling.tell(this.#options.log.take());
  }
}

/** What the tracing SDK knows of as `suppressTracing`: its spans are of the application, not of who tells of it. */
const SUPPRESS_TRACING = Symbol.for('OpenTelemetry SDK Context Key SUPPRESS_TRACING');

function untraced<Result>(step: () => Result): Result {
  const contexts = apiGlobal()?.context;
  return contexts === undefined ? step() : contexts.with(contexts.active().setValue(SUPPRESS_TRACING, true), step);
}
