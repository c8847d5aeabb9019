/** Adler-32 of [from, to) (RFC 1950, 8): sums are reduced before they can overflow 32 bits. */
export function adler32(from: usize, to: usize): u32 {
  let a: u32 = 1;
  let b: u32 = 0;
  let p = from;
  while (p < to) {
    const end = min(to, p + 5552);
    for (; p < end; p++) {
      a += load<u8>(p);
      b += a;
    }
    a %= 65521;
    b %= 65521;
  }
  return (b << 16) | a;
}
