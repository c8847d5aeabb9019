import { hashOf, Interner } from './interner.kernel.ts';
import { BROKEN, checkKeyValue, NOT_CANONICAL, OK } from './strict.kernel.ts';
import { Wire } from './wire.kernel.ts';

/**
 * Attribute sets by the bytes of their fields. A run of bytes is an entry; the first entry with certain attributes stands
 * for the set, further ones, with the same attributes in another order, point to it. New runs are checked once.
 */
const FIRST_ENTRIES = 32;
/** A longer run is a set of its own: comparing two without their order takes time in the square of it. */
const COMPARED_ATTRIBUTES = 128;

export class AttributeSets {
  readonly entries: Interner;
  /** Of each entry: the entry that stands for its set. */
  setOf = new Uint32Array(FIRST_ENTRIES);
  /** Of the last `intern` that returned -1: NOT_CANONICAL or BROKEN. */
  verdict = OK;
  /** Sets by the sum of their attributes' hashes: entry + 1. */
  #slots = new Int32Array(2 * FIRST_ENTRIES);
  #sums = new Int32Array(FIRST_ENTRIES);
  readonly #own = new Wire();
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.entries = new Interner(seed);
  }

  get size(): number {
    return this.entries.size + this.setOf.byteLength + this.#slots.byteLength + this.#sums.byteLength;
  }

  /** The entry of the fields in [start, end), which all are attributes; -1 when they are not fit to be read. */
  intern(wire: Wire, start: number, end: number, depthMax: number): number {
    const known = this.entries.find(wire.bytes, wire.view, start, end);
    if (known >= 0) return known;
    this.verdict = check(wire, start, end, depthMax);
    if (this.verdict !== OK) return -1;
    const sum = sumOf(wire, start, end, this.#seed);
    const entry = this.entries.add(wire.bytes, start, end);
    if (entry === this.setOf.length) this.#grow();
    this.#sums[entry] = sum;
    this.setOf[entry] = this.#setLike(entry, sum);
    return entry;
  }

  /** An entry with the attributes of the new one, which it is itself if there is none. */
  #setLike(entry: number, sum: number): number {
    const mask = this.#slots.length - 1;
    let slot = sum & mask;
    for (;;) {
      const found = this.#slots[slot]! - 1;
      if (found < 0) break;
      if (this.#sums[found] === sum && this.#sameAttributes(entry, found)) return found;
      slot = (slot + 1) & mask;
    }
    this.#slots[slot] = entry + 1;
    return entry;
  }

  #sameAttributes(a: number, b: number): boolean {
    const { entries } = this;
    const startA = entries.start(a);
    const endA = entries.start(a + 1);
    const startB = entries.start(b);
    const endB = entries.start(b + 1);
    if (endA - startA !== endB - startB) return false;
    const wire = this.#own;
    wire.begin(entries.keys);
    const count = countOf(wire, startA, endA);
    if (count > COMPARED_ATTRIBUTES || count !== countOf(wire, startB, endB)) return false;
    for (let p = startA; p < endA;) {
      const next = fieldEnd(wire, p, endA);
      if (!contains(wire, startB, endB, p, next) || repeatsKey(wire, p, next, endA)) return false;
      p = next;
    }
    return true;
  }

  #grow(): void {
    const entries = this.setOf.length * 2;
    const setOf = new Uint32Array(entries);
    setOf.set(this.setOf);
    const sums = new Int32Array(entries);
    sums.set(this.#sums);
    const slots = new Int32Array(entries * 2);
    const mask = slots.length - 1;
    for (let i = 0; i < this.setOf.length; i++) {
      if (setOf[i] !== i) continue;
      let slot = sums[i]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = i + 1;
    }
    this.setOf = setOf;
    this.#sums = sums;
    this.#slots = slots;
  }
}

function check(wire: Wire, start: number, end: number, depthMax: number): number {
  let verdict = OK;
  for (let p = start; p < end;) {
    const key = wire.key(p, end);
    if (key < 0) return BROKEN;
    p = wire.sized(wire.at, end);
    if (p < 0) return BROKEN;
    const found = checkKeyValue(wire, wire.at, p, depthMax);
    if (found === BROKEN) return BROKEN;
    if (found === NOT_CANONICAL) verdict = NOT_CANONICAL;
  }
  return verdict;
}

/** The same for any order of the fields; without their keys, which differ between messages. */
function sumOf(wire: Wire, start: number, end: number, seed: number): number {
  let sum = 0;
  for (let p = start; p < end;) {
    p = fieldEnd(wire, p, end);
    sum = (sum + hashOf(wire.view, wire.bytes, wire.at, p, seed)) | 0;
  }
  return Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
}

/** Where the field of length type at `p` ends; `wire.at` is where its content begins. */
function fieldEnd(wire: Wire, p: number, end: number): number {
  wire.key(p, end);
  return wire.sized(wire.at, end);
}

function countOf(wire: Wire, start: number, end: number): number {
  let count = 0;
  for (let p = start; p < end; count++) p = fieldEnd(wire, p, end);
  return count;
}

/** Has [start, end) a field with the bytes of the one in [from, to)? */
function contains(wire: Wire, start: number, end: number, from: number, to: number): boolean {
  for (let p = start; p < end;) {
    const next = fieldEnd(wire, p, end);
    if (same(wire.bytes, p, next, from, to)) return true;
    p = next;
  }
  return false;
}

/** Has a field behind the attribute in [start, next) the same key? Then their order matters: the last one holds. */
function repeatsKey(wire: Wire, start: number, next: number, end: number): boolean {
  keyOf(wire, start, next);
  const from = keyStart;
  const to = keyEnd;
  for (let p = next; p < end;) {
    const after = fieldEnd(wire, p, end);
    keyOf(wire, p, after);
    if (same(wire.bytes, keyStart, keyEnd, from, to)) return true;
    p = after;
  }
  return false;
}

let keyStart = 0;
let keyEnd = 0;

/** Leaves the place of an attribute's key in `keyStart` and `keyEnd`. */
function keyOf(wire: Wire, start: number, end: number): void {
  fieldEnd(wire, start, end);
  keyStart = wire.at;
  keyEnd = wire.at;
  for (let p = wire.at; p < end;) {
    const key = wire.key(p, end);
    const at = wire.at;
    p = wire.skip(key, at, end);
    if (key !== 10) continue;
    wire.sized(at, end);
    keyStart = wire.at;
    keyEnd = p;
  }
}

function same(bytes: Uint8Array, a: number, aEnd: number, b: number, bEnd: number): boolean {
  if (aEnd - a !== bEnd - b) return false;
  for (let i = 0; i < aEnd - a; i++) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}
