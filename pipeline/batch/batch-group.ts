import { cut, sizeOf, type BatchSizer } from './cut.ts';
import { Gathering } from './gathering.ts';
import { merge, type ScopedBatch } from './scoped-batch.ts';

/** How large a batch is to become. */
export interface BatchSizes {
  readonly sizer: BatchSizer;
  /** From here on it is large enough; 0 = always. */
  readonly min: number;
  /** A larger one is cut; 0 = no limit. */
  readonly max: number;
}

const SEPARATOR = '\u0000';

/** Tells apart what may not be in one batch: the scope, and the values of `keys` (header names, lower case). */
export function groupKey(batch: ScopedBatch, keys: readonly string[]): string {
  let key = batch.scope;
  // The length keeps two values from reading as one, whatever they contain.
  for (const name of keys) {
    const value = batch.metadata?.[name];
    key += value === undefined ? `${SEPARATOR}-` : `${SEPARATOR}${value.length}:${value}`;
  }
  return key;
}

/** A batch by itself, cut where it is too large. */
export function passed(batch: ScopedBatch, { max, sizer }: BatchSizes): readonly ScopedBatch[] {
  return max === 0 || sizeOf(batch, sizer) <= max ? [batch] : cut([batch], max, sizer).map(merge);
}

/** Batches of one scope and signal on their way into larger ones. Takes part in none of their accounting. */
export class BatchGroup {
  readonly scope: string;
  readonly #sizes: BatchSizes;
  #batches: ScopedBatch[] = [];
  /** What comes behind them, in small requests. */
  #gathering: Gathering | undefined;
  #items = 0;
  #byteLength = 0;

  constructor(scope: string, sizes: BatchSizes) {
    this.scope = scope;
    this.#sizes = sizes;
  }

  get items(): number {
    return this.#items;
  }
  /** As the batches told it when they came; making them one can only take less. */
  get byteLength(): number {
    return this.#byteLength;
  }
  get isFull(): boolean {
    return this.#isFull(this);
  }

  add(batch: ScopedBatch): void {
    this.#items += batch.items;
    this.#byteLength += batch.byteLength;
    if (!this.#isGathered(batch)) {
      this.#endGathering();
      this.#batches.push(batch);
    } else if (this.#gathering === undefined) this.#gathering = new Gathering(batch);
    else this.#gathering.add(batch);
  }

  /** All of it, in batches that are not too large. */
  takeAll(): readonly ScopedBatch[] {
    return this.#cut().map(merge);
  }

  /** All but a last batch that is not large enough yet, which stays. */
  takeFull(): readonly ScopedBatch[] {
    const groups = this.#cut();
    const last = groups.at(-1);
    if (last !== undefined && !this.#isFull(measure(last))) this.#keep(groups.pop()!);
    return groups.map(merge);
  }

  #cut(): ScopedBatch[][] {
    this.#endGathering();
    const batches = this.#batches;
    this.#batches = [];
    this.#items = 0;
    this.#byteLength = 0;
    if (batches.length === 0) return [];
    return this.#sizes.max === 0 ? [batches] : cut(batches, this.#sizes.max, this.#sizes.sizer);
  }

  #keep(batches: ScopedBatch[]): void {
    const { items, byteLength } = measure(batches);
    this.#batches = batches;
    this.#items = items;
    this.#byteLength = byteLength;
  }

  #isFull(size: { readonly items: number; readonly byteLength: number }): boolean {
    return sizeOf(size, this.#sizes.sizer) >= this.#sizes.min;
  }

  /** Where batches are cut, a request that waits for its answer stays by itself: it waits for its own items only. */
  #isGathered(batch: ScopedBatch): boolean {
    if (!Gathering.takes(batch)) return false;
    return this.#sizes.max === 0 || !batch.receipts.some((receipt) => receipt.isAwaited);
  }

  #endGathering(): void {
    if (this.#gathering === undefined) return;
    this.#batches.push(this.#gathering.take());
    this.#gathering = undefined;
  }
}

function measure(batches: readonly ScopedBatch[]): { items: number; byteLength: number } {
  let items = 0;
  let byteLength = 0;
  for (const batch of batches) {
    items += batch.items;
    byteLength += batch.byteLength;
  }
  return { items, byteLength };
}
