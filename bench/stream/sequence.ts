/** What a client of the live stream is told about one subscription, as far as order goes. */
export interface Told {
  readonly type: string;
  readonly seq?: number;
  readonly dropped?: number;
  readonly from_seq?: number;
  readonly to_seq?: number;
}

/** One subscription's deltas: each comes, or a gap says that it does not. */
export class Sequence {
  #last: number | undefined;
  deltas = 0;
  /** That gaps told of. */
  dropped = 0;
  gaps = 0;
  /** Messages that leave something out without a word, or tell of what they should not. */
  faults = 0;

  take({ type, seq, dropped, from_seq: from, to_seq: to }: Told): void {
    if (type === 'snapshot') {
      // The first one begins anywhere; a later one stands where deltas and gaps have come to.
      this.#check(this.#last === undefined || seq === this.#last);
      this.#last = seq;
    } else if (type === 'delta') {
      this.deltas += 1;
      this.#check(seq === this.#next);
      this.#last = seq;
    } else if (type === 'gap') {
      this.gaps += 1;
      this.dropped += dropped ?? 0;
      this.#check(from === this.#next && to !== undefined && dropped === to - from! + 1);
      this.#last = to;
    }
  }

  get #next(): number {
    return (this.#last ?? Number.NaN) + 1;
  }

  #check(isGood: boolean): void {
    if (!isGood) this.faults += 1;
  }
}
