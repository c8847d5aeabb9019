import { readKey, readVarint31, skipVarint } from '../../wasm/varint.ts';

/** Reading protobuf by hand. Positions are addresses, 0 stands for bytes that are cut off or no protobuf. */

/** The place behind what was read last: a key, or the length of a value. */
export let at: usize = 0;

/** The field key at `p`, before `end`: number * 8 + wire type; 0 if there is none. */
@inline
export function key(p: usize, end: usize): i32 {
  const first = <i32>load<u8>(p);
  if (first >= 0x80) return longKey(p, end);
  at = p + 1;
  return first < 8 ? 0 : first;
}

function longKey(p: usize, end: usize): i32 {
  at = skipVarint(p, end);
  const long = readKey(p, end);
  return long < 0 || at == 0 ? 0 : long;
}

/** Where the value ends whose length stands at `p`; `at` is where it begins. */
@inline
export function sized(p: usize, end: usize): usize {
  let length = <usize>load<u8>(p);
  let start = p + 1;
  if (length >= 0x80) {
    const second = <usize>load<u8>(p, 1);
    if (second >= 0x80) return longSized(p, end);
    length = (length & 0x7f) | (second << 7);
    start = p + 2;
  }
  if (start > end || length > end - start) return 0;
  at = start;
  return start + length;
}

function longSized(p: usize, end: usize): usize {
  const length = readVarint31(p, end);
  at = skipVarint(p, end);
  return length < 0 || at == 0 || <usize>length > end - at ? 0 : at + length;
}

/** The place behind the value at `p` of a field with this key. */
export function skip(tag: i32, p: usize, end: usize): usize {
  const wire = tag & 7;
  if (wire == 2) return sized(p, end);
  if (wire == 0) return skipVarint(p, end);
  const next: usize = wire == 1 ? p + 8 : wire == 5 ? p + 4 : 0;
  return next > end ? 0 : next;
}

/** A varint that ends before `end`, as protobuf reads it into 32 bits: the upper ones are cut off. */
export function varint32(p: usize, end: usize): i32 {
  return <i32>varint64(p, end);
}

/** The same into 64 bits. */
export function varint64(p: usize, end: usize): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; p < end; p++, shift += 7) {
    const byte = <u64>load<u8>(p);
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return value;
}

export function zigzag(value: i32): i32 {
  return (value >>> 1) ^ -(value & 1);
}
