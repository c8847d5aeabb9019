import { receiveMessageOnPort, type MessagePort } from 'node:worker_threads';
import type { Outcome } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { SeamAnswer, SeamRequest } from '../../pipeline/meeting-point.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { ExportOptions } from './contract.ts';
import { postBytes } from './own-bytes.ts';
import { refused } from './refused.ts';

interface Waiting {
  readonly bytes: number;
  readonly resolve: (outcome: Outcome) => void;
}

/** The application's side of a seam. What is under way keeps the process alive, as a request over HTTP does, and is bounded. */
export class SeamClient {
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, Waiting>();
  #bytes = 0;
  #requests = 0;

  constructor(port: MessagePort) {
    this.#port = port;
    port.on('message', (answer: SeamAnswer<Outcome>) => this.#answered(answer));
    port.unref();
  }

  /** What it has no room for is refused before `bytes` are given away. */
  send(signal: Signal, bytes: Uint8Array, { receiver, transfer = false }: ExportOptions = {}): Promise<Outcome> {
    const requests = this.#waiting.size;
    const { length } = bytes;
    // One that is too large by itself is for the receiver to refuse.
    if (requests >= LIMITS.embeddedRequests || (requests > 0 && this.#bytes + length > LIMITS.embeddedBytes))
      return Promise.resolve(
        refused('EMBEDDED_BUSY', `cannot hand over ${signal}: ${requests} requests wait for an answer`, LIMITS.retryAfterMs),
      );
    const id = ++this.#requests;
    return new Promise((resolve) => {
      this.#hold(id, { bytes: length, resolve });
      try {
        postBytes(bytes, transfer, (own, list) =>
          this.#port.postMessage({ id, signal, bytes: own, receiver } satisfies SeamRequest, list),
        );
      } catch (error) {
        // There is no memory for a copy, or the id of the receiver is no text.
        this.#answered({ id, outcome: refused('MALFORMED', `cannot hand over ${signal}: ${String(error)}`) });
      }
    });
  }

  /** No answer comes any more but those that are there: all others get `outcome`. Safe twice. */
  end(outcome: Outcome): void {
    for (let received = receiveMessageOnPort(this.#port); received !== undefined; received = receiveMessageOnPort(this.#port))
      this.#answered(received.message as SeamAnswer<Outcome>);
    this.#port.close();
    for (const { resolve } of this.#waiting.values()) resolve(outcome);
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #hold(id: number, waiting: Waiting): void {
    if (this.#waiting.size === 0) this.#port.ref();
    this.#waiting.set(id, waiting);
    this.#bytes += waiting.bytes;
  }

  #answered({ id, outcome }: SeamAnswer<Outcome>): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#bytes -= waiting.bytes;
    if (this.#waiting.size === 0) this.#port.unref();
    waiting.resolve(outcome);
  }
}
