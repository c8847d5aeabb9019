import type { ScopedBatch } from './batch/scoped-batch.ts';
import type { Lane } from './fanout.ts';
import type { DeliveryQueue } from './queue.ts';
import type { Share, Ticket } from './room.ts';

/** A batch and the way it takes in one pipeline. */
export interface Passage {
  readonly batch: ScopedBatch;
  readonly lane: Lane;
}

/** What one request needs of one queue, over all its scopes and all pipelines that feed the queue. */
export interface Need {
  readonly queue: DeliveryQueue;
  readonly share: Share;
}

export function needsOf(passages: readonly Passage[]): readonly Need[] {
  const needs: { queue: DeliveryQueue; share: { items: number; bytes: number; requests: number } }[] = [];
  for (const { batch, lane } of passages) {
    for (const queue of lane.reservingQueues) {
      let known: (typeof needs)[number] | undefined;
      for (const need of needs) if (need.queue === queue) known = need;
      if (known === undefined) needs.push({ queue, share: { items: batch.items, bytes: batch.byteLength, requests: 1 } });
      else {
        known.share.items += batch.items;
        known.share.bytes += batch.byteLength;
        known.share.requests += 1;
      }
    }
  }
  return needs;
}

/** Takes all that is needed, or nothing; returns the first need that was not met. */
export function reserve(needs: readonly Need[], ticket?: Ticket): Need | undefined {
  for (let at = 0; at < needs.length; at++) {
    const need = needs[at]!;
    if (need.queue.room.tryTake(need.share, ticket)) continue;
    for (let taken = 0; taken < at; taken++) needs[taken]!.queue.room.give(needs[taken]!.share);
    return need;
  }
  return undefined;
}
