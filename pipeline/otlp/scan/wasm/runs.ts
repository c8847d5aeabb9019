import { HASH_KEYS } from '../../scan-cells.ts';

/**
 * Runs of bytes: are two the same, and a hash. Both read up to 16 bytes past the end of a run and look away from what is
 * there, so behind a run there must be memory.
 */

/** 16 bytes of ones, then 16 of zeros: read from 16 - n on, the first n lanes are set. */
// prettier-ignore
const MASKS: usize = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
]);

@inline
function differ(a: usize, b: usize): v128 {
  return v128.xor(v128.load(a), v128.load(b));
}

/** Do `length` bytes at `a` and at `b` agree? */
@inline
export function same(a: usize, b: usize, length: usize): bool {
  if (length < 16) return !v128.any_true(v128.and(differ(a, b), v128.load(MASKS + 16 - length)));
  const last = a + length - 16;
  const away = b - a;
  for (; a + 32 <= last; a += 32)
    if (v128.any_true(v128.or(differ(a, a + away), v128.xor(v128.load(a, 16), v128.load(a + away, 16))))) return false;
  for (; a < last; a += 16) if (v128.any_true(differ(a, a + away))) return false;
  return !v128.any_true(differ(last, last + away));
}

const TURN: usize = 64;

/** Two sums of half a word and its key, multiplied. */
@inline
function product(word: u64, key: usize): u64 {
  return <u64>(<u32>word + load<u32>(key)) * <u64>(<u32>(word >> 32) + load<u32>(key, 4));
}

/**
 * The hash of [start, end). Of two runs that differ in a turn, the sums of products (NH of UMAC) are equal for one in 2^32
 * choices of the keys, which the sender does not know, so nobody chooses runs that collide. 8 bytes a product, and no
 * product waits for another.
 */
export function hashOf(start: usize, end: usize): u32 {
  const odd = load<u64>(<usize>HASH_KEYS + TURN);
  let hash = <u64>(end - start) * odd;
  let p = start;
  for (; p + TURN <= end; p += TURN) {
    let sum: u64 = 0;
    for (let i: usize = 0; i < TURN; i += 8) sum += product(load<u64>(p + i), <usize>HASH_KEYS + i);
    hash = (hash + sum) * odd;
    hash ^= hash >> 29;
  }
  let key: usize = HASH_KEYS;
  let sum: u64 = 0;
  for (; p + 8 <= end; p += 8, key += 8) sum += product(load<u64>(p), key);
  if (p < end) sum += product(load<u64>(p) & ((1 << ((<u64>(end - p)) << 3)) - 1), key);
  return finished((hash + sum) * odd);
}

export function pairHash(first: u32, second: u32): u32 {
  return finished(product((<u64>second << 32) | first, HASH_KEYS) * load<u64>(<usize>HASH_KEYS + TURN));
}

@inline
export function finished(value: u64): u32 {
  const mixed = (value ^ (value >> 32)) * 0x9e3779b97f4a7c15;
  return <u32>(mixed >> 32);
}
