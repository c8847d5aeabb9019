import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { LogsScan, MetricsScan, TracesScan } from '../../pipeline/otlp/scan-types.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { LookBudget } from './look-budget.ts';
import { ResourceGroups } from './resource-groups.kernel.ts';
import { WantedGroups, type WantedResources } from './wanted-groups.ts';

export interface ScanOf {
  readonly metrics: MetricsScan;
  readonly logs: LogsScan;
  readonly traces: TracesScan;
}

/** A feed that lives from the data of one scope. */
export interface Watcher<Scan> {
  /** `scan` has the rows of one batch, or of a part of it. Its dictionaries may be of another generation than before. */
  take(scan: Scan): void;
  /** So many items came that nobody had time to look at. */
  skip(items: number): void;
  /** The only resources whose items can be of interest, another object when they change; undefined: anything can. */
  readonly resources?: WantedResources | undefined;
  /** All that it has seen in the last seconds it has seen in this one: more would take the place of what it has. */
  readonly isSated?: boolean;
  /** So many items came that are of other resources, or more of what it has seen in this second. */
  pass?(items: number): void;
}

type AnyScan = ScanOf[Signal];

/** Of one scope and signal, for what is known of what came. */
interface Memories {
  readonly dictionaryBytes: number;
  readonly resourceBytes: number;
}

/** One signal of one scope that somebody watches: a batch is scanned once, for all of them. */
class Watch {
  readonly watchers = new Set<Watcher<AnyScan>>();
  readonly budget: LookBudget;
  readonly #scan: AnyScan;
  readonly #groups = new ResourceGroups();
  /** Undefined while anything can be of interest to somebody. */
  #wanted: WantedGroups | undefined;
  readonly #whole: (batch: ScopedBatch) => Uint8Array;
  /** Of the second that runs. */
  spentMs = 0;
  #cameItems = 0;
  #resourceBytes = 0;

  /** `whole`: the bytes of a batch in one piece, until it is called again. */
  constructor(scan: AnyScan, random: () => number, whole: (batch: ScopedBatch) => Uint8Array) {
    this.#scan = scan;
    this.budget = new LookBudget(random);
    this.#whole = whole;
  }

  /** Looks at a batch, or at what of it is of interest, if its turn has come; false where it is skipped. */
  look(batch: ScopedBatch, hasTime: boolean, { dictionaryBytes, resourceBytes }: Memories): boolean {
    this.#resourceBytes = resourceBytes;
    this.#narrow();
    this.#cameItems += batch.items;
    if (this.#wanted === undefined) {
      if (!this.budget.isDue(batch.items) || !hasTime) return false;
      this.budget.take(batch.items);
      if (this.#scan.dictionaries.bytes > dictionaryBytes) this.#scan.rotate();
      this.#pass(batch.items - this.#readAll(this.#requestsOf(batch)));
      return true;
    }
    if (!hasTime) return false;
    if (this.#cameItems > LIMITS.streamScanItems && this.#areSated()) {
      this.#pass(batch.items);
      return true;
    }
    const parts = this.#wantedOf(batch.segments) ?? this.#wantedOf([this.#whole(batch)]) ?? [];
    let bytes = 0;
    for (const part of parts) bytes += part.length;
    const items = bytes === 0 ? 0 : Math.ceil((batch.items * bytes) / batch.byteLength);
    if (items > 0 && !this.budget.isDue(items)) return false;
    this.budget.take(items);
    if (this.#scan.dictionaries.bytes > dictionaryBytes) this.#scan.rotate();
    let read = 0;
    for (const part of parts) read += this.#scan.scan(part).rows;
    this.#give();
    this.#pass(batch.items - read);
    return true;
  }

  /** The batch is looked at no more: its memory is of others from here on. */
  leave(): void {
    if (this.#groups.count > 0) this.#groups.leave();
  }

  skip(items: number): void {
    for (const watcher of this.watchers) watcher.skip(items);
  }

  /** A second has passed. */
  tick(): void {
    this.spentMs = 0;
    this.#cameItems = 0;
    this.budget.tick();
  }

  #areSated(): boolean {
    for (const { isSated } of this.watchers) if (isSated !== true) return false;
    return true;
  }

  /** Follows what the watchers are interested in. */
  #narrow(): void {
    const before = this.#wanted?.wanted;
    const now: WantedResources[] = [];
    let changes = this.watchers.size !== before?.length;
    for (const { resources } of this.watchers) {
      if (resources === undefined) {
        this.#wanted = undefined;
        return;
      }
      changes ||= before?.[now.length] !== resources;
      now.push(resources);
    }
    if (!changes) return;
    this.#wanted = new WantedGroups(now);
    this.budget.forget();
  }

  /** Returns how many items were read: all, unless what is of interest became less meanwhile. */
  #readAll(requests: readonly Uint8Array[]): number {
    let narrows = true;
    for (const watcher of this.watchers) narrows &&= watcher.pass !== undefined;
    let read = 0;
    for (const request of requests) {
      // What cannot be read has not come through the receiver: the walk has seen every byte of it.
      const parts = this.#wanted === undefined ? undefined : this.#wantedOf([request]);
      for (const part of parts ?? [request]) read += this.#scan.scan(part).rows;
      if (!narrows) continue;
      this.#give();
      this.#narrow();
    }
    this.#give();
    return read;
  }

  #give(): void {
    if (this.#scan.rows === 0) return;
    for (const watcher of this.watchers) watcher.take(this.#scan);
    this.#scan.clear();
  }

  #pass(items: number): void {
    if (items > 0 && this.#wanted !== undefined) for (const watcher of this.watchers) watcher.pass?.(items);
  }

  /** The parts of requests that are of interest; undefined where one is none by itself. */
  #wantedOf(requests: readonly Uint8Array[]): readonly Uint8Array[] | undefined {
    const parts: Uint8Array[] = [];
    for (const request of requests) {
      if (!this.#groups.find(request)) return undefined;
      for (const { start, end } of this.#wanted?.find(this.#groups, this.#resourceBytes) ?? [])
        parts.push(request.subarray(start, end));
    }
    return parts;
  }

  /** A batch is one request, and so is mostly each of its segments. */
  #requestsOf(batch: ScopedBatch): readonly Uint8Array[] {
    const { segments } = batch;
    const areRequests = segments.length === 1 || segments.every((segment) => this.#groups.find(segment));
    return areRequests ? segments : [this.#whole(batch)];
  }
}

const MS_PER_WATCH_MIN = 1;

/** What is watched, by scope and signal. A scope that nobody watches costs a look-up per batch. */
export class Watches {
  watchedItems = 0;
  skippedItems = 0;
  readonly #scans: { readonly [S in Signal]: () => ScanOf[S] };
  readonly #random: () => number;
  readonly #elapsedMs: () => number;
  readonly #byScope = new Map<string, Map<Signal, Watch>>();
  #count = 0;
  #spentMs = 0;
  #scratch = new Uint8Array(0);

  /** `elapsedMs`: a clock that only goes forward. */
  constructor(
    scans: { readonly [S in Signal]: () => ScanOf[S] },
    random: () => number = Math.random,
    elapsedMs: () => number = () => performance.now(),
  ) {
    this.#scans = scans;
    this.#random = random;
    this.#elapsedMs = elapsedMs;
  }

  /** Returns the way back, safe twice. */
  add<S extends Signal>(scope: string, signal: S, watcher: Watcher<ScanOf[S]>): () => void {
    let signals = this.#byScope.get(scope);
    if (signals === undefined) this.#byScope.set(scope, (signals = new Map<Signal, Watch>()));
    let watch = signals.get(signal);
    if (watch === undefined) {
      signals.set(signal, (watch = new Watch(this.#scans[signal](), this.#random, (batch) => this.#whole(batch))));
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
    const hasTime = watch.spentMs < share && this.#spentMs < LIMITS.streamScanMs;
    const memories: Memories = {
      dictionaryBytes: Math.max(LIMITS.streamDictionaryBytesMin, LIMITS.streamDictionaryBytes / this.#count),
      resourceBytes: Math.max(LIMITS.streamResourceBytesMin, LIMITS.streamResourceBytes / this.#count),
    };
    const startedMs = this.#elapsedMs();
    const isSeen = watch.look(batch, hasTime, memories);
    watch.leave();
    const spentMs = this.#elapsedMs() - startedMs;
    watch.spentMs += spentMs;
    this.#spentMs += spentMs;
    if (isSeen) return;
    this.skippedItems += batch.items;
    watch.skip(batch.items);
  }

  /** A second has passed. */
  tick(): void {
    this.#spentMs = 0;
    for (const signals of this.#byScope.values()) for (const watch of signals.values()) watch.tick();
  }

  #whole(batch: ScopedBatch): Uint8Array {
    if (this.#scratch.length < batch.byteLength) this.#scratch = new Uint8Array(batch.byteLength);
    const bytes = this.#scratch.subarray(0, batch.writeTo(this.#scratch, 0));
    if (this.#scratch.length > LIMITS.compressScratchBytes) this.#scratch = new Uint8Array(0);
    return bytes;
  }
}
