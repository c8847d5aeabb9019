import type { ScopedBatch } from './batch/scoped-batch.ts';
import type { Lane } from './fanout.ts';
import type { DeliveryQueue } from './queue.ts';
import type { Demand, Ticket } from './room.ts';

/** A batch and the way it takes in one pipeline. */
export interface Passage {
  readonly batch: ScopedBatch;
  readonly lane: Lane;
}

/** What one request needs of one queue, over all its scopes and all pipelines that feed the queue. */
export interface Need {
  readonly queue: DeliveryQueue;
  readonly demand: Demand;
}

export function needsOf(passages: readonly Passage[]): readonly Need[] {
  const needs: { queue: DeliveryQueue; demand: { scope: string; items: number; bytes: number; requests: number }[] }[] = [];
  for (const { batch, lane } of passages) {
    const { scope, items, byteLength } = batch;
    for (const queue of lane.reservingQueues) {
      let demand: (typeof needs)[number]['demand'] | undefined;
      for (const need of needs) if (need.queue === queue) demand = need.demand;
      if (demand === undefined) needs.push({ queue, demand: (demand = []) });
      const known = demand.find((share) => share.scope === scope);
      if (known === undefined) demand.push({ scope, items, bytes: byteLength, requests: 1 });
      else {
        known.items += items;
        known.bytes += byteLength;
        known.requests += 1;
      }
    }
  }
  return needs;
}

/** Takes all that is needed, or nothing; returns the first need that was not met. */
export function reserve(needs: readonly Need[], ticket?: Ticket): Need | undefined {
  for (let at = 0; at < needs.length; at++) {
    const need = needs[at]!;
    if (need.queue.room.tryTake(need.demand, ticket)) continue;
    for (let taken = 0; taken < at; taken++) for (const share of needs[taken]!.demand) needs[taken]!.queue.room.give(share);
    return need;
  }
  return undefined;
}
