import type { MessagePort } from 'node:worker_threads';
import type { SeamAnswer, SeamRequest } from '../../../pipeline/meeting-point.ts';
import type { Posting } from './transport.ts';
import type { Answer } from './verdict.ts';

/** Hands OTLP requests to a collector of this process, by a port of its own. An answer comes back whatever happens; nothing
 *  throws. */
export class SeamTransport {
  readonly #port: MessagePort;
  readonly #signal: SeamRequest['signal'];
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #requests = 0;
  #closing = false;
  #closed = false;

  constructor(port: MessagePort, signal: SeamRequest['signal']) {
    this.#port = port;
    this.#signal = signal;
    port.on('message', ({ id, outcome }: SeamAnswer) => this.#waiting.get(id)?.({ outcome }));
    port.on('close', () => {
      this.#closed = true;
      for (const answer of this.#waiting.values()) answer({ error: 'CLOSED' });
    });
    port.unref();
  }

  /** `body`: an Export…ServiceRequest of its signal; it is given away where its memory is its own. */
  post(body: Uint8Array, { timeoutMs, signal, keepsAlive = false }: Posting): Promise<Answer> {
    if (this.#closed || this.#closing) return Promise.resolve({ error: 'CLOSED' });
    const id = ++this.#requests;
    return new Promise((resolve) => {
      const timer = setTimeout(() => done({ error: 'TIMEOUT' }), timeoutMs);
      if (!keepsAlive) timer.unref();
      const aborted = (): void => done({ error: 'ABORTED' });
      const done = (answer: Answer): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.#waiting.delete(id);
        this.#settled();
        resolve(answer);
      };
      this.#waiting.set(id, done);
      if (keepsAlive) this.#port.ref();
      signal?.addEventListener('abort', aborted);
      if (signal?.aborted === true) aborted();
      else this.#send(id, body);
    });
  }

  /** Takes no more; what is under way is answered first. */
  close(): void {
    this.#closing = true;
    this.#settled();
  }

  #send(id: number, body: Uint8Array): void {
    // What small requests were joined into stands in memory that Node shares between many.
    const own = body.length === body.buffer.byteLength ? body : new Uint8Array(body);
    this.#port.postMessage({ id, signal: this.#signal, bytes: own } satisfies SeamRequest, [own.buffer as ArrayBuffer]);
  }

  #settled(): void {
    if (this.#waiting.size > 0) return;
    if (this.#closing) this.#port.close();
    else this.#port.unref();
  }
}
