/**
 * Memo of attribute runs (neighbouring attribute fields, tags included) that were found clean and free of claims: the
 * same bytes need no second look. Telemetry repeats itself, so each run remembers which one followed it last time; when
 * that guess holds, a run costs one comparison, four bytes at a time, and no hash. Only a verdict is kept, never data
 * that goes anywhere. Bounded: full, it is emptied; when few runs repeat it steps aside (see `worthwhile`).
 *
 *   slab    one record after another, in the order in which runs were first seen, which is mostly the order in which
 *           they are asked for: the next record is on the next cache line. A record, in int32:
 *             0 length in bytes · 1 attributes · 2 place of the follower · 3 unused · 4… the run, padded to 8 bytes
 *   table   open addressing, hash -> place of a record, in int32 from the slab's start; 0 = empty
 */
export const MEMO_RUNS_MAX = 131_072;
const SLAB_BYTES_FIRST = 512 * 1024;
export const MEMO_SLAB_BYTES_MAX = 16 * 1024 * 1024;
/** A longer run is checked each time. */
export const MEMO_RUN_BYTES_MAX = 4096;
const TABLE_FIRST = 8192;
const HEADER = 4;
const LENGTH = 0;
const ATTRIBUTES = 1;
const FOLLOWER = 2;
/** Record 0 is empty and stands for "none yet". */
const FIRST = HEADER;
/** Lookups per look at the hit rate (as many as there can be runs, else a long cycle would never be seen to repeat),
 *  and attributes that then go by unasked when it is poor. */
const TRIAL = MEMO_RUNS_MAX;
const REST = 32 * TRIAL;

export class AttributeMemo {
  /** Of the run that matched last. */
  attributes = 0;
  #words = new Int32Array(SLAB_BYTES_FIRST / 4);
  #table = new Int32Array(TABLE_FIRST);
  #runs = 0;
  /** Where the next record goes. */
  #end = FIRST;
  #last = 0;
  #lookups = 0;
  #hits = 0;
  #resting = 0;
  #hash = 0;

  /** False while too few runs repeat; ask once per run, before `guess`. */
  worthwhile(): boolean {
    if (this.#resting > 0) {
      this.#resting -= 1;
      return false;
    }
    this.#lookups += 1;
    if (this.#lookups === TRIAL) {
      if (this.#hits < TRIAL / 4) {
        this.#resting = REST;
        this.#clear();
      }
      this.#lookups = 0;
      this.#hits = 0;
    }
    return true;
  }

  /** Length of the run at `p` when it is the one that followed the last one, else 0. */
  guess(view: DataView, bytes: Uint8Array, p: number, end: number): number {
    const words = this.#words;
    const place = words[this.#last + FOLLOWER]!;
    const length = words[place + LENGTH]!;
    if (length === 0 || p + length > end || !same(words, place, length, view, bytes, p)) return 0;
    this.#last = place;
    this.#hits += 1;
    this.attributes = words[place + ATTRIBUTES]!;
    return length;
  }

  /** Is the run in [p, end) known? */
  find(view: DataView, bytes: Uint8Array, p: number, end: number): boolean {
    const words = this.#words;
    const length = end - p;
    this.#hash = hash(view, bytes, p, end);
    const mask = this.#table.length - 1;
    for (let slot = this.#hash & mask; ; slot = (slot + 1) & mask) {
      const place = this.#table[slot]!;
      if (place === 0) return false;
      if (words[place + LENGTH] !== length || !same(words, place, length, view, bytes, p)) continue;
      words[this.#last + FOLLOWER] = place;
      this.#last = place;
      this.#hits += 1;
      this.attributes = words[place + ATTRIBUTES]!;
      return true;
    }
  }

  /** Keeps the clean run in [p, end) that `find` has just missed. */
  insert(bytes: Uint8Array, p: number, end: number, attributes: number): void {
    const length = end - p;
    if (length > MEMO_RUN_BYTES_MAX) return;
    const size = HEADER + ((length + 7) >> 3) * 2;
    if (this.#runs * 2 >= this.#table.length || this.#end + size > this.#words.length) this.#grow(size);
    const words = this.#words;
    const place = this.#end;
    words[place + LENGTH] = length;
    words[place + ATTRIBUTES] = attributes;
    // Until something else has followed: whatever is first seen next.
    words[place + FOLLOWER] = place + size;
    const slab = new Uint8Array(words.buffer, (place + HEADER) * 4, length);
    for (let i = 0; i < length; i++) slab[i] = bytes[p + i]!;
    this.#end = place + size;
    if (this.#end < words.length) words[this.#end + LENGTH] = 0;
    this.#runs += 1;
    this.#place(this.#hash, place);
    words[this.#last + FOLLOWER] = place;
    this.#last = place;
  }

  #place(hashed: number, place: number): void {
    const mask = this.#table.length - 1;
    let slot = hashed & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = place;
  }

  #clear(): void {
    this.#table.fill(0);
    this.#words.fill(0, 0, FIRST + HEADER);
    this.#runs = 0;
    this.#end = FIRST;
    this.#last = 0;
  }

  /** Room for one more record: doubles what is too small, or starts again when that is at its bound. */
  #grow(size: number): void {
    const moreRuns = this.#runs * 2 >= this.#table.length;
    const moreBytes = this.#end + size > this.#words.length;
    if ((moreRuns && this.#runs >= MEMO_RUNS_MAX) || (moreBytes && this.#words.length * 4 >= MEMO_SLAB_BYTES_MAX)) {
      this.#clear();
      return;
    }
    if (moreBytes) {
      const grown = new Int32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    if (!moreRuns) return;
    this.#table = new Int32Array(this.#table.length * 2);
    const bytes = new Uint8Array(this.#words.buffer);
    const view = new DataView(this.#words.buffer);
    for (let place = FIRST; place < this.#end;) {
      const length = this.#words[place + LENGTH]!;
      const start = (place + HEADER) * 4;
      this.#place(hash(view, bytes, start, start + length), place);
      place += HEADER + ((length + 7) >> 3) * 2;
    }
  }
}

/** Does the record at `place` hold the `length` bytes at `p`? Its padding is not compared. */
function same(words: Int32Array, place: number, length: number, view: DataView, bytes: Uint8Array, p: number): boolean {
  const first = place + HEADER;
  const stop = first + (length >> 2);
  let at = p;
  for (let i = first; i < stop; i++, at += 4) if (view.getInt32(at, true) !== words[i]) return false;
  const rest = length & 3;
  // The last bytes, of which the slab has them in a word of its own (little-endian, as every platform of Node is).
  for (let i = 0; i < rest; i++) if (bytes[at + i] !== ((words[stop]! >>> (8 * i)) & 0xff)) return false;
  return true;
}

/** Two multiply-rotate lanes over 32-bit words (the rounds of MurmurHash3). Bytes in, no meaning needed: 20 ns per 100 B. */
function hash(view: DataView, bytes: Uint8Array, start: number, end: number): number {
  let a = 0x9747b28c | 0;
  let b = end - start;
  let p = start;
  for (; p + 8 <= end; p += 8) {
    a = Math.imul(a ^ Math.imul(view.getInt32(p, true), 0xcc9e2d51 | 0), 0x1b873593);
    a ^= a >>> 15;
    b = Math.imul(b ^ Math.imul(view.getInt32(p + 4, true), 0x85ebca6b | 0), 0xc2b2ae35 | 0);
    b ^= b >>> 13;
  }
  for (; p < end; p++) a = Math.imul(a ^ bytes[p]!, 0x01000193);
  a = Math.imul(a ^ b, 0x85ebca6b | 0);
  return (a ^ (a >>> 16)) >>> 0;
}
