/** Base-128 varints of the protobuf wire format. Positions are addresses. */

/** Position behind the varint at `p`, or 0 when it does not end before `end` or within 10 bytes. */
export function skipVarint(p: usize, end: usize): usize {
  const limit = end - p > 10 && p < end ? p + 10 : end;
  for (let at = p; at < limit; at++) if (load<u8>(at) < 0x80) return at + 1;
  return 0;
}

/**
 * Value of the varint at `p` when it is below 2^31 (lengths and tags are), else -1. Over-long forms (trailing zero
 * groups) are allowed, as protobuf readers allow them. Use with `skipVarint` for the position behind it.
 */
export function readVarint31(p: usize, end: usize): i32 {
  const limit = end - p > 10 && p < end ? p + 10 : end;
  let value = 0;
  let shift = 0;
  for (let at = p; at < limit; at++) {
    const byte = <i32>load<u8>(at);
    const bits = byte & 0x7f;
    if (shift >= 28 && (shift > 28 ? bits != 0 : bits > 7)) return -1;
    if (shift <= 28) value |= bits << shift;
    if (byte < 0x80) return value;
    shift += 7;
  }
  return -1;
}

/**
 * The field key at `p`, field number * 8 + wire type, or -1 when it is broken or out of protobuf's range (1 to 2^29-1).
 * Numbers of 2^28 and more, which no message of ours has, all read as 2^28-1. Use with `skipVarint`.
 */
export function readKey(p: usize, end: usize): i32 {
  const key = readVarint31(p, end);
  if (key >= 0) return key >= 8 ? key : -1;
  const next = skipVarint(p, end);
  if (next == 0 || next - p < 5 || (load<u8>(p, 4) & 0x7f) > 15) return -1;
  for (let at = p + 5; at < next; at++) if ((load<u8>(at) & 0x7f) != 0) return -1;
  return ((1 << 28) - 1) * 8 + (load<u8>(p) & 7);
}
