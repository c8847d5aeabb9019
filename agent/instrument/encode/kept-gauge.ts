import type { InstrumentRecord, KeptPoint } from '../metrics/contract.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import type { Moment } from './point-image.ts';
import type { Points, Runs } from './runs.ts';

interface Held {
  readonly content: Uint8Array;
  /** ns since 1970; 0: it has not arrived. */
  arrivedNs: number;
}

const NOTHING = new Uint8Array(0);

/**
 * The points of a gauge that are told whole. One leaves until it has arrived; from then on now and then, for as long as it
 * stands, so that a collector that began anew knows of it. One that is gone leaves no more.
 */
export class KeptGauge implements Points {
  instrument: InstrumentRecord;
  readonly delta = false;
  readonly #held = new Map<string, Held>();
  /** Of the last collection, by place. */
  #sent: Held[] = [];

  constructor(instrument: InstrumentRecord) {
    this.instrument = instrument;
  }

  keep({ key, content }: KeptPoint): void {
    this.#held.delete(key);
    if (content !== undefined) this.#held.set(key, { content, arrivedNs: 0 });
  }

  /** Whether any of it has arrived is not known. */
  repeat(): void {
    for (const held of this.#held.values()) held.arrivedNs = 0;
  }

  read(now: Moment, runs: Runs): void {
    const dueNs = nanosOf(now) - EXPORT_LIMITS.repeatMs * 1e6;
    this.#sent = [...this.#held.values()].filter(({ arrivedNs }) => arrivedNs <= dueNs || arrivedNs === 0);
    for (const [place, { content }] of this.#sent.entries()) runs.addWritten(this, content, NOTHING, place);
  }

  commit(first: number, end: number, now: Moment): void {
    for (const held of this.#sent.slice(first, end)) held.arrivedNs = nanosOf(now);
  }

  /** They stand in no cells, and bring exemplars of their own. */
  add(): number {
    throw new Error(`BUG: ${this.instrument.name} has series`);
  }

  setExemplars(): void {
    throw new Error(`BUG: ${this.instrument.name} has series`);
  }
}

const nanosOf = ({ high, low }: Moment): number => high * 2 ** 32 + low;
