import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { Outcome } from '../../pipeline/component.ts';
import { StartError } from '../../pipeline/errors.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { CoreSettings } from './embedded-core.ts';
import {
  CONTROL,
  CONTROL_BYTES,
  type Answers,
  type FromThread,
  type Opened,
  type Question,
  type ThreadData,
  type ToThread,
} from './messages.ts';
import { refused } from './refused.ts';
import { SeamClient } from './seam-client.ts';

export interface LifeOptions {
  readonly settings: CoreSettings;
  readonly maxHeapMb: number;
  line(line: string): void;
  claim(directory: string): boolean;
  /** The thread is gone: after a stop, or by itself. Called once, after all that was open has been answered. */
  ended(error: Error): void;
}

export const DOWN = refused(
  'EMBEDDED_DOWN',
  'cannot reach the collector: its thread has ended; what it had not answered may be lost',
  LIMITS.embeddedRestartMs,
);
const STOPPED = refused('SHUTTING_DOWN', 'cannot take more data: the collector has stopped');

/** Node runs no TypeScript in a thread: as source, it is that of the build. */
function program(): string {
  const own = fileURLToPath(import.meta.url);
  return join(dirname(own), own.endsWith('.ts') ? join('..', '..', 'dist', 'agent', 'embed') : '.', 'thread.js');
}

/** One life of the collector's thread, as the application's thread sees it. It keeps the process alive only while something
 *  is asked of it. */
export class ThreadLife {
  readonly seam: SeamClient;
  /** Rejects with a StartError when the configuration is bad, with another error when the thread has ended. */
  readonly ready: Promise<void>;
  readonly exited: Promise<void>;
  readonly #options: LifeOptions;
  readonly #worker: Worker;
  readonly #cells = new Int32Array(new SharedArrayBuffer(CONTROL_BYTES));
  readonly #asked = new Map<number, (answer: Answers[keyof Answers] | undefined) => void>();
  #questions = 0;
  #held = 0;
  #opened: Opened = { urls: [], signals: [], shutdownTimeoutMs: LIMITS.shutdownTimeoutMs };
  #settle: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #error: Error | undefined;
  #ledger: LedgerSnapshot | undefined;
  #stopping = false;

  constructor(options: LifeOptions) {
    this.#options = options;
    const path = program();
    if (!existsSync(path))
      throw new StartError(
        `cannot start the collector's thread: ${path} is not there; a bundler must leave the package as it is`,
      );
    const { port1, port2 } = new MessageChannel();
    this.seam = new SeamClient(port1);
    const { settings, maxHeapMb } = options;
    const data: ThreadData = { settings, maxHeapMb, seam: port2, control: this.#cells.buffer as SharedArrayBuffer };
    this.#worker = new Worker(path, {
      name: 'periscope-collector',
      workerData: data,
      transferList: [port2],
      // What preloads something into the application would do so in here, too.
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: '' },
      resourceLimits: { maxOldGenerationSizeMb: maxHeapMb + LIMITS.embeddedHeapSlackMb },
      stdin: false,
    });
    this.ready = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    this.exited = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#ended(code);
        resolve();
      });
    });
    this.#worker.on('message', (message: FromThread) => this.#take(message));
    this.#worker.on('error', (error: unknown) => (this.#error = error instanceof Error ? error : new Error(String(error))));
    this.#worker.unref();
    void this.hold(this.ready).catch(() => {});
  }

  get urls(): readonly string[] {
    return this.#opened.urls;
  }

  /** What a receiver takes from the application; nothing once it has ended. */
  get signals(): readonly Signal[] {
    return this.#opened.signals;
  }

  /** Another seam, for who sends from elsewhere than `seam`. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#worker.postMessage({ type: 'seam', seam: port2 } satisfies ToThread, [port2]);
    return port1;
  }

  /** As it was when it had stopped; undefined before, and where it ended by itself. */
  get lastLedger(): LedgerSnapshot | undefined {
    return this.#ledger;
  }

  /** Undefined when the thread ended instead. */
  async ask<Type extends keyof Answers>(
    question: Extract<Question, { readonly type: Type }>,
    signal?: AbortSignal,
  ): Promise<Answers[Type] | undefined> {
    if (this.#stopping) return undefined;
    const id = ++this.#questions;
    this.#post({ type: 'ask', id, question });
    const cancel = (): void => this.#post({ type: 'cancel', id });
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted === true) cancel();
    const answer = await this.hold(
      new Promise<Answers[keyof Answers] | undefined>((resolve) => {
        this.#asked.set(id, resolve);
      }),
    );
    signal?.removeEventListener('abort', cancel);
    return answer as Answers[Type] | undefined;
  }

  /** Drains, and ends the thread; one that does not end by itself is ended. */
  async stop(): Promise<void> {
    if (!this.#stopping) this.#post({ type: 'stop' });
    this.#stopping = true;
    const timer = setTimeout(() => void this.#worker.terminate(), this.#opened.shutdownTimeoutMs + LIMITS.embeddedStopMs);
    await this.hold(this.exited);
    clearTimeout(timer);
  }

  /** The same within `timeoutMs`, for a process that ends at once; nothing is waited for. */
  beginStop(timeoutMs: number): void {
    if (!this.#stopping) this.#post({ type: 'stop', deadlineMs: timeoutMs });
    this.#stopping = true;
  }

  /** The same, and blocks this thread. True when it has stopped in time. */
  stopSync(timeoutMs: number): boolean {
    this.beginStop(timeoutMs);
    return Atomics.wait(this.#cells, CONTROL.stopped, 0, timeoutMs) !== 'timed-out';
  }

  /** The process lives until `open` is settled. */
  async hold<Value>(open: Promise<Value>): Promise<Value> {
    if (this.#held++ === 0) this.#worker.ref();
    try {
      return await open;
    } finally {
      if (--this.#held === 0) this.#worker.unref();
    }
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromThread): void {
    switch (message.type) {
      case 'line':
        Atomics.add(this.#cells, CONTROL.lines, 1);
        return this.#options.line(message.line);
      case 'claim':
        return this.#post({ type: 'claimed', granted: this.#options.claim(message.directory) });
      case 'ready':
        this.#opened = message;
        return this.#settle?.resolve();
      case 'refused':
        this.#error = message.forPerson ? new StartError(message.message) : new Error(message.message);
        return this.#settle?.reject(this.#error);
      case 'answer':
        this.#opened = message.opened;
        this.#asked.get(message.id)?.(message.answer);
        return void this.#asked.delete(message.id);
      case 'stopped':
        this.#ledger = message.ledger;
        return;
    }
  }

  #ended(code: number): void {
    const error = this.#error ?? new Error(`the collector's thread has ended with code ${code}`);
    const isStopped = this.#stopping && this.#error === undefined;
    const outcome: Outcome = isStopped ? STOPPED : DOWN;
    this.#opened = { ...this.#opened, urls: [], signals: [] };
    this.seam.end(outcome);
    for (const resolve of this.#asked.values()) resolve(undefined);
    this.#asked.clear();
    this.#settle?.reject(error);
    this.#options.ended(error);
  }
}
