import { ENTRY_WORDS, NOTE } from '../../scan-cells.ts';
import { allocate, allocateZeros, enlarge, release } from './memory.ts';
import { hashOf, pairHash, same } from './runs.ts';

/**
 * Numbers for what is seen again and again: `Interner` for runs of bytes, `PairInterner` for pairs of numbers. Indices
 * count up from 0 in the order of appearance. Open addressing with linear probing, at most half full; a slot has the hash
 * beside the index, so that only what is found is looked at. Entries are 16 bytes, keys lie behind each other.
 */
const ENTRY_BYTES: usize = ENTRY_WORDS * 4;
const NOTE_AT: usize = NOTE * 4;
const HASH_AT: usize = 8;
const SLOT_BYTES: usize = 8;
const FIRST_ENTRIES: usize = 32;
const FIRST_KEY_BYTES: usize = 512;
/** What reading past a run needs behind the last. */
const SLACK_BYTES: usize = 16;

@unmanaged
class Entries {
  count: i32;
  /** Of the last run or pair that was looked for: its hash, and whether `intern` has added it. */
  hash: u32;
  entries: usize;
  entriesBytes: usize;
  slots: usize;
  slotsBytes: usize;

  openEntries(): void {
    this.entriesBytes = FIRST_ENTRIES * ENTRY_BYTES;
    this.entries = allocate(this.entriesBytes);
    this.slotsBytes = 2 * FIRST_ENTRIES * SLOT_BYTES;
    this.slots = allocateZeros(this.slotsBytes);
  }

  @inline
  entry(index: i32): usize {
    return this.entries + <usize>index * ENTRY_BYTES;
  }
  @inline
  note(index: i32): u32 {
    return load<u32>(this.entry(index), NOTE_AT);
  }
  @inline
  setNote(index: i32, value: u32): void {
    store<u32>(this.entry(index), value, NOTE_AT);
  }
  @inline
  get mask(): usize {
    return this.slotsBytes / SLOT_BYTES - 1;
  }
  @inline
  slot(at: usize): usize {
    return this.slots + at * SLOT_BYTES;
  }

  reserveEntry(): void {
    const used = <usize>this.count * ENTRY_BYTES;
    if (used + ENTRY_BYTES > this.entriesBytes) {
      const larger = this.entriesBytes * 2;
      this.entries = enlarge(this.entries, this.entriesBytes, used, larger);
      this.entriesBytes = larger;
    }
    if (<usize>this.count * 2 * SLOT_BYTES >= this.slotsBytes) this.spread();
  }

  private spread(): void {
    const larger = this.slotsBytes * 2;
    const slots = allocateZeros(larger);
    release(this.slots, this.slotsBytes);
    this.slots = slots;
    this.slotsBytes = larger;
    for (let i = 0; i < this.count; i++) this.take(i, load<u32>(this.entry(i), HASH_AT));
  }

  /** Gives the entry a slot. */
  take(index: i32, hash: u32): void {
    const mask = this.mask;
    let at = <usize>hash & mask;
    while (load<u32>(this.slot(at), 4) != 0) at = (at + 1) & mask;
    store<u32>(this.slot(at), hash);
    store<u32>(this.slot(at), index + 1, 4);
  }

  /** A new entry for what was looked for last; `reserveEntry` has been called. */
  put(first: u32, second: u32): i32 {
    const index = this.count;
    const entry = this.entry(index);
    store<u32>(entry, first);
    store<u32>(entry, second, 4);
    store<u32>(entry, this.hash, HASH_AT);
    store<u32>(entry, 0, NOTE_AT);
    this.take(index, this.hash);
    this.count = index + 1;
    return index;
  }
}

@unmanaged
export class Interner extends Entries {
  keys: usize;
  keysBytes: usize;
  keysLength: usize;

  open(): void {
    this.openEntries();
    this.keysBytes = FIRST_KEY_BYTES;
    this.keys = allocate(FIRST_KEY_BYTES);
  }

  /** Where the run of an entry begins, counted from the first key. */
  @inline
  start(index: i32): usize {
    return load<u32>(this.entry(index));
  }
  @inline
  length(index: i32): usize {
    return load<u32>(this.entry(index), 4);
  }

  /** Is entry `index` the run? */
  @inline
  equals(index: i32, start: usize, end: usize): bool {
    return this.length(index) == end - start && same(this.keys + this.start(index), start, end - start);
  }

  intern(start: usize, end: usize): i32 {
    const found = this.find(start, end);
    return found >= 0 ? found : this.add(start, end);
  }

  /** -1 for a run that is not known. */
  find(start: usize, end: usize): i32 {
    const hash = hashOf(start, end);
    this.hash = hash;
    const mask = this.mask;
    let at = <usize>hash & mask;
    while (true) {
      const found = <i32>load<u32>(this.slot(at), 4) - 1;
      if (found < 0) return -1;
      if (load<u32>(this.slot(at)) == hash && this.equals(found, start, end)) return found;
      at = (at + 1) & mask;
    }
  }

  /** Room for one more entry with so many bytes. */
  reserve(bytes: usize): void {
    this.reserveEntry();
    const needed = this.keysLength + bytes + SLACK_BYTES;
    if (needed <= this.keysBytes) return;
    const larger = max(needed, this.keysBytes + (this.keysBytes >> 1));
    this.keys = enlarge(this.keys, this.keysBytes, this.keysLength, larger);
    this.keysBytes = larger;
  }

  /** Adds the run that the last `find` has not found. */
  add(start: usize, end: usize): i32 {
    this.reserve(end - start);
    memory.copy(this.keys + this.keysLength, start, end - start);
    return this.added(end - start);
  }

  /** Adds the run of so many bytes that stands behind the keys. */
  added(length: usize): i32 {
    const index = this.put(<u32>this.keysLength, <u32>length);
    this.keysLength += length;
    return index;
  }
}

@unmanaged
export class PairInterner extends Entries {
  /** Was the last pair new? */
  isNew: bool;

  @inline
  first(index: i32): i32 {
    return load<i32>(this.entry(index));
  }
  @inline
  second(index: i32): i32 {
    return load<i32>(this.entry(index), 4);
  }

  intern(first: i32, second: i32): i32 {
    const hash = pairHash(first, second);
    const mask = this.mask;
    this.isNew = false;
    for (let at = <usize>hash & mask; ; at = (at + 1) & mask) {
      const found = <i32>load<u32>(this.slot(at), 4) - 1;
      if (found < 0) break;
      if (load<u32>(this.slot(at)) == hash && this.first(found) == first && this.second(found) == second) return found;
    }
    this.isNew = true;
    this.hash = hash;
    this.reserveEntry();
    return this.put(first, second);
  }
}
