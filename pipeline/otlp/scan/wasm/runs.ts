import { DIGEST_BYTES, HASH_KEYS } from '../../scan-cells.ts';

/**
 * Runs of bytes: are two the same, and what to know them by. All read up to 32 bytes past the end of a run and look away
 * from what is there, so behind a run there must be memory.
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
  for (; a < last; a += 16) if (v128.any_true(differ(a, a + away))) return false;
  return !v128.any_true(differ(last, last + away));
}

/** The first keys, behind them the second ones, then an odd 64-bit number. */
const SECOND_KEYS: usize = HASH_KEYS + DIGEST_BYTES;
const ODD: usize = HASH_KEYS + 2 * DIGEST_BYTES;

/** Sums of the products of 32 bits of `a` and of `b`, each with a key. */
@inline
function products(a: v128, b: v128, keys: usize): v128 {
  const x = i32x4.add(a, v128.load(keys));
  const y = i32x4.add(b, v128.load(keys, 16));
  return i64x2.add(i64x2.extmul_low_i32x4_u(x, y), i64x2.extmul_high_i32x4_u(x, y));
}

/**
 * 128 bits to know a run by, of whose length `isKnownByDigest` holds: two sums of products (NH of UMAC), each with keys of
 * its own. For two runs of one length that differ, each sum is the same for one in 2^32 choices of its keys, so both for
 * one in 2^64, whatever the runs are; and nobody outside knows the keys. So runs of one length and one digest are the same,
 * and their bytes need not be looked at, which for a hundred thousand series are in no cache. 32 bytes a turn.
 */
@inline
export function digestOf(start: usize, end: usize): v128 {
  let first = i64x2.splat(0);
  let second = i64x2.splat(0);
  let keys: usize = HASH_KEYS;
  let p = start;
  for (; p + 32 <= end; p += 32, keys += 32) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    first = i64x2.add(first, products(a, b, keys));
    second = i64x2.add(second, products(a, b, keys + DIGEST_BYTES));
  }
  const rest = end - p;
  const a = v128.and(v128.load(p), v128.load(MASKS + 16 - min<usize>(rest, 16)));
  const b = v128.and(v128.load(p, 16), v128.load(MASKS + 16 - (max<usize>(rest, 16) - 16)));
  first = i64x2.add(first, products(a, b, keys));
  second = i64x2.add(second, products(a, b, keys + DIGEST_BYTES));
  return i64x2.add(v128.shuffle<u64>(first, second, 0, 2), v128.shuffle<u64>(first, second, 1, 3));
}

/** There are keys for so many bytes. */
@inline
export function isKnownByDigest(length: usize): bool {
  return length < <usize>DIGEST_BYTES;
}

/** The digest of a run of any length: of one that is not known by it, something to find it by. */
export function longDigestOf(start: usize, end: usize): v128 {
  if (isKnownByDigest(end - start)) return digestOf(start, end);
  const odd = v128.load_splat<u64>(ODD);
  const step = <usize>DIGEST_BYTES - 32;
  let sum = i64x2.splat(0);
  for (let p = start; p < end; p += step) sum = i64x2.mul(i64x2.add(sum, digestOf(p, min(end, p + step))), odd);
  return sum;
}

/** The slot of a run. Runs that differ in zeros at their ends have one digest and different lengths. */
@inline
export function hashOfDigest(digest: v128, length: usize): u32 {
  return finished(i64x2.extract_lane(digest, 0) + <u64>length * load<u64>(ODD));
}

export function hashOf(start: usize, end: usize): u32 {
  return hashOfDigest(longDigestOf(start, end), end - start);
}

export function pairHash(first: u32, second: u32): u32 {
  const product = <u64>(first + load<u32>(HASH_KEYS)) * <u64>(second + load<u32>(SECOND_KEYS));
  return finished(product * load<u64>(ODD));
}

@inline
export function finished(value: u64): u32 {
  const mixed = (value ^ (value >> 32)) * 0x9e3779b97f4a7c15;
  return <u32>(mixed >> 32);
}
