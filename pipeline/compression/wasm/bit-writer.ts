/** Bits of a deflate stream, least significant first, gathered in 64 and stored 8 bytes at a time. */
let buffer: u64 = 0;
let held: u32 = 0;
let to: usize = 0;

/** A stream begins. */
export function beginStream(): void {
  buffer = 0;
  held = 0;
}

/** The bits that come next are stored from `at` on; those that are held go first. */
export function writeAt(at: usize): void {
  to = at;
}

/** First byte behind what is stored. */
export function writtenTo(): usize {
  return to;
}

/** At most 56 bits between two calls of `flush`. */
@inline
export function put(value: u64, count: u32): void {
  buffer |= value << <u64>held;
  held += count;
}

/** Stores whole bytes; up to 7 bits stay held. Writes up to 8 bytes too far. */
@inline
export function flush(): void {
  store<u64>(to, buffer);
  to += held >>> 3;
  buffer >>= <u64>(held & ~7);
  held &= 7;
}

/** The bits filled up to a byte by an empty stored block, so that a stream of another maker may follow. */
export function alignStream(): void {
  if (held == 0) return;
  put(0, 3);
  held = (held + 7) & ~7;
  flush();
  store<u32>(to, 0xffff0000);
  to += 4;
}

/** An empty block, the last, and zeros up to a whole byte. */
export function endStream(): void {
  put(3, 10);
  held = (held + 7) & ~7;
  flush();
}

/** For loops that keep the bits in locals. */
@inline
export function heldBits(): u64 {
  return buffer;
}
@inline
export function heldCount(): u32 {
  return held;
}
@inline
export function resumeAt(at: usize, bits: u64, count: u32): void {
  to = at;
  buffer = bits;
  held = count;
}
