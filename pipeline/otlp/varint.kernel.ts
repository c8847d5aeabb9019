/** Base-128 varints of the protobuf wire format. */

/** Position behind the varint at `p`, or -1 when it does not end before `end` or within 10 bytes. */
export function skipVarint(bytes: Uint8Array, p: number, end: number): number {
  const limit = end - p > 10 ? p + 10 : end;
  for (let at = p; at < limit; at++) if (bytes[at]! < 0x80) return at + 1;
  return -1;
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
