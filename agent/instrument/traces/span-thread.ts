import type { MessagePort, Worker } from 'node:worker_threads';
import { CONTROL, CONTROL_BYTES } from '../export/messages.ts';
import { SENDING_LIMITS } from '../export/limits.ts';
import type { LineLevel } from '../export/metric-export.ts';
import { awaitFlush, newWorker, sendSeam } from '../export/worker-export.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import type { OtlpSettings } from '../settings.ts';
import type { FromSpanWorker, ToSpanWorker } from './span-messages.ts';

export interface SpanThreadOptions {
  readonly spans: OtlpSettings;
  /** Undefined: there can be none. */
  readonly workerUrl: URL | undefined;
  readonly line: (level: LineLevel, text: string) => void;
  /** A way to a collector of this process, if there is one. */
  readonly connect: () => MessagePort | undefined;
}

type Ended = (delivered: boolean) => void;

/** The application's side of the thread that sends its spans, which starts with the first of them at the latest. Nothing of it keeps the
 *  process alive. */
export class SpanThread {
  readonly #options: SpanThreadOptions;
  readonly #control = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  readonly #waiting = new Map<number, Ended>();
  #worker: Worker | undefined;
  #requests = 0;
  #starts = 0;
  /** For what the process still waits for; undefined as long as it does not end. */
  #endMs: number | undefined;

  constructor(options: SpanThreadOptions) {
    this.#options = options;
  }

  /** It runs, and is started where it does not; false: it cannot be had. */
  start(): boolean {
    if (this.#worker !== undefined) return true;
    const { connect, line, spans, workerUrl } = this.#options;
    if (workerUrl === undefined || this.#starts > EXPORT_LIMITS.restarts) return false;
    this.#starts += 1;
    try {
      const worker = newWorker(workerUrl, { spans, control: this.#control.buffer as SharedArrayBuffer });
      worker.on('message', (message: FromSpanWorker) => {
        if (message.type === 'line') line(message.level, message.text);
        else this.#ended(message.id, message.delivered);
      });
      let cause = 'it ended';
      worker.on('error', (error) => (cause = String(error)));
      worker.on('exit', () => this.#lost(worker, cause));
      worker.unref();
      this.#worker = worker;
      const seam = connect();
      if (seam !== undefined) sendSeam(worker, seam);
      this.#sendEnd();
      return true;
    } catch (error) {
      // Node's permission model may forbid threads, and a machine may have no more of them.
      this.#starts = Infinity;
      line('warn', `cannot start a thread for spans: ${String(error)}; they are sent from the thread of the application`);
      return false;
    }
  }

  /** Another collector of this process, or none: what `connect` gives now. */
  reconnect(): void {
    if (this.#worker !== undefined) sendSeam(this.#worker, this.#options.connect());
  }

  /** `body`: an ExportTraceServiceRequest, which is given away. `ended` is called once. */
  send(body: Uint8Array<ArrayBuffer>, spans: number, ended: Ended): void {
    if (this.#waiting.size >= SENDING_LIMITS.spanRequests || !this.start()) return ended(false);
    const id = ++this.#requests;
    this.#waiting.set(id, ended);
    // A part of memory that others share is copied.
    const own = body.length === body.buffer.byteLength ? body : body.slice();
    this.#post({ type: 'spans', id, body: own, spans }, [own.buffer]);
  }

  /** The process ends, and `sendRest` sends what has not been sent. What comes back blocks until all of it has been
   *  delivered, or given up, `timeoutMs` from now at most. */
  beginFlush(timeoutMs: number, sendRest: () => void): () => boolean {
    const endMs = performance.now() + timeoutMs;
    this.#endMs = endMs;
    Atomics.store(this.#control, CONTROL.delivered, 1);
    // Before the rest: what is under way already is not waited for as long.
    this.#sendEnd();
    sendRest();
    if (this.#waiting.size === 0) return () => true;
    return () => awaitFlush(this.#control, this.#requests, endMs, this.#options.line, 'spans');
  }

  #sendEnd(): void {
    if (this.#endMs === undefined) return;
    this.#post({ type: 'end', timeoutMs: Math.max(1, this.#endMs - performance.now() - EXPORT_LIMITS.flushMarginMs) });
  }

  async stop(): Promise<void> {
    this.#starts = Infinity;
    await this.#worker?.terminate();
  }

  #post(message: ToSpanWorker, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  #ended(id: number, delivered: boolean): void {
    const ended = this.#waiting.get(id);
    this.#waiting.delete(id);
    ended?.(delivered);
  }

  #lost(worker: Worker, cause: string): void {
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    if (this.#starts !== Infinity)
      this.#options.line('warn', `cannot go on with the thread of spans: ${cause}; what it held is lost`);
    for (const id of this.#waiting.keys()) this.#ended(id, false);
  }
}
