import { assert } from './assert.ts';
import type { Audit } from './audit.ts';
import { letGo, type ScopedBatch } from './batch/scoped-batch.ts';
import type { Clock } from './clock.ts';
import type { Exporter, Outcome, Refusal } from './component.ts';
import { ERRORS, type ErrorCode } from './errors.ts';
import { halve } from './halve.ts';
import { Fifo } from './fifo.ts';
import { count, type ExporterCount } from './ledger.ts';
import { LIMITS } from './limits.ts';
import type { Log } from './log.ts';
import type { Delivery } from './plan.ts';
import { QueueBatcher, type Queued } from './queue-batcher.ts';
import { backoffMs, isExhausted } from './retry.ts';
import { Room, type Share } from './room.ts';
import type { QueueShare, QueueStats } from './stats.ts';
import type { ComponentState, ComponentStatus } from './status.ts';

export interface QueueContext {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly audit?: Audit;
}

/** One batch on its way to one destination. */
interface Entry extends Queued {
  /** Half of a batch that was refused for good: it is not halved again. */
  readonly half: boolean;
  attempts: number;
  firstAtMs: number;
  /** While it waits for a retry: when. While it is sent: when the attempt ends. */
  dueAtMs: number;
  abort: AbortController | undefined;
}

function entryOf({ batch, row, holds }: Queued): Entry {
  return { batch, row, holds, half: false, attempts: 0, firstAtMs: 0, dueAtMs: 0, abort: undefined };
}

const OK: Outcome = { ok: true };

/**
 * Everything between the fan-out and one exporter: room, concurrent sends, timeout, retry with back-off, and what
 * became of each item. One timer serves all. A batch that waits for a retry leaves its place to others, but at most
 * `num_consumers` wait so, and with them the rest: a dead destination is tried by a few batches, not by all.
 */
export class DeliveryQueue {
  readonly id: string;
  readonly delivery: Delivery;
  readonly room: Room;
  readonly #exporter: Exporter;
  readonly #context: QueueContext;
  readonly #scopes: ReadonlySet<string> | undefined;
  /** What is held until it is worth sending counts as waiting. */
  readonly #batcher: QueueBatcher | undefined;
  readonly #waiting = new Fifo<Entry>();
  readonly #sending = new Set<Entry>();
  readonly #retrying = new Set<Entry>();
  #throttledUntilMs = 0;
  #pumping = false;
  #draining = false;
  #closed = false;
  #drained: (() => void) | undefined;
  #timerAtMs = Infinity;
  #cancelTimer: (() => void) | undefined;
  #state: ComponentState = 'ok';
  #message: string | undefined;

  constructor(id: string, exporter: Exporter, delivery: Delivery, context: QueueContext) {
    this.id = id;
    this.delivery = delivery;
    this.room = new Room(delivery.sending_queue);
    const { batch } = delivery.sending_queue;
    this.#batcher = batch === undefined ? undefined : new QueueBatcher(batch, this.room);
    this.#exporter = exporter;
    this.#context = context;
    this.#scopes = delivery.scopes === undefined ? undefined : new Set(delivery.scopes);
  }

  takes(scope: string): boolean {
    return this.#scopes === undefined || this.#scopes.has(scope);
  }

  /** A full queue lets new items go instead of refusing them, so none is reserved for. */
  get drops(): boolean {
    return this.delivery.sending_queue.on_full === 'drop';
  }

  get reusesMatches(): boolean {
    return this.#exporter.reusesMatches === true;
  }

  /** An answer waits for this destination whatever `service.ack` says. */
  get waits(): boolean {
    return this.delivery.sending_queue.wait_for_result || !this.delivery.sending_queue.enabled;
  }

  /** How long a sender that found it full should wait: until the next attempt, as room comes with that. */
  get retryAfterMs(): number {
    let atMs = this.#throttledUntilMs;
    if (this.#sending.size === 0)
      for (const entry of this.#retrying) atMs = atMs === 0 ? entry.dueAtMs : Math.min(atMs, entry.dueAtMs);
    return Math.max(LIMITS.retryAfterMs, Math.ceil(atMs - this.#context.clock.now()));
  }

  status(): ComponentStatus {
    const { items, bytes } = this.room.used;
    const { sizer, queue_size, queue_bytes } = this.delivery.sending_queue;
    const queue = {
      items,
      bytes,
      itemsMax: sizer === 'items' ? queue_size : Infinity,
      bytesMax: sizer === 'bytes' ? Math.min(queue_size, queue_bytes) : queue_bytes,
    };
    const status = { id: this.id, kind: 'exporter', state: this.#state, queue } as const;
    return this.#message === undefined ? status : { ...status, message: this.#message };
  }

  stats(): QueueStats {
    const { used } = this.room;
    const { sizer, queue_size, queue_bytes } = this.delivery.sending_queue;
    return {
      exporter: this.id,
      sizer,
      // Of requests that were merged or split, parts are counted; a part waits as a whole.
      size: Math.ceil(used[sizer]),
      capacity: queue_size,
      bytes: used.bytes,
      bytesMax: sizer === 'bytes' ? Math.min(queue_size, queue_bytes) : queue_bytes,
      inFlight: this.#sending.size + this.#retrying.size,
    };
  }

  /** What `scope` has of it. */
  shareOf(scope: string): QueueShare {
    const { exporter, sizer, capacity, bytesMax } = this.stats();
    const { bytes, ...used } = this.room.usedBy(scope);
    const size = Math.ceil(sizer === 'bytes' ? bytes : used[sizer]);
    return { exporter, scope, sizer, size, capacity, bytes, bytesMax, share: this.delivery.sending_queue.scope_share ?? 1 };
  }

  /** Takes a batch for which `reserved` was taken before. */
  commit(batch: ScopedBatch, row: ExporterCount, holds: boolean, reserved: Share): void {
    this.room.exchange(reserved, batch.items, batch.byteLength);
    this.#enqueue(batch, row, holds);
  }

  /** Takes a batch if there is room, else counts it as dropped. */
  offer(batch: ScopedBatch, row: ExporterCount, holds: boolean): void {
    if (this.room.tryTake([{ scope: batch.scope, items: batch.items, bytes: batch.byteLength, requests: 1 }])) {
      this.#enqueue(batch, row, holds);
      return;
    }
    count(row.dropped, 'queue_full', batch.items);
    this.#context.log.limited(
      `queue_full ${this.id}`,
      `cannot queue data for ${this.id}: its queue is full; new data is dropped`,
    );
    const full = refusal('QUEUE_FULL', `cannot queue data for ${this.id}: its queue is full`);
    letGo(batch, holds ? full : undefined, true);
  }

  /** From here on retries come soon and nothing waits for a batch: the process is stopping. */
  hasten(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#push(this.#batcher?.flush());
    const nowMs = this.#context.clock.now();
    for (const entry of this.#retrying) {
      const soonMs = nowMs + LIMITS.drainBackoffMs * this.#context.random();
      entry.dueAtMs = Math.min(entry.dueAtMs, Math.max(soonMs, this.#throttledUntilMs));
    }
    this.#pump();
  }

  /** Sends what is there for at most `deadlineMs` from now, then counts the rest as dropped(shutdown). Takes nothing
   *  after that. Safe twice. */
  async drain(deadlineMs: number): Promise<void> {
    this.room.close();
    this.hasten();
    const graceMs = Math.min(LIMITS.abortGraceMs, deadlineMs / 4);
    if (deadlineMs > 0 && !this.#closed) await this.#emptied(deadlineMs - graceMs);
    this.#closed = true;
    for (const entry of this.#retrying) this.#finish(entry, 'retrying', this.#dropped(entry, 'shutdown'));
    for (let entry = this.#waiting.shift(); entry !== undefined; entry = this.#waiting.shift()) {
      this.#finish(entry, 'waiting', this.#dropped(entry, 'shutdown'));
    }
    for (const entry of this.#sending) {
      // What answers within the grace still counts, whatever its own deadline was.
      entry.dueAtMs = Infinity;
      entry.abort?.abort();
    }
    if (graceMs > 0) await this.#emptied(graceMs);
    for (const entry of this.#sending) this.#finish(entry, 'sending', this.#dropped(entry, 'shutdown'));
    this.#cancelTimer?.();
    this.#state = 'stopped';
  }

  #emptied(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#context.clock.after(deadlineMs, () => resolve());
      this.#drained = () => {
        cancel();
        resolve();
      };
      this.#tellDrained();
    });
  }

  #tellDrained(): void {
    if (this.#sending.size + this.#retrying.size + this.#waiting.size === 0) this.#drained?.();
  }

  #enqueue(batch: ScopedBatch, row: ExporterCount, holds: boolean): void {
    row.waiting += batch.items;
    if (this.#closed) {
      const entry = entryOf({ batch, row, holds });
      this.#finish(entry, 'waiting', this.#dropped(entry, 'shutdown'));
      return;
    }
    if (this.#batcher === undefined) this.#waiting.push(entryOf({ batch, row, holds }));
    else this.#push(this.#batcher.add({ batch, row, holds }, this.#context.clock.now(), this.#draining));
    this.#pump();
  }

  /** Batches that are ready, in line. */
  #push(ready: readonly Queued[] = []): void {
    for (const queued of ready) this.#waiting.push(entryOf(queued));
  }

  /** Starts what may start. An exporter that answers at once comes back here, so it is a loop and not a recursion. */
  #pump(): void {
    if (this.#pumping || this.#closed) return;
    this.#pumping = true;
    // What is not due by the last look gets a timer by the same look: read again, the time may have passed it meanwhile.
    let nowMs = this.#context.clock.now();
    while (this.#sending.size < this.delivery.sending_queue.num_consumers) {
      const entry = this.#next(nowMs);
      if (entry === undefined) break;
      this.#send(entry);
      nowMs = this.#context.clock.now();
    }
    this.#pumping = false;
    this.#arm(nowMs);
  }

  #next(nowMs: number): Entry | undefined {
    for (const entry of this.#retrying) {
      if (entry.dueAtMs > nowMs) continue;
      this.#retrying.delete(entry);
      entry.row.retrying -= entry.batch.items;
      return entry;
    }
    if (this.#throttledUntilMs > nowMs || this.#retrying.size >= this.delivery.sending_queue.num_consumers) return undefined;
    const entry = this.#waiting.shift();
    if (entry === undefined) return undefined;
    entry.row.waiting -= entry.batch.items;
    entry.firstAtMs = nowMs;
    return entry;
  }

  #send(entry: Entry): void {
    const { timeout } = this.delivery;
    const abort = new AbortController();
    entry.attempts += 1;
    entry.abort = abort;
    entry.dueAtMs = timeout > 0 ? this.#context.clock.now() + timeout : Infinity;
    entry.row.sending += entry.batch.items;
    this.#sending.add(entry);
    // A late answer of an attempt that was given up is none: its `abort` is no longer the entry's.
    const settled = (outcome: Outcome) => {
      if (entry.abort === abort) this.#settle(entry, outcome);
    };
    const threw = (error: unknown) => settled(this.#internal(error));
    try {
      this.#exporter.send(entry.batch, abort.signal).then(settled, threw).catch(threw);
    } catch (error) {
      threw(error);
    }
  }

  #settle(entry: Entry, answer: Outcome): void {
    const aborted = entry.abort?.signal.aborted === true;
    entry.abort = undefined;
    const { items } = entry.batch;
    if (answer.ok) {
      let rejected = 0;
      for (const rejection of answer.rejected ?? []) rejected += rejection.items;
      rejected = Math.min(items, Math.max(0, rejected));
      entry.row.exported += items - rejected;
      entry.row.refused += rejected;
      this.#tell('ok');
      this.#finish(entry, 'sending', OK);
    } else {
      const failure = aborted ? this.#timedOut(answer) : answer;
      if (failure.retryable) this.#retry(entry, failure);
      else this.#giveUp(entry, failure);
    }
    this.#pump();
    this.#tellDrained();
  }

  #retry(entry: Entry, failure: Refusal): void {
    if (this.#closed) {
      this.#finish(entry, 'sending', this.#dropped(entry, 'shutdown'));
      return;
    }
    const { retry_on_failure: retry } = this.delivery;
    const nowMs = this.#context.clock.now();
    const askedMs = failure.retryAfterMs ?? 0;
    const longest = this.#draining ? { ...retry, max_interval: Math.min(retry.max_interval, LIMITS.drainBackoffMs) } : retry;
    const waitMs = backoffMs(longest, entry.attempts - 1, this.#context.random, askedMs);
    // The destination asked all to wait; it is asked again at least once per max_interval.
    if (askedMs > 0) this.#throttledUntilMs = Math.max(this.#throttledUntilMs, nowMs + Math.min(askedMs, retry.max_interval));
    this.#tell('recoverable', failure.message);
    if (isExhausted(retry, nowMs - entry.firstAtMs, waitMs)) {
      this.#context.log.limited(
        `exhausted ${this.id}`,
        `cannot deliver to ${this.id}: ${failure.message}; retries are exhausted, the data is dropped`,
      );
      count(entry.row.dropped, 'retries_exhausted', entry.batch.items);
      this.#audit('retries_exhausted', entry, failure);
      this.#finish(entry, 'sending', failure);
      return;
    }
    this.#context.log.limited(`retry ${this.id}`, `cannot deliver to ${this.id} now: ${failure.message}; it is tried again`);
    this.#sending.delete(entry);
    this.#retrying.add(entry);
    entry.row.sending -= entry.batch.items;
    entry.row.retrying += entry.batch.items;
    entry.dueAtMs = nowMs + waitMs;
  }

  /** Puts two halves in the place of a batch that was refused for good, each to be sent at once; false when it stays. */
  #halved(entry: Entry, failure: Refusal): boolean {
    const { batch, row, holds } = entry;
    if (failure.code !== 'DESTINATION_REFUSED' || entry.half || this.#closed) return false;
    const halves = halve(batch, holds);
    if (halves === undefined) return false;
    this.#context.log.limited(
      `halved ${this.id}`,
      `cannot deliver to ${this.id}: ${failure.message}; the data is sent once more, in two halves`,
    );
    this.#sending.delete(entry);
    row.sending -= batch.items;
    let reserved: Share = { scope: batch.scope, items: batch.items, bytes: batch.byteLength, requests: 1 };
    const nowMs = this.#context.clock.now();
    for (const half of halves) {
      this.room.exchange(reserved, half.items, half.byteLength);
      reserved = { scope: batch.scope, items: 0, bytes: 0, requests: 0 };
      // One attempt has been: whoever made it may still read the bytes.
      const made = { batch: half, row, holds, half: true, attempts: 1, firstAtMs: nowMs, dueAtMs: nowMs, abort: undefined };
      this.#retrying.add(made);
      row.retrying += half.items;
    }
    return true;
  }

  #giveUp(entry: Entry, failure: Refusal): void {
    if (this.#halved(entry, failure)) return;
    const { items } = entry.batch;
    if (failure.code === 'INTERNAL') count(entry.row.dropped, 'internal', items);
    else entry.row.refused += items;
    this.#audit(failure.code === 'INTERNAL' ? 'exporter_failed' : 'destination_refused', entry, failure);
    this.#tell(failure.code === 'DESTINATION_AUTH' || failure.code === 'INTERNAL' ? 'failed' : 'ok', failure.message);
    this.#context.log.limited(`refused ${this.id}`, `cannot deliver to ${this.id}: ${failure.message}; the data is dropped`);
    this.#finish(entry, 'sending', failure);
  }

  /** Data that was taken is gone for good. */
  #audit(action: string, { batch }: Entry, { code }: Refusal): void {
    const { scope, signal, items } = batch;
    const event = { type: 'ERROR', severity: 'ERROR', action, result: 'FAILURE', scope, component: this.id, items } as const;
    this.#context.audit?.record({ ...event, details: { signal, code } });
  }

  #dropped(entry: Entry, reason: 'shutdown'): Refusal {
    count(entry.row.dropped, reason, entry.batch.items);
    return refusal('SHUTTING_DOWN', `cannot deliver to ${this.id}: the collector is stopping`);
  }

  /** The end of an entry, whatever it is: its room is free, and whoever waits for it is told. */
  #finish(entry: Entry, from: 'waiting' | 'sending' | 'retrying', outcome: Outcome): void {
    const { batch, row } = entry;
    entry.abort = undefined;
    if (from === 'sending') this.#sending.delete(entry);
    if (from === 'retrying') this.#retrying.delete(entry);
    row[from] -= batch.items;
    assert(row[from] >= 0, `${this.id} counts fewer than no items ${from}`);
    this.room.give({ scope: batch.scope, items: batch.items, bytes: batch.byteLength, requests: 1 });
    // Only a first attempt that went well is sure to have let go of the bytes; one that was given up may still read them.
    letGo(batch, entry.holds ? outcome : undefined, outcome.ok && entry.attempts === 1);
  }

  #tell(state: ComponentState, message?: string): void {
    this.#state = state;
    this.#message = message;
  }

  #timedOut(answer: Refusal): Refusal {
    const ms = this.delivery.timeout;
    const late: Refusal = refusal('DEADLINE_EXCEEDED', `cannot deliver to ${this.id}: no answer within ${ms} ms`);
    return answer.retryAfterMs === undefined ? late : { ...late, retryAfterMs: answer.retryAfterMs };
  }

  #internal(error: unknown): Refusal {
    const cause = error instanceof Error ? error.message : String(error);
    return refusal('INTERNAL', `cannot send with ${this.id}: ${cause.slice(0, LIMITS.messageChars)}`);
  }

  /** Keeps the one timer set for the earliest thing that time alone can change. */
  #arm(nowMs: number): void {
    let atMs = this.#waiting.size > 0 && this.#throttledUntilMs > nowMs ? this.#throttledUntilMs : Infinity;
    for (const entry of this.#sending) atMs = Math.min(atMs, entry.dueAtMs);
    atMs = Math.min(atMs, this.#batcher?.dueAtMs ?? Infinity);
    // One that is due already waits for a send to end, which comes here by itself.
    for (const entry of this.#retrying) if (entry.dueAtMs > nowMs) atMs = Math.min(atMs, entry.dueAtMs);
    if (atMs >= this.#timerAtMs || atMs === Infinity) return;
    this.#cancelTimer?.();
    this.#timerAtMs = atMs;
    this.#cancelTimer = this.#context.clock.after(Math.max(1, Math.ceil(atMs - nowMs)), () => this.#tick());
  }

  #tick(): void {
    this.#timerAtMs = Infinity;
    this.#cancelTimer = undefined;
    const nowMs = this.#context.clock.now();
    if (this.#batcher !== undefined && this.#batcher.dueAtMs <= nowMs) this.#push(this.#batcher.flush());
    for (const entry of this.#sending) {
      if (entry.dueAtMs > nowMs) continue;
      const abort = entry.abort;
      if (abort?.signal.aborted === false) {
        entry.dueAtMs = nowMs + LIMITS.abortGraceMs;
        abort.abort(new DOMException('the attempt took too long', 'TimeoutError'));
      } else this.#settle(entry, this.#timedOut(refusal('DEADLINE_EXCEEDED', '')));
    }
    this.#pump();
  }
}

export function refusal(code: ErrorCode, message: string, retryAfterMs?: number): Refusal {
  const { retryable } = ERRORS[code];
  return retryAfterMs === undefined
    ? { ok: false, code, retryable, message }
    : { ok: false, code, retryable, message, retryAfterMs };
}
