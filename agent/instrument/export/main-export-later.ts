import { requestSignerHere } from '../signing/signer.ts';
import type { MainExport, MainExportOptions } from './main-export.ts';
import { NOTHING_YET, UNDELIVERED, WorkerExport } from './worker-export.ts';
import type { ExportStatus } from './metric-export.ts';

/**
 * Export on the application's own thread, with its code loaded when it is asked for: where there is a worker, which is the
 * rule, the application never carries the encoder and the transport.
 */
export class MainExportLater {
  readonly #options: MainExportOptions;
  #loaded: MainExport | undefined;
  #loading: Promise<void> | undefined;
  /** Another thread has exported these series before. */
  #again: boolean;
  #stopped = false;

  constructor(options: MainExportOptions) {
    this.#options = options;
    this.#again = options.again ?? false;
  }

  get status(): ExportStatus {
    return this.#loaded?.status ?? NOTHING_YET;
  }

  start(): void {
    this.#loading ??= this.#load();
  }

  reconnect(): void {
    this.#loaded?.reconnect();
  }

  /** Keeps the process alive until it is done. */
  async flush(timeoutMs: number): Promise<boolean> {
    await this.#loading;
    return this.#loaded?.flush(timeoutMs) ?? false;
  }

  /** What comes back blocks. Before the code is there nothing was exported from here, and a worker can do all of it. */
  beginFlush(timeoutMs: number): () => boolean {
    if (this.#loaded !== undefined) return this.#loaded.beginFlush(timeoutMs);
    const { workerUrl } = this.#options;
    if (this.#stopped || this.#again || workerUrl === undefined) return UNDELIVERED;
    const worker = new WorkerExport({ ...this.#options, workerUrl, gaveUp: () => undefined });
    const wait = worker.beginFlush(timeoutMs);
    return () => {
      const delivered = wait();
      void worker.stop();
      this.#again = delivered;
      return delivered;
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#loading;
    await this.#loaded?.stop();
  }

  async #load(): Promise<void> {
    try {
      const { MainExport } = await import('./main-export.ts');
      if (this.#stopped) return;
      this.#loaded = new MainExport({ ...this.#options, again: this.#again, signer: requestSignerHere() });
      this.#loaded.start();
    } catch (error) {
      this.#options.line('warn', `cannot load the export of the agent: ${String(error)}; nothing is sent`);
    }
  }
}
