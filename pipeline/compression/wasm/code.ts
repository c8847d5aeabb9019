import { COUNTS, SORTED } from './memory.ts';

/**
 * Huffman codes of limited length. Lengths by Moffat and Katajainen's in-place method over sorted counts; what is longer
 * than allowed is shortened by making others longer until the set is complete (the way of miniz and zlib).
 */
const KEYS: usize = SORTED;

/**
 * From `count` counts (int32 at `counts`) to codes (int32 at `codes`: bits in stream order below, length from bit 16).
 * Symbols that do not occur get 0. At least two get a code, as old readers want it.
 */
export function makeCode(counts: usize, count: u32, codes: usize, lengthMax: u32): void {
  let used: u32 = 0;
  for (let symbol: u32 = 0; symbol < count; symbol++) if (load<u32>(counts + (symbol << 2)) != 0) used++;
  for (let symbol: u32 = 0; used < 2; symbol++) {
    if (load<u32>(counts + (symbol << 2)) != 0) continue;
    store<u32>(counts + (symbol << 2), 1);
    used++;
  }
  sortByCount(counts, count, used);
  // The keys' upper parts become code lengths where they stand.
  lengthsOf(used);
  memory.fill(COUNTS, 0, 4 * 33);
  for (let i: u32 = 0; i < used; i++) {
    const at = COUNTS + (min(<u32>load<u16>(KEYS + (i << 2), 2), 32) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  limit(lengthMax);
  memory.fill(codes, 0, count << 2);
  // The rarest symbols stand first and get the longest codes; lengths first, at their symbols.
  let length = lengthMax;
  let left = load<u32>(COUNTS + (length << 2));
  for (let i: u32 = 0; i < used; i++) {
    while (left == 0) {
      length--;
      left = load<u32>(COUNTS + (length << 2));
    }
    left--;
    store<u32>(codes + (<usize>load<u16>(KEYS + (i << 2)) << 2), length << 16);
  }
  assign(codes, count, lengthMax);
}

/** KEYS: symbol in the lower 16 bits, count (at most 65,535, at least 1) above, rising. A radix sort by byte. */
function sortByCount(counts: usize, count: u32, used: u32): void {
  let most: u32 = 0;
  for (let symbol: u32 = 0; symbol < count; symbol++) most = max(most, load<u32>(counts + (symbol << 2)));
  let shift: u32 = 0;
  while (most >>> shift > 0xffff) shift++;
  const first = KEYS + 4 * 320;
  let at = first;
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const times = load<u32>(counts + (symbol << 2));
    if (times == 0) continue;
    store<u32>(at, (max(times >>> shift, 1) << 16) | symbol);
    at += 4;
  }
  sortByByte(first, KEYS, used, 16);
  sortByByte(KEYS, first, used, 24);
  memory.copy(KEYS, first, used << 2);
}

function sortByByte(from: usize, to: usize, count: u32, shift: u32): void {
  memory.fill(BUCKETS, 0, 1024);
  for (let i: u32 = 0; i < count; i++) {
    const at = BUCKETS + (((load<u32>(from + (i << 2)) >>> shift) & 255) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let sum: u32 = 0;
  for (let i: u32 = 0; i < 256; i++) {
    const times = load<u32>(BUCKETS + (i << 2));
    store<u32>(BUCKETS + (i << 2), sum);
    sum += times;
  }
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u32>(from + (i << 2));
    const at = BUCKETS + (((key >>> shift) & 255) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u32>(to + (place << 2), key);
  }
}

const BUCKETS: usize = memory.data(1024, 16);
const WEIGHTS: usize = memory.data(4 * 320, 16);

@inline
function weight(i: i32): u32 {
  return load<u32>(WEIGHTS + (<usize>i << 2));
}
@inline
function setWeight(i: i32, value: u32): void {
  store<u32>(WEIGHTS + (<usize>i << 2), value);
}

/** Moffat and Katajainen, "In-place calculation of minimum-redundancy codes" (1995); n ≥ 2, weights rising. */
function lengthsOf(used: u32): void {
  const n = <i32>used;
  for (let i = 0; i < n; i++) setWeight(i, load<u32>(KEYS + (<usize>i << 2)) >>> 16);
  setWeight(0, weight(0) + weight(1));
  let root = 0;
  let leaf = 2;
  for (let next = 1; next < n - 1; next++) {
    if (leaf >= n || weight(root) < weight(leaf)) {
      setWeight(next, weight(root));
      setWeight(root, next);
      root++;
    } else {
      setWeight(next, weight(leaf));
      leaf++;
    }
    if (leaf >= n || (root < next && weight(root) < weight(leaf))) {
      setWeight(next, weight(next) + weight(root));
      setWeight(root, next);
      root++;
    } else {
      setWeight(next, weight(next) + weight(leaf));
      leaf++;
    }
  }
  setWeight(n - 2, 0);
  for (let next = n - 3; next >= 0; next--) setWeight(next, weight(<i32>weight(next)) + 1);
  let available = 1;
  let inner = 0;
  let depth: u32 = 0;
  root = n - 2;
  let next = n - 1;
  while (available > 0) {
    while (root >= 0 && weight(root) == depth) {
      inner++;
      root--;
    }
    while (available > inner) {
      store<u16>(KEYS + (<usize>next << 2), depth, 2);
      next--;
      available--;
    }
    available = inner << 1;
    depth++;
    inner = 0;
  }
}

/** COUNTS (codes per length, up to 32) to a complete set within `most` bits. */
function limit(most: u32): void {
  for (let length = most + 1; length <= 32; length++) {
    const at = COUNTS + (most << 2);
    store<u32>(at, load<u32>(at) + load<u32>(COUNTS + (length << 2)));
  }
  let total: u32 = 0;
  for (let length = most; length > 0; length--) total += load<u32>(COUNTS + (length << 2)) << (most - length);
  while (total != (<u32>1 << most)) {
    store<u32>(COUNTS + (most << 2), load<u32>(COUNTS + (most << 2)) - 1);
    for (let length = most - 1; length > 0; length--) {
      const at = COUNTS + (length << 2);
      if (load<u32>(at) == 0) continue;
      store<u32>(at, load<u32>(at) - 1);
      store<u32>(at, load<u32>(at, 4) + 2, 4);
      break;
    }
    total--;
  }
}

/** Canonical codes of the lengths that stand at `codes`, bits reversed. */
function assign(codes: usize, count: u32, most: u32): void {
  // Counted again: `makeCode` has used them up in order, not changed them.
  let code: u32 = 0;
  memory.fill(BUCKETS, 0, 4 * 20);
  for (let length: u32 = 1; length <= most; length++) {
    store<u32>(BUCKETS + (length << 2), code);
    code = (code + load<u32>(COUNTS + (length << 2))) << 1;
  }
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const at = codes + (symbol << 2);
    const length = load<u32>(at) >>> 16;
    if (length == 0) continue;
    const next = BUCKETS + (length << 2);
    const value = load<u32>(next);
    store<u32>(next, value + 1);
    store<u32>(at, (length << 16) | reversed(value, length));
  }
}

function reversed(value: u32, length: u32): u32 {
  let x = value;
  x = ((x & 0x5555) << 1) | ((x >>> 1) & 0x5555);
  x = ((x & 0x3333) << 2) | ((x >>> 2) & 0x3333);
  x = ((x & 0x0f0f) << 4) | ((x >>> 4) & 0x0f0f);
  x = ((x & 0x00ff) << 8) | ((x >>> 8) & 0x00ff);
  return x >>> (16 - length);
}
