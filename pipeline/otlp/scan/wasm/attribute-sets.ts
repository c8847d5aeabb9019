import { BROKEN, NOT_CANONICAL, OK } from '../../scan-cells.ts';
import { allocateZeros, release } from './memory.ts';
import { finished, hashOf, longDigestOf, same } from './runs.ts';
import { attributes, state } from './state.ts';
import { checkKeyValue } from './strict.ts';
import { at, key, sized, skip } from './wire.ts';

/**
 * Attribute sets by the bytes of their fields. A run of bytes is an entry; the first entry with certain attributes stands
 * for the set, further ones, with the same attributes in another order, point to it. New runs are checked once.
 */

/** A longer run is a set of its own: comparing two without their order takes time in the square of it. */
const COMPARED_ATTRIBUTES: i32 = 128;

/** Of the last `internAttributes` that returned -1. */
export let verdict: i32 = OK;

/** The entry of the fields in [start, end), which all are attributes; -1 when they are not fit to be read. */
export function internAttributes(start: usize, end: usize): i32 {
  const digest = longDigestOf(start, end);
  const known = attributes.find(digest, start, end);
  if (known >= 0) return known;
  verdict = check(start, end);
  if (verdict != OK) return -1;
  const sum = sumOf(start, end);
  reserveSet();
  const entry = attributes.add(digest, start, end);
  attributes.setNote(entry, setLike(entry, sum));
  return entry;
}

/** The set that an entry stands for. */
@inline
export function setOf(entry: i32): i32 {
  return <i32>attributes.note(entry);
}

function check(start: usize, end: usize): i32 {
  const depthMax = state.depthMax;
  let found = OK;
  for (let p = start; p < end; ) {
    if (key(p, end) == 0) return BROKEN;
    p = sized(at, end);
    if (p == 0) return BROKEN;
    const one = checkKeyValue(at, p, depthMax);
    if (one == BROKEN) return BROKEN;
    if (one != OK) found = NOT_CANONICAL;
  }
  return found;
}

/** The same for any order of the fields; without their keys, which differ between messages. */
function sumOf(start: usize, end: usize): u32 {
  let sum: u64 = 0;
  for (let p = start; p < end; ) {
    p = fieldEnd(p, end);
    sum += hashOf(at, p);
  }
  return finished(sum);
}

/** An entry with the attributes of the new one, which it is itself if there is none. `reserveSet` has been called. */
function setLike(entry: i32, sum: u32): i32 {
  const mask = state.setsBytes / 8 - 1;
  let slot = <usize>sum & mask;
  for (; ; slot = (slot + 1) & mask) {
    const found = <i32>load<u32>(state.sets + slot * 8, 4) - 1;
    if (found < 0) break;
    if (load<u32>(state.sets + slot * 8) == sum && sameAttributes(entry, found)) return found;
  }
  store<u32>(state.sets + slot * 8, sum);
  store<u32>(state.sets + slot * 8, entry + 1, 4);
  state.setCount += 1;
  return entry;
}

/** Room for one more set. */
function reserveSet(): void {
  if (<usize>state.setCount * 16 < state.setsBytes) return;
  const larger = state.setsBytes * 2;
  const sets = allocateZeros(larger);
  const mask = larger / 8 - 1;
  for (let from = state.sets; from < state.sets + state.setsBytes; from += 8) {
    const set = load<u64>(from);
    if (set == 0) continue;
    let slot = <usize>set & mask;
    while (load<u64>(sets + slot * 8) != 0) slot = (slot + 1) & mask;
    store<u64>(sets + slot * 8, set);
  }
  release(state.sets, state.setsBytes);
  state.sets = sets;
  state.setsBytes = larger;
}

function sameAttributes(a: i32, b: i32): bool {
  const length = attributes.length(a);
  if (length != attributes.length(b)) return false;
  const startA = attributes.keys + attributes.start(a);
  const startB = attributes.keys + attributes.start(b);
  const count = countOf(startA, startA + length);
  if (count > COMPARED_ATTRIBUTES || count != countOf(startB, startB + length)) return false;
  for (let p = startA; p < startA + length; ) {
    const next = fieldEnd(p, startA + length);
    if (!contains(startB, startB + length, p, next) || repeatsKey(p, next, startA + length)) return false;
    p = next;
  }
  return true;
}

/** Where the field of length type at `p` ends; `at` is where its content begins. */
function fieldEnd(p: usize, end: usize): usize {
  key(p, end);
  return sized(at, end);
}

function countOf(start: usize, end: usize): i32 {
  let count = 0;
  for (let p = start; p < end; count++) p = fieldEnd(p, end);
  return count;
}

/** Has [start, end) a field with the bytes of the one in [from, to)? */
function contains(start: usize, end: usize, from: usize, to: usize): bool {
  for (let p = start; p < end; ) {
    const next = fieldEnd(p, end);
    if (next - p == to - from && same(p, from, to - from)) return true;
    p = next;
  }
  return false;
}

/** Has a field behind the attribute in [start, next) the same key? Then their order matters: the last one holds. */
function repeatsKey(start: usize, next: usize, end: usize): bool {
  findKey(start, next);
  const from = keyStart;
  const length = keyEnd - keyStart;
  for (let p = next; p < end; ) {
    const after = fieldEnd(p, end);
    findKey(p, after);
    if (keyEnd - keyStart == length && same(keyStart, from, length)) return true;
    p = after;
  }
  return false;
}

let keyStart: usize = 0;
let keyEnd: usize = 0;

/** Leaves the place of an attribute's key in `keyStart` and `keyEnd`. */
function findKey(start: usize, end: usize): void {
  fieldEnd(start, end);
  keyStart = at;
  keyEnd = at;
  for (let p = at; p < end; ) {
    const tag = key(p, end);
    p = skip(tag, at, end);
    if (tag != 10) continue;
    keyStart = at;
    keyEnd = p;
  }
}
