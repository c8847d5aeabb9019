import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Outcome } from '../../pipeline/component.ts';
import { ERRORS } from '../../pipeline/errors.ts';
import type { SeamAnswer, SeamRequest } from '../../pipeline/meeting-point.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';

export type Take = (signal: Signal, bytes: Uint8Array, receiver: string | undefined) => Promise<Outcome> | Outcome;

/** The collector's side of a seam: takes requests until it is closed, and answers each. */
export function serveSeam(port: MessagePort, take: Take): void {
  port.on('message', (request: SeamRequest) => {
    const { id } = request;
    const answer = (outcome: Outcome): void => port.postMessage({ id, outcome } satisfies SeamAnswer);
    const outcome = isRequest(request) ? take(request.signal, request.bytes, request.receiver) : UNREADABLE;
    if (outcome instanceof Promise) void outcome.then(answer);
    else answer(outcome);
  });
}

/** All seams of one collector. */
export class SeamServer {
  readonly #take: Take;
  readonly #ports = new Set<MessagePort>();

  constructor(take: Take) {
    this.#take = take;
  }

  serve(port: MessagePort): void {
    this.#ports.add(port);
    port.on('close', () => this.#ports.delete(port));
    serveSeam(port, this.#take);
  }

  /** The application's side of another seam. Nothing of this one keeps the process alive. */
  connect(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.serve(port2);
    port2.unref();
    return port1;
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }
}

const UNREADABLE: Outcome = {
  ok: false,
  code: 'MALFORMED',
  retryable: ERRORS.MALFORMED.retryable,
  message: `cannot read the request: it is not one of ${SIGNALS.join(', ')} and bytes`,
};

function isRequest({ signal, bytes }: SeamRequest): boolean {
  return SIGNALS.includes(signal) && bytes instanceof Uint8Array;
}
