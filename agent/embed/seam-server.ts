import type { MessagePort } from 'node:worker_threads';
import type { Outcome } from '../../pipeline/component.ts';
import { ERRORS } from '../../pipeline/errors.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import type { SeamAnswer, SeamRequest } from './messages.ts';

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

const UNREADABLE: Outcome = {
  ok: false,
  code: 'MALFORMED',
  retryable: ERRORS.MALFORMED.retryable,
  message: `cannot read the request: it is not one of ${SIGNALS.join(', ')} and bytes`,
};

function isRequest({ signal, bytes }: SeamRequest): boolean {
  return SIGNALS.includes(signal) && bytes instanceof Uint8Array;
}
