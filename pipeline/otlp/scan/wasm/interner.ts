import { NOTE } from '../../scan-cells.ts';
import { allocate, allocateZeros, enlarge, release } from './memory.ts';
import { hashOfDigest, isKnownByDigest, longDigestOf, pairHash, same } from './runs.ts';

/**
 * Numbers for what is seen again and again: `Interner` for runs of bytes, `PairInterner` for pairs of numbers. Indices
 * count up from 0 in the order of appearance. Open addressing with linear probing, at most half full; a slot has the hash
 * beside the index, so that only what is found is looked at. Entries of pairs are 16 bytes, those of runs have the digest
 * behind that; keys lie behind each other.
 */
const PAIR_SHIFT: usize = 4;
const RUN_SHIFT: usize = 5;
const DIGEST_AT: usize = 16;
const NOTE_AT: usize = NOTE * 4;
const HASH_AT: usize = 8;
const SLOT_BYTES: usize = 8;
const FIRST_ENTRIES: usize = 32;
const FIRST_KEY_BYTES: usize = 512;
/** What reading past a run needs behind the last. */
const SLACK_BYTES: usize = 32;

@unmanaged
class Entries {
  count: i32;
  /** Of the last run or pair that was looked for: its hash, and whether `intern` has added it. */
  hash: u32;
  entries: usize;
  entriesBytes: usize;
  slots: usize;
  slotsBytes: usize;
  /** The size of an entry, as a power of two. */
  shift: usize;

  openEntries(shift: usize): void {
    this.shift = shift;
    this.entriesBytes = FIRST_ENTRIES << shift;
    this.entries = allocate(this.entriesBytes);
    this.slotsBytes = 2 * FIRST_ENTRIES * SLOT_BYTES;
    this.slots = allocateZeros(this.slotsBytes);
  }

  @inline
  entry(index: i32): usize {
    return this.entries + (<usize>index << this.shift);
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
    const used = <usize>this.count << this.shift;
    if (used >= this.entriesBytes) {
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
    this.openEntries(RUN_SHIFT);
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

  /** The digest of an entry. */
  @inline
  digest(index: i32): v128 {
    return v128.load(this.entry(index), DIGEST_AT);
  }

  intern(start: usize, end: usize): i32 {
    const digest = longDigestOf(start, end);
    const found = this.find(digest, start, end);
    return found >= 0 ? found : this.add(digest, start, end);
  }

  /** -1 for a run that is not known. */
  find(digest: v128, start: usize, end: usize): i32 {
    const length = end - start;
    const hash = hashOfDigest(digest, length);
    this.hash = hash;
    const mask = this.mask;
    let at = <usize>hash & mask;
    while (true) {
      const found = <i32>load<u32>(this.slot(at), 4) - 1;
      if (found < 0) return -1;
      if (load<u32>(this.slot(at)) == hash && this.isRun(found, digest, start, length)) return found;
      at = (at + 1) & mask;
    }
  }

  @inline
  private isRun(index: i32, digest: v128, start: usize, length: usize): bool {
    if (this.length(index) != length || v128.any_true(v128.xor(this.digest(index), digest))) return false;
    return isKnownByDigest(length) || same(this.keys + this.start(index), start, length);
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
  add(digest: v128, start: usize, end: usize): i32 {
    this.reserve(end - start);
    memory.copy(this.keys + this.keysLength, start, end - start);
    const index = this.added(end - start);
    v128.store(this.entry(index), digest, DIGEST_AT);
    return index;
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

  open(): void {
    this.openEntries(PAIR_SHIFT);
  }

  @inline
  first(index: i32): i32 {
    return load<i32>(this.entry(index));
  }
  @inline
  second(index: i32): i32 {
    return load<i32>(this.entry(index), 4);
  }

  intern(first: i32, second: i32): i32 {
    return this.internHashed(first, second, pairHash(first, second));
  }

  /** The same with the pair's hash, which whoever has touched the slot before knows already. */
  internHashed(first: i32, second: i32, hash: u32): i32 {
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
