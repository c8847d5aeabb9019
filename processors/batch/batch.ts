import { Gathering } from '../../pipeline/batch/gathering.ts';
import { merge, split, type ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Clock } from '../../pipeline/clock.ts';
import type { Context, Drop, Emit, Processor } from '../../pipeline/component.ts';
import { splitContent } from '../../pipeline/otlp/split.ts';
import type { BatchConfig } from './config.ts';

/** What waits for one scope and one combination of metadata. Never holds anything of another. */
interface Group {
  readonly scope: string;
  readonly batches: ScopedBatch[];
  /** What comes behind them, in small requests. */
  gathering: Gathering | undefined;
  items: number;
}

const SEPARATOR = '\u0000';

/** Groups are made on first use and forgotten when they are sent. One timer serves all: it starts with the first item
 *  that waits, so none waits longer than `timeout`. */
export class BatchProcessor implements Processor {
  readonly #config: BatchConfig;
  readonly #keys: readonly string[];
  readonly #clock: Clock;
  readonly #groups = new Map<string, Group>();
  #emit: Emit | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(config: BatchConfig, clock: Clock) {
    this.#config = config;
    this.#keys = config.metadata_keys.map((key) => key.toLowerCase()).sort();
    this.#clock = clock;
  }

  start(emit: Emit): void {
    this.#emit = emit;
  }

  process(batch: ScopedBatch, emit: Emit): void {
    const key = this.#keyOf(batch);
    let group = this.#groups.get(key);
    if (group === undefined) {
      const limit = this.#config.metadata_cardinality_limit;
      if (this.#config.timeout === 0 || this.#isFull(batch.items) || (limit > 0 && this.#groups.size >= limit)) {
        this.#send([batch], emit);
        return;
      }
      group = { scope: batch.scope, batches: [], gathering: undefined, items: 0 };
      this.#groups.set(key, group);
    }
    this.#add(group, batch);
    if (this.#isFull(group.items)) {
      this.#groups.delete(key);
      this.#keepRest(key, this.#send(batchesOf(group), emit, true));
    }
    if (this.#groups.size > 0) this.#startTimer();
  }

  flush(emit: Emit, _drop: Drop): void {
    this.#stopTimer();
    const groups = [...this.#groups.values()];
    this.#groups.clear();
    for (const group of groups) this.#send(batchesOf(group), emit);
  }

  stop(): void {
    this.#stopTimer();
  }

  held(scope: string): number {
    let items = 0;
    for (const group of this.#groups.values()) if (group.scope === scope) items += group.items;
    return items;
  }

  #keyOf(batch: ScopedBatch): string {
    let key = batch.scope;
    // The length keeps two values from reading as one, whatever they contain.
    for (const name of this.#keys) {
      const value = batch.metadata?.[name];
      key += value === undefined ? `${SEPARATOR}-` : `${SEPARATOR}${value.length}:${value}`;
    }
    return key;
  }

  #isFull(items: number): boolean {
    return items >= this.#config.send_batch_size;
  }

  #add(group: Group, batch: ScopedBatch): void {
    group.items += batch.items;
    if (!this.#isGathered(batch)) {
      endGathering(group);
      group.batches.push(batch);
    } else if (group.gathering === undefined) group.gathering = new Gathering(batch);
    else group.gathering.add(batch);
  }

  /** Where batches are cut, a request that waits for its answer stays by itself: it waits for its own items only. */
  #isGathered(batch: ScopedBatch): boolean {
    if (!Gathering.takes(batch)) return false;
    return this.#config.send_batch_max_size === 0 || !batch.receipts.some((receipt) => receipt.isAwaited);
  }

  /** With `keep`, a last part below `send_batch_size` is not emitted but returned, as the batches it is made of. */
  #send(batches: readonly ScopedBatch[], emit: Emit, keep = false): readonly ScopedBatch[] {
    const max = this.#config.send_batch_max_size;
    const parts = max === 0 ? [batches] : cut(batches, max);
    const rest = keep && !this.#isFull(itemsIn(parts.at(-1)!)) ? parts.pop()! : [];
    for (const part of parts) emit(merge(part));
    return rest;
  }

  #keepRest(key: string, rest: readonly ScopedBatch[]): void {
    if (rest.length > 0) {
      this.#groups.set(key, { scope: rest[0]!.scope, batches: [...rest], gathering: undefined, items: itemsIn(rest) });
    }
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

/** All of a group, which is given up with it. */
function batchesOf(group: Group): readonly ScopedBatch[] {
  endGathering(group);
  return group.batches;
}

function endGathering(group: Group): void {
  if (group.gathering === undefined) return;
  group.batches.push(group.gathering.take());
  group.gathering = undefined;
}

function itemsIn(batches: readonly ScopedBatch[]): number {
  let items = 0;
  for (const batch of batches) items += batch.items;
  return items;
}

/**
 * The batches in groups of `max` items, the last one of fewer, in order. Only a batch that reaches over an end is split,
 * so that what is held later holds the receipts and the memory of no request but those it has items of.
 */
function cut(batches: readonly ScopedBatch[], max: number): ScopedBatch[][] {
  const parts: ScopedBatch[][] = [];
  let part: ScopedBatch[] = [];
  let room = max;
  const add = (batch: ScopedBatch): void => {
    part.push(batch);
    room -= batch.items;
    if (room > 0) return;
    parts.push(part);
    part = [];
    room = max;
  };
  for (const batch of batches) {
    if (batch.items <= room) add(batch);
    else for (const piece of split(batch, splitContent(batch.signal, batch.segments, max, room))) add(piece);
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

export function create(config: BatchConfig, context: Context): Processor {
  return new BatchProcessor(config, context.clock);
}
