import { BatchGroup, groupKey, passed, type BatchSizes } from '../../pipeline/batch/batch-group.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Clock } from '../../pipeline/clock.ts';
import type { Context, Drop, Emit, Processor } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { BatchConfig } from './config.ts';

/** Groups are made on first use and forgotten when they are sent. One timer serves all: it starts with the first item
 *  that waits, so none waits longer than `timeout`. */
export class BatchProcessor implements Processor {
  readonly #config: BatchConfig;
  readonly #sizes: BatchSizes;
  readonly #keys: readonly string[];
  readonly #clock: Clock;
  /** One per scope and combination of metadata. */
  readonly #groups = new Map<string, BatchGroup>();
  /** Of all groups together. */
  #heldBytes = 0;
  #emit: Emit | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(config: BatchConfig, clock: Clock) {
    this.#config = config;
    this.#sizes = { sizer: 'items', min: config.send_batch_size, max: config.send_batch_max_size };
    this.#keys = config.metadata_keys.map((key) => key.toLowerCase()).sort();
    this.#clock = clock;
  }

  start(emit: Emit): void {
    this.#emit = emit;
  }

  process(batch: ScopedBatch, emit: Emit): void {
    const key = groupKey(batch, this.#keys);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const limit = this.#config.metadata_cardinality_limit;
      const isFull = batch.items >= this.#sizes.min;
      if (this.#config.timeout === 0 || isFull || (limit > 0 && this.#groups.size >= limit)) {
        for (const part of passed(batch, this.#sizes)) emit(part);
        return;
      }
      this.#groups.set(key, (group = new BatchGroup(batch.scope, this.#sizes)));
    }
    const beforeBytes = group.byteLength;
    group.add(batch);
    if (group.isFull) {
      for (const part of group.takeFull()) emit(part);
      if (group.items === 0) this.#groups.delete(key);
    }
    this.#heldBytes += group.byteLength - beforeBytes;
    while (this.#heldBytes > LIMITS.batchedBytes && this.#groups.size > 1) this.#sendLargest(emit);
    if (this.#groups.size > 0) this.#startTimer();
  }

  flush(emit: Emit, _drop: Drop): void {
    this.#stopTimer();
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    this.#heldBytes = 0;
    for (const group of groups) for (const part of group.takeAll()) emit(part);
  }

  stop(): void {
    this.#stopTimer();
  }

  held(scope: string): number {
    let items = 0;
    for (const group of this.#groups.values()) if (group.scope === scope) items += group.items;
    return items;
  }

  /** Batches of many scopes that fill side by side would otherwise take a queue's room before one of them is full. */
  #sendLargest(emit: Emit): void {
    let largestKey = '';
    let largest: BatchGroup | undefined;
    for (const [key, group] of this.#groups) {
      if (largest !== undefined && group.byteLength <= largest.byteLength) continue;
      largestKey = key;
      largest = group;
    }
    this.#groups.delete(largestKey);
    this.#heldBytes -= largest!.byteLength;
    for (const part of largest!.takeAll()) emit(part);
  }

  #startTimer(): void {
    this.#cancelTimer ??= this.#clock.after(this.#config.timeout, () => {
      this.#cancelTimer = undefined;
      if (this.#emit !== undefined) this.flush(this.#emit, () => {});
    });
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }
}

export function create(config: BatchConfig, context: Context): Processor {
  return new BatchProcessor(config, context.clock);
}
