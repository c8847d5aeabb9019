import { gunzipSync } from 'node:zlib';
import { compareArrived, type Comparison, type Work } from './compare.ts';
import { countItems } from './count.ts';
import type { Workload } from './workload.ts';

export interface SinkCounts {
  requests: number;
  /** Of bodies, as they came over the wire. */
  bytes: number;
  items: number;
  /** Bodies that are not a request of the signal. */
  broken: number;
}

export interface SinkReport {
  readonly total: SinkCounts;
  /** Between the first mark and the second. */
  readonly window: SinkCounts;
  /** Of the bodies kept. */
  readonly comparison: Comparison;
}

/** Random bodies kept for comparison: enough to see every kind of group, few enough to decode slowly. */
const KEPT_BODIES = 4;
const KEPT_BYTES = 32 * 1024 * 1024;
/** Compressed bodies wait for the end of the run up to this much, so that inflating them does not slow the sender. */
const POSTPONED_BYTES = 1536 * 1024 * 1024;

/** Counts the items of everything that arrives, and keeps random bodies to compare after the run. */
export class Sink {
  readonly #workload: Workload;
  readonly #work: Work;
  readonly #phases: SinkCounts[] = [noCounts()];
  readonly #kept: Buffer[] = [];
  #postponed: { body: Buffer; counts: SinkCounts }[] = [];
  #postponedBytes = 0;

  constructor(workload: Workload, work: Work) {
    this.#workload = workload;
    this.#work = work;
  }

  /** Takes one request's body. The bytes are the caller's again afterwards. */
  take(body: Buffer, encoding: string): void {
    const counts = this.#phases.at(-1)!;
    counts.requests++;
    counts.bytes += body.length;
    if (body.length === 0) return;
    if (encoding === 'gzip' && this.#postponedBytes < POSTPONED_BYTES) {
      this.#postponed.push({ body: Buffer.from(body), counts });
      this.#postponedBytes += body.length;
    } else {
      this.#count(encoding === 'gzip' ? gunzipSync(body) : body, counts);
    }
  }

  /** Begins the window, then ends it. */
  mark(): void {
    this.#phases.push(noCounts());
  }

  total(): SinkCounts {
    this.#countPostponed();
    const total = noCounts();
    for (const phase of this.#phases) {
      total.requests += phase.requests;
      total.bytes += phase.bytes;
      total.items += phase.items;
      total.broken += phase.broken;
    }
    return total;
  }

  report(): SinkReport {
    const total = this.total();
    const comparison = compareArrived(this.#workload, this.#work, this.#kept);
    return { total, window: this.#phases[1] ?? noCounts(), comparison };
  }

  #countPostponed(): void {
    const postponed = this.#postponed;
    this.#postponed = [];
    this.#postponedBytes = 0;
    for (const { body, counts } of postponed) this.#count(gunzipSync(body), counts);
  }

  #count(body: Buffer, counts: SinkCounts): void {
    const items = countItems(this.#workload.signal, body);
    if (items < 0) counts.broken++;
    else counts.items += items;
    this.#keepSome(body);
  }

  /** Every body so far has the same chance to be among those kept. */
  #keepSome(body: Buffer): void {
    if (body.length > KEPT_BYTES) return;
    const seen = this.#phases.reduce((sum, phase) => sum + phase.requests, 0);
    if (this.#kept.length < KEPT_BODIES) this.#kept.push(Buffer.from(body));
    else if (Math.random() * seen < KEPT_BODIES) this.#kept[Math.floor(Math.random() * KEPT_BODIES)] = Buffer.from(body);
  }
}

function noCounts(): SinkCounts {
  return { requests: 0, bytes: 0, items: 0, broken: 0 };
}
