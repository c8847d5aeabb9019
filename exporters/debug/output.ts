import { open, type FileHandle } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import type { Outcome, Refusal } from '../../pipeline/component.ts';
import { StartError } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';

/** A place for text. Never throws; waits where the place is slow, until `signal` aborts. */
export interface Output {
  write(text: string, signal: AbortSignal): Promise<Outcome>;
  /** Waits for what is written, at most `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

export async function openOutput(path: string): Promise<Output> {
  if (path === 'stdout') return new StreamOutput('stdout', process.stdout);
  if (path === 'stderr') return new StreamOutput('stderr', process.stderr);
  try {
    return new FileOutput(path, await open(path, 'a'));
  } catch (error) {
    throw new StartError(`cannot open ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

const guarded = new WeakSet<Writable>();

/** A stream that takes text faster than its reader reads it: beyond LIMITS.debugBufferBytes a write waits. */
export class StreamOutput implements Output {
  readonly #name: string;
  readonly #stream: Writable;
  #fault: NodeJS.ErrnoException | undefined;
  readonly #onError = (error: NodeJS.ErrnoException): void => void (this.#fault = error);

  constructor(name: string, stream: Writable) {
    this.#name = name;
    this.#stream = stream;
    // Without a listener the reader's leaving (EPIPE) would end the process, also when it shows after `close`.
    if (!guarded.has(stream)) stream.on('error', () => undefined);
    guarded.add(stream);
    stream.on('error', this.#onError);
  }

  async write(text: string, signal: AbortSignal): Promise<Outcome> {
    while (this.#fault === undefined && !signal.aborted && this.#stream.writableLength > LIMITS.debugBufferBytes) {
      await this.#moves(signal);
    }
    if (this.#fault !== undefined || this.#stream.destroyed)
      return fault(
        this.#name,
        this.#fault?.code === 'EPIPE' ? 'nobody reads it any more' : (this.#fault?.message ?? 'it is closed'),
      );
    if (signal.aborted)
      return {
        ok: false,
        code: 'DEADLINE_EXCEEDED',
        retryable: false,
        message: `cannot write to ${this.#name}: its reader is too slow`,
      };
    this.#stream.write(text);
    return { ok: true };
  }

  async close(deadlineMs: number): Promise<void> {
    if (this.#fault === undefined && this.#stream.writableLength > 0) await this.#moves(AbortSignal.timeout(deadlineMs));
    this.#stream.off('error', this.#onError);
  }

  /** Until the stream has drained, failed, or `signal` aborts. */
  #moves(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        for (const event of ['drain', 'error', 'close']) this.#stream.off(event, done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      for (const event of ['drain', 'error', 'close']) this.#stream.on(event, done);
      signal.addEventListener('abort', done);
      if (signal.aborted) done();
    });
  }
}

class FileOutput implements Output {
  readonly #path: string;
  readonly #file: FileHandle;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  async write(text: string): Promise<Outcome> {
    // One at a time, or two appends of one handle may mix.
    const written = this.#last.then(() => this.#file.appendFile(text));
    this.#last = written.catch(() => undefined);
    try {
      await written;
      return { ok: true };
    } catch (error) {
      return fault(this.#path, error instanceof Error ? error.message : String(error));
    }
  }

  async close(): Promise<void> {
    await this.#last;
    await this.#file.close().catch(() => undefined);
  }
}

function fault(name: string, cause: string): Refusal {
  return { ok: false, code: 'STORAGE_FAILED', retryable: false, message: `cannot write to ${name}: ${cause}` };
}
