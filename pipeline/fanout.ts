import { assert } from './assert.ts';
import { ScopedBatch } from './batch/scoped-batch.ts';
import { count, type ExporterCount, type PipelineCount, type Rows } from './ledger.ts';
import type { DeliveryQueue } from './queue.ts';
import type { Share } from './room.ts';
import type { Signal } from './signal.ts';

/** An exporter as one pipeline sees it. */
export interface Destination {
  readonly queue: DeliveryQueue;
  readonly rows: Rows<ExporterCount>;
}

interface Branch {
  readonly queue: DeliveryQueue;
  readonly row: ExporterCount;
  /** Room is taken for a request before its items enter the pipeline. */
  readonly reserves: boolean;
  /** The answer to the sender waits for it. */
  readonly holds: boolean;
}

/**
 * One scope's way through one pipeline: the branches it goes to, and the room that is reserved in all of them for items
 * which processors hold. Processors merge, split and change batches, so room is kept as a sum and given back in
 * proportion to the items that leave; the last item takes the rest with it.
 */
export class Lane {
  readonly scope: string;
  readonly row: PipelineCount;
  /** Where room is taken for a request before its items come in. */
  readonly reservingQueues: readonly DeliveryQueue[];
  readonly #branches: readonly Branch[];
  readonly #holding: number;
  #items = 0;
  #bytes = 0;
  #requests = 0;

  constructor(scope: string, row: PipelineCount, branches: readonly Branch[]) {
    this.scope = scope;
    this.row = row;
    this.#branches = branches;
    this.reservingQueues = branches.filter((branch) => branch.reserves).map((branch) => branch.queue);
    this.#holding = branches.filter((branch) => branch.holds).length;
  }

  /** False for a scope that no destination of the pipeline takes. */
  get leads(): boolean {
    return this.#branches.length > 0;
  }

  /** The items for which room was reserved come in. */
  enter(batch: ScopedBatch): void {
    const { items } = batch;
    this.#items += items;
    this.#bytes += batch.byteLength;
    this.#requests += 1;
    this.row.accepted += items;
    for (const branch of this.#branches) branch.row.admitted += items;
  }

  /** A batch leaves for its destinations, each of which has what it needs to answer for it. */
  route(batch: ScopedBatch): void {
    const share = this.#take(batch.items);
    for (const receipt of batch.receipts) {
      if (this.#holding > 1) receipt.retain(this.#holding - 1);
      else if (this.#holding === 0) receipt.release({ ok: true });
    }
    for (const lease of batch.leases) lease.retain(this.#branches.length - 1);
    for (const branch of this.#branches) {
      if (branch.reserves) branch.queue.commit(batch, branch.row, branch.holds, share);
      else branch.queue.offer(batch, branch.row, branch.holds);
    }
  }

  /** A processor let items go. */
  drop(items: number, reason: string): void {
    const share = this.#take(items);
    count(this.row.dropped, reason, items);
    for (const branch of this.#branches) branch.row.withdrawn += items;
    for (const queue of this.reservingQueues) queue.room.give(share);
  }

  #take(items: number): Share {
    assert(items <= this.#items, 'more items leave a pipeline than came in');
    const part = items / this.#items;
    const isLast = items === this.#items;
    const share = {
      scope: this.scope,
      items,
      bytes: isLast ? this.#bytes : Math.floor(this.#bytes * part),
      requests: isLast ? this.#requests : this.#requests * part,
    };
    this.#items -= items;
    this.#bytes -= share.bytes;
    this.#requests -= share.requests;
    return share;
  }
}

/** Where one pipeline ends: every destination that takes a batch's scope shares the one batch. */
export class FanOut {
  readonly #signal: Signal;
  readonly #destinations: readonly Destination[];
  readonly #rows: Rows<PipelineCount>;
  readonly #ackDelivered: boolean;
  readonly #lanes = new Map<string, Lane>();

  constructor(signal: Signal, destinations: readonly Destination[], rows: Rows<PipelineCount>, ackDelivered: boolean) {
    this.#signal = signal;
    this.#destinations = destinations;
    this.#rows = rows;
    this.#ackDelivered = ackDelivered;
  }

  /** Does any answer wait for one of the destinations. */
  get waits(): boolean {
    return this.#destinations.some(({ queue }) => this.#isAwaited(queue));
  }

  get reusesMatches(): boolean {
    return this.#destinations.some(({ queue }) => queue.reusesMatches);
  }

  lane(scope: string): Lane {
    let lane = this.#lanes.get(scope);
    if (lane === undefined) {
      const branches = this.#destinations
        .filter(({ queue }) => queue.takes(scope))
        .map(({ queue, rows }) => {
          const row = rows.of(this.#signal, scope);
          row.onFull = queue.delivery.sending_queue.on_full;
          return { queue, row, reserves: !queue.drops, holds: this.#isAwaited(queue) };
        });
      lane = new Lane(scope, this.#rows.of(this.#signal, scope), branches);
      this.#lanes.set(scope, lane);
    }
    return lane;
  }

  route(batch: ScopedBatch): void {
    assert(ScopedBatch.isSealed(batch), 'a batch without a scope leaves a pipeline');
    this.lane(batch.scope).route(batch);
  }

  /** A destination that drops what it has no room for is no part of "delivered", unless it says so itself. */
  #isAwaited(queue: DeliveryQueue): boolean {
    return queue.waits || (this.#ackDelivered && !queue.drops);
  }
}
