import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { LogsScan, MetricsScan, TracesScan } from '../../pipeline/otlp/scan-types.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { LookBudget } from './look-budget.ts';

export interface ScanOf {
  readonly metrics: MetricsScan;
  readonly logs: LogsScan;
  readonly traces: TracesScan;
}

/** A feed that lives from the data of one scope. */
export interface Watcher<Scan> {
  /** `scan` has the rows of one batch. Its dictionaries may be of another generation than before. */
  take(scan: Scan): void;
  /** So many items came that nobody had time to look at. */
  skip(items: number): void;
}

type AnyScan = ScanOf[Signal];

/** One signal of one scope that somebody watches: a batch is scanned once, for all of them. */
class Watch {
  readonly watchers = new Set<Watcher<AnyScan>>();
  readonly budget: LookBudget;
  readonly #scan: AnyScan;
  /** Of the second that runs. */
  spentMs = 0;

  constructor(scan: AnyScan, random: () => number) {
    this.#scan = scan;
    this.budget = new LookBudget(random);
  }

  take(bytes: Uint8Array, dictionaryBytes: number): void {
    const scan = this.#scan;
    if (scan.dictionaries.bytes > dictionaryBytes) scan.rotate();
    // What cannot be read has not come through the receiver: the walk has seen every byte of it.
    scan.scan(bytes);
    for (const watcher of this.watchers) watcher.take(scan);
    scan.clear();
  }

  skip(items: number): void {
    for (const watcher of this.watchers) watcher.skip(items);
  }
}

const MS_PER_WATCH_MIN = 1;

/** What is watched, by scope and signal. A scope that nobody watches costs a look-up per batch. */
export class Watches {
  watchedItems = 0;
  skippedItems = 0;
  readonly #scans: { readonly [S in Signal]: () => ScanOf[S] };
  readonly #random: () => number;
  readonly #byScope = new Map<string, Map<Signal, Watch>>();
  #count = 0;
  #spentMs = 0;
  #scratch = new Uint8Array(0);

  constructor(scans: { readonly [S in Signal]: () => ScanOf[S] }, random: () => number = Math.random) {
    this.#scans = scans;
    this.#random = random;
  }

  /** Returns the way back, safe twice. */
  add<S extends Signal>(scope: string, signal: S, watcher: Watcher<ScanOf[S]>): () => void {
    let signals = this.#byScope.get(scope);
    if (signals === undefined) this.#byScope.set(scope, (signals = new Map<Signal, Watch>()));
    let watch = signals.get(signal);
    if (watch === undefined) {
      signals.set(signal, (watch = new Watch(this.#scans[signal](), this.#random)));
      this.#count += 1;
    }
    const { watchers } = watch;
    watchers.add(watcher as Watcher<AnyScan>);
    return () => {
      if (!watchers.delete(watcher as Watcher<AnyScan>) || watchers.size > 0) return;
      this.#count -= 1;
      signals.delete(signal);
      if (signals.size === 0) this.#byScope.delete(scope);
    };
  }

  publish(batch: ScopedBatch): void {
    const watch = this.#byScope.get(batch.scope)?.get(batch.signal);
    if (watch === undefined) return;
    this.watchedItems += batch.items;
    const share = Math.max(MS_PER_WATCH_MIN, LIMITS.streamScanMs / this.#count);
    const isDue = watch.budget.isDue(batch.items);
    if (!isDue || watch.spentMs >= share || this.#spentMs >= LIMITS.streamScanMs) {
      this.skippedItems += batch.items;
      watch.skip(batch.items);
      return;
    }
    const startedMs = performance.now();
    const bytes = Math.max(LIMITS.streamDictionaryBytesMin, LIMITS.streamDictionaryBytes / this.#count);
    watch.budget.take(batch.items);
    watch.take(this.#whole(batch), bytes);
    const spentMs = performance.now() - startedMs;
    watch.spentMs += spentMs;
    this.#spentMs += spentMs;
  }

  /** A second has passed. */
  tick(): void {
    this.#spentMs = 0;
    for (const signals of this.#byScope.values())
      for (const watch of signals.values()) {
        watch.spentMs = 0;
        watch.budget.tick();
      }
  }

  #whole(batch: ScopedBatch): Uint8Array {
    const [first, second] = batch.segments;
    if (first !== undefined && second === undefined) return first;
    if (this.#scratch.length < batch.byteLength) this.#scratch = new Uint8Array(batch.byteLength);
    const end = batch.writeTo(this.#scratch, 0);
    const bytes = this.#scratch.subarray(0, end);
    if (this.#scratch.length > LIMITS.compressScratchBytes) this.#scratch = new Uint8Array(0);
    return bytes;
  }
}
