/** Base-128 varints of the protobuf wire format. */

/** Position behind the varint at `p`, or -1 when it does not end before `end` or within 10 bytes. */
export function skipVarint(bytes: Uint8Array, p: number, end: number): number {
  const limit = end - p > 10 ? p + 10 : end;
  for (let at = p; at < limit; at++) if (bytes[at]! < 0x80) return at + 1;
  return -1;
}

/**
 * Value of the varint at `p` when it is below 2^31 (lengths and tags are), else -1. Over-long forms (trailing zero
 * groups) are allowed, as protobuf readers allow them. Use with `skipVarint` for the position behind it.
 */
export function readVarint31(bytes: Uint8Array, p: number, end: number): number {
  const limit = end - p > 10 ? p + 10 : end;
  let value = 0;
  let shift = 0;
  for (let at = p; at < limit; at++) {
    const byte = bytes[at]!;
    const bits = byte & 0x7f;
    if (shift >= 28 && (shift > 28 ? bits !== 0 : bits > 7)) return -1;
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
export function readKey(bytes: Uint8Array, p: number, end: number): number {
  const key = readVarint31(bytes, p, end);
  if (key >= 0) return key >= 8 ? key : -1;
  const next = skipVarint(bytes, p, end);
  if (next < 0 || next - p < 5 || bytes[p + 4]! % 0x80 > 15) return -1;
  for (let at = p + 5; at < next; at++) if (bytes[at]! % 0x80 !== 0) return -1;
  return (2 ** 28 - 1) * 8 + (bytes[p]! & 7);
}

/** Bytes that `value` (0 … 2^31-1) takes as a varint. */
export function varintLength(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}

/** Writes `value` (0 … 2^31-1) at `p`; returns the position behind it. */
export function writeVarint(bytes: Uint8Array, p: number, value: number): number {
  let rest = value;
  let at = p;
  while (rest >= 0x80) {
    bytes[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  bytes[at++] = rest;
  return at;
}
