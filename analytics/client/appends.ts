import type { SqlFault } from '../../pipeline/analytics.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Outcome } from '../../pipeline/component.ts';
import { ERRORS } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { AppendHead, Loaded } from '../wire/messages.ts';

type Send = (head: AppendHead, segments: readonly Uint8Array[], bytes: number) => void;

interface Sent {
  readonly batch: ScopedBatch;
  readonly settle: (outcome: Outcome) => void;
}

const GIVEN_UP: Outcome = {
  ok: false,
  code: 'DEADLINE_EXCEEDED',
  retryable: ERRORS.DEADLINE_EXCEEDED.retryable,
  message: 'cannot load the rows: the analytics process did not answer in time',
};
const HEAD_BYTES = 1024;

/** Appends under way: what was sent and not answered. */
export class Appends {
  readonly #sent = new Map<number, Sent>();
  /** Also of those that were answered, as long as somebody holds the batch: one that is sent again is not loaded twice. */
  readonly #outcomes = new WeakMap<ScopedBatch, Promise<Outcome>>();
  #lastId = 0;

  async send(batch: ScopedBatch, signal: AbortSignal, send: Send): Promise<Outcome> {
    const outcome = this.#outcomes.get(batch) ?? this.#send(batch, send);
    if (signal.aborted) return GIVEN_UP;
    return new Promise((resolve) => {
      const giveUp = (): void => resolve(GIVEN_UP);
      signal.addEventListener('abort', giveUp, { once: true });
      void outcome.then((settled) => {
        signal.removeEventListener('abort', giveUp);
        resolve(settled);
      });
    });
  }

  loaded(ids: readonly Loaded[]): void {
    for (const [id, rows, fault] of ids) {
      const missing = (this.#sent.get(id)?.batch.items ?? 0) - rows;
      this.#settle(id, missing > 0 ? without(missing, fault) : { ok: true });
    }
  }

  refused(ids: readonly number[], { code, message, retryAfterMs }: SqlFault): void {
    const { retryable } = ERRORS[code];
    const wait = retryAfterMs === undefined ? {} : { retryAfterMs };
    for (const id of ids) this.#settle(id, { ok: false, code, message, retryable, ...wait });
  }

  /** The process has ended, and everything with it: what was sent is sent again. */
  lost(refusal: Outcome): void {
    for (const id of this.#sent.keys()) this.#settle(id, refusal);
  }

  #settle(id: number, outcome: Outcome): void {
    const sent = this.#sent.get(id);
    this.#sent.delete(id);
    if (!outcome.ok && sent !== undefined) this.#outcomes.delete(sent.batch);
    sent?.settle(outcome);
  }

  #send(batch: ScopedBatch, send: Send): Promise<Outcome> {
    const { segments } = batch;
    let bytes = 0;
    for (const segment of segments) bytes += segment.length;
    if (bytes > LIMITS.analyticsFrameBytes - HEAD_BYTES)
      return Promise.resolve({
        ok: false,
        code: 'BODY_TOO_LARGE',
        retryable: false,
        message: `cannot load the rows: ${bytes} bytes are too many for one batch`,
      });
    this.#lastId += 1;
    const id = this.#lastId;
    const outcome = new Promise<Outcome>((settle) => {
      this.#sent.set(id, { batch, settle });
    });
    this.#outcomes.set(batch, outcome);
    send({ id, scope: batch.scope, signal: batch.signal, receivedMs: Date.now() }, segments, bytes);
    return outcome;
  }
}

function without(items: number, fault: string): Outcome {
  const cause = fault === '' ? 'its bytes make no row' : fault;
  return { ok: true, rejected: [{ reason: 'unreadable', items, message: `cannot load an item: ${cause}` }] };
}
