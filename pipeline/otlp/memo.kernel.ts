/**
 * Memo of attribute runs (neighbouring attribute fields, tags included) that were found clean and free of claims: the
 * same bytes need no second look. Telemetry repeats itself, so each run remembers which one followed it last time; when
 * that guess holds, a run costs one comparison, four bytes at a time, and no hash. Only a verdict is kept, never data
 * that goes anywhere. Bounded: full, it is emptied; when few runs repeat it steps aside (see `worthwhile`).
 *
 *   slab    runs one after another, each padded to 4 bytes
 *   entry   offset in the slab, length, attributes in it, entry that followed
 *   table   open addressing, hash -> entry + 1
 */
const ENTRIES_FIRST = 4096;
export const MEMO_ENTRIES_MAX = 131_072;
const SLAB_BYTES_FIRST = 512 * 1024;
export const MEMO_SLAB_BYTES_MAX = 16 * 1024 * 1024;
/** A longer run is checked each time. */
export const MEMO_RUN_BYTES_MAX = 4096;
/** Lookups per look at the hit rate (as many as there can be entries, else a long cycle would never be seen to repeat),
 *  and attributes that then go by unasked when it is poor. */
const TRIAL = MEMO_ENTRIES_MAX;
const REST = 32 * TRIAL;

export class AttributeMemo {
  /** Of the run that matched last. */
  attributes = 0;
  #words = new Int32Array(SLAB_BYTES_FIRST / 4);
  #slab = new Uint8Array(this.#words.buffer);
  #offsets = new Int32Array(ENTRIES_FIRST);
  #lengths = new Int32Array(ENTRIES_FIRST);
  #counts = new Int32Array(ENTRIES_FIRST);
  #followers = new Int32Array(ENTRIES_FIRST);
  #table = new Int32Array(ENTRIES_FIRST * 2);
  #entries = 0;
  #used = 0;
  #last = 0;
  #lookups = 0;
  #hits = 0;
  #resting = 0;
  #hash = 0;

  /** False while too few runs repeat; ask once per run, before `match`. */
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
    const entry = this.#followers[this.#last]!;
    if (entry >= this.#entries) return 0;
    const length = this.#lengths[entry]!;
    if (p + length > end || !this.#same(entry, length, view, bytes, p)) return 0;
    this.#last = entry;
    this.#hits += 1;
    this.attributes = this.#counts[entry]!;
    return length;
  }

  /** Is the run in [p, end) known? */
  find(view: DataView, bytes: Uint8Array, p: number, end: number): boolean {
    const length = end - p;
    this.#hash = hash(view, bytes, p, end);
    const mask = this.#table.length - 1;
    for (let slot = this.#hash & mask; ; slot = (slot + 1) & mask) {
      const entry = this.#table[slot]! - 1;
      if (entry < 0) return false;
      if (this.#lengths[entry] !== length || !this.#same(entry, length, view, bytes, p)) continue;
      this.#followers[this.#last] = entry;
      this.#last = entry;
      this.#hits += 1;
      this.attributes = this.#counts[entry]!;
      return true;
    }
  }

  /** Keeps the clean run in [p, end) that `find` has just missed. */
  insert(bytes: Uint8Array, p: number, end: number, attributes: number): void {
    const length = end - p;
    if (length > MEMO_RUN_BYTES_MAX) return;
    if (this.#entries === this.#offsets.length || this.#used + length > this.#slab.length) this.#grow(length);
    const entry = this.#entries++;
    this.#offsets[entry] = this.#used;
    this.#lengths[entry] = length;
    this.#counts[entry] = attributes;
    this.#followers[entry] = 0;
    for (let i = 0; i < length; i++) this.#slab[this.#used + i] = bytes[p + i]!;
    this.#used = (this.#used + length + 3) & ~3;
    this.#place(this.#hash, entry);
    this.#followers[this.#last] = entry;
    this.#last = entry;
  }

  #place(hashed: number, entry: number): void {
    const mask = this.#table.length - 1;
    let slot = hashed & mask;
    while (this.#table[slot] !== 0) slot = (slot + 1) & mask;
    this.#table[slot] = entry + 1;
  }

  #same(entry: number, length: number, view: DataView, bytes: Uint8Array, p: number): boolean {
    const words = this.#words;
    const offset = this.#offsets[entry]!;
    const whole = length >> 2;
    let at = p;
    for (let i = offset >> 2, stop = i + whole; i < stop; i++, at += 4) if (view.getInt32(at, true) !== words[i]) return false;
    for (let i = whole * 4; i < length; i++) if (bytes[p + i] !== this.#slab[offset + i]) return false;
    return true;
  }

  #clear(): void {
    this.#table.fill(0);
    this.#entries = 0;
    this.#used = 0;
    this.#last = 0;
  }

  /** Room for one more run: doubles what is too small, or starts again when that is at its bound. */
  #grow(length: number): void {
    const moreEntries = this.#entries === this.#offsets.length;
    const moreBytes = this.#used + length > this.#slab.length;
    if ((moreEntries && this.#offsets.length >= MEMO_ENTRIES_MAX) || (moreBytes && this.#slab.length >= MEMO_SLAB_BYTES_MAX)) {
      this.#clear();
      return;
    }
    if (moreBytes) {
      const grown = new Int32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
      this.#slab = new Uint8Array(grown.buffer);
    }
    if (moreEntries) {
      const size = this.#offsets.length * 2;
      this.#offsets = doubled(this.#offsets, size);
      this.#lengths = doubled(this.#lengths, size);
      this.#counts = doubled(this.#counts, size);
      this.#followers = doubled(this.#followers, size);
      this.#table = new Int32Array(size * 2);
      const view = new DataView(this.#slab.buffer);
      for (let entry = 0; entry < this.#entries; entry++) {
        const offset = this.#offsets[entry]!;
        this.#place(hash(view, this.#slab, offset, offset + this.#lengths[entry]!), entry);
      }
    }
  }
}

function doubled(from: Int32Array, size: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(size);
  to.set(from);
  return to;
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
