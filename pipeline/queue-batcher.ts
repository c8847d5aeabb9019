import { assert } from './assert.ts';
import { BatchGroup, groupKey, passed, type BatchSizes } from './batch/batch-group.ts';
import { sizeOf } from './batch/cut.ts';
import { restate, type ScopedBatch } from './batch/scoped-batch.ts';
import type { ExporterCount } from './ledger.ts';
import { LIMITS } from './limits.ts';
import type { QueueBatching } from './plan.ts';
import type { Room, Share } from './room.ts';

/** One batch in a queue, as it came or as it is sent. */
export interface Queued {
  readonly batch: ScopedBatch;
  readonly row: ExporterCount;
  /** The batch's receipts are released with the result. */
  readonly holds: boolean;
}

interface Held {
  readonly group: BatchGroup;
  readonly row: ExporterCount;
  readonly holds: boolean;
  /** What the group has of the queue's room. */
  share: Share;
}

/**
 * `sending_queue::batch`: requests on their way into the batches that one destination gets. Behind the fan-out, so what
 * it holds is this destination's alone: its room, its receipts, its hold on the requests' memory. What may not be one
 * batch never is: another scope, another signal, other metadata, one whose receipts are held and one whose are not.
 * Items stay in the row's `waiting` all the while, and room is exchanged as they become something else.
 */
export class QueueBatcher {
  readonly #sizes: BatchSizes;
  readonly #timeoutMs: number;
  readonly #keys: readonly string[];
  readonly #room: Room;
  readonly #groups = new Map<string, Held>();
  #dueAtMs = Infinity;

  constructor({ flush_timeout, min_size, max_size, sizer, partition }: QueueBatching, room: Room) {
    this.#sizes = { sizer, min: min_size, max: max_size };
    this.#timeoutMs = flush_timeout;
    this.#keys = partition.metadata_keys.map((key) => key.toLowerCase()).sort();
    this.#room = room;
  }

  /** When `flush` is due; Infinity while nothing is held. */
  get dueAtMs(): number {
    return this.#dueAtMs;
  }

  /** Takes a batch that has its room, and returns what is to be sent now. `hurry`: nothing waits. */
  add(queued: Queued, nowMs: number, hurry: boolean): readonly Queued[] {
    const { batch, row, holds } = queued;
    const own = holds || batch.receipts.length === 0 ? batch : restate(batch, batch, [], batch.leases);
    const key = `${holds ? '+' : '-'}${batch.signal} ${groupKey(batch, this.#keys)}`;
    let held = this.#groups.get(key);
    if (held === undefined) {
      const isFull = sizeOf(batch, this.#sizes.sizer) >= this.#sizes.min;
      if (hurry || isFull || this.#groups.size >= LIMITS.queueBatchGroups) {
        return this.#exchanged(shareOf(batch), passed(own, this.#sizes), row, holds);
      }
      held = { group: new BatchGroup(batch.scope, this.#sizes), row, holds, share: nothingOf(batch.scope) };
      this.#groups.set(key, held);
    }
    assert(held.row === row, 'a batch of another row is batched');
    held.group.add(own);
    held.share = sum(held.share, shareOf(batch));
    if (this.#dueAtMs === Infinity) this.#dueAtMs = nowMs + this.#timeoutMs;
    return held.group.isFull ? this.#taken(key, held) : NONE;
  }

  /** All that is held. */
  flush(): readonly Queued[] {
    this.#dueAtMs = Infinity;
    const ready: Queued[] = [];
    for (const { group, row, holds, share } of this.#groups.values()) {
      ready.push(...this.#exchanged(share, group.takeAll(), row, holds));
    }
    this.#groups.clear();
    return ready;
  }

  #taken(key: string, held: Held): readonly Queued[] {
    const { group, row, holds } = held;
    const parts = group.takeFull();
    if (group.items === 0) {
      this.#groups.delete(key);
      if (this.#groups.size === 0) this.#dueAtMs = Infinity;
      return this.#exchanged(held.share, parts, row, holds);
    }
    // What stays is one request in the room, whatever it came as.
    const stays = shareOf({ scope: group.scope, items: group.items, byteLength: group.byteLength });
    this.#room.exchange(held.share, stays.items, stays.bytes);
    held.share = stays;
    return this.#exchanged(nothingOf(group.scope), parts, row, holds);
  }

  /** What was held takes the room of what was made of it. */
  #exchanged(held: Share, parts: readonly ScopedBatch[], row: ExporterCount, holds: boolean): readonly Queued[] {
    let share = held;
    return parts.map((batch) => {
      this.#room.exchange(share, batch.items, batch.byteLength);
      share = nothingOf(batch.scope);
      return { batch, row, holds };
    });
  }
}

const NONE: readonly never[] = [];

function shareOf({ scope, items, byteLength }: { scope: string; items: number; byteLength: number }): Share {
  return { scope, items, bytes: byteLength, requests: 1 };
}

function nothingOf(scope: string): Share {
  return { scope, items: 0, bytes: 0, requests: 0 };
}

function sum(one: Share, other: Share): Share {
  return {
    scope: one.scope,
    items: one.items + other.items,
    bytes: one.bytes + other.bytes,
    requests: one.requests + other.requests,
  };
}
