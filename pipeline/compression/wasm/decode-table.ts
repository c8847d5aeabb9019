import { COUNTS, LENGTHS, OFFSETS, SORTED } from './memory.ts';

/**
 * Decoding tables (the design is libdeflate's): a table is indexed by the next bits of the stream and gives what they
 * stand for in one int32, extra bits included, so that a symbol costs one look.
 *
 *   bits 0-7   bits to drop: code and extra bits together
 *   bits 8-11  length of the code alone: where the extra bits begin
 *   bits 16-30 literal, first length, first distance, or where the sub-table begins
 *   bit 31     a literal; bit 15 something rare, and then: 14 a sub-table, 13 end of block, 12 no symbol has this code
 */
export const IS_LITERAL: u32 = 0x80000000;
export const IS_RARE: u32 = 0x8000;
export const IS_SUBTABLE: u32 = 0x4000;
export const IS_END: u32 = 0x2000;
export const IS_NOTHING: u32 = 0x1000;

export const KIND_LITERALS: i32 = 0;
export const KIND_DISTANCES: i32 = 1;
export const KIND_LENGTHS: i32 = 2;

/** First length and extra bits of the symbols 257 to 285, first distance and extra bits of 0 to 29 (RFC 1951, 3.2.5). */
// prettier-ignore
export const LENGTH_BASES: usize = memory.data<u16>([
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
]);
// prettier-ignore
export const LENGTH_EXTRAS: usize = memory.data<u8>([
  0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
// prettier-ignore
export const DISTANCE_BASES: usize = memory.data<u16>([
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769,
  1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
]);
// prettier-ignore
export const DISTANCE_EXTRAS: usize = memory.data<u8>([
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]);

/** The entry of a symbol whose code has `length` bits here. */
@inline
function entryOf(kind: i32, symbol: u32, length: u32): u32 {
  const bits = (length << 8) | length;
  if (kind == KIND_LENGTHS) return (symbol << 16) | bits;
  if (kind == KIND_LITERALS) {
    if (symbol < 256) return IS_LITERAL | (symbol << 16) | bits;
    if (symbol == 256) return IS_RARE | IS_END | bits;
    if (symbol > 285) return IS_RARE | IS_NOTHING | bits;
    const at = symbol - 257;
    return (<u32>load<u16>(LENGTH_BASES + (at << 1)) << 16) | (bits + load<u8>(LENGTH_EXTRAS + at));
  }
  if (symbol > 29) return IS_RARE | IS_NOTHING | bits;
  return (<u32>load<u16>(DISTANCE_BASES + (symbol << 1)) << 16) | (bits + load<u8>(DISTANCE_EXTRAS + symbol));
}

@inline
function counted(length: u32): i32 {
  return load<i32>(COUNTS + (length << 2));
}

/** The code that follows `code` of `length` bits, bits reversed as the stream has them; `code` is not the last. */
@inline
function following(code: u32, length: u32): u32 {
  const bit: u32 = 1 << (31 - clz<u32>(code ^ ((1 << length) - 1)));
  return (code & (bit - 1)) | bit;
}

/**
 * Makes the table of `count` symbols whose code lengths stand at LENGTHS + `from`. False for a set that zlib refuses:
 * over-subscribed, or incomplete, except for one code of one bit where `kind` is not KIND_LENGTHS.
 */
export function makeTable(kind: i32, from: usize, count: u32, table: usize, tableBits: u32): bool {
  const lengths = LENGTHS + from;
  memory.fill(COUNTS, 0, 64);
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const at = COUNTS + (<u32>load<u8>(lengths + symbol) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  let most: u32 = 15;
  while (most > 0 && counted(most) == 0) most--;
  if (most == 0) {
    if (kind == KIND_LENGTHS) return false;
    for (let i: u32 = 0; i < (1 << tableBits); i++) store<u32>(table + (i << 2), IS_RARE | IS_NOTHING | 1);
    return true;
  }
  let left = 1;
  let offset: u32 = 0;
  for (let length: u32 = 1; length <= 15; length++) {
    left = (left << 1) - counted(length);
    if (left < 0) return false;
    store<u32>(OFFSETS + (length << 2), offset);
    offset += counted(length);
  }
  if (left > 0 && (kind == KIND_LENGTHS || most != 1)) return false;
  for (let symbol: u32 = 0; symbol < count; symbol++) {
    const length: u32 = load<u8>(lengths + symbol);
    if (length == 0) continue;
    const at = OFFSETS + (length << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u16>(SORTED + (place << 1), symbol);
  }
  if (left > 0) {
    const only = entryOf(kind, load<u16>(SORTED), 1);
    for (let i: u32 = 0; i < (1 << tableBits); i++) {
      store<u32>(table + (i << 2), (i & 1) == 0 ? only : IS_RARE | IS_NOTHING | 1);
    }
    return true;
  }
  fillTable(kind, table, tableBits);
  return true;
}

/** Of a complete set, sorted by length. Short codes fill the table by doubling what is there; long ones get sub-tables. */
function fillTable(kind: i32, table: usize, tableBits: u32): void {
  let sorted = SORTED;
  let length: u32 = 1;
  while (counted(length) == 0) length++;
  let filled: u32 = 1 << min(length, tableBits);
  let code: u32 = 0;
  while (length <= tableBits) {
    for (let i = counted(length); i > 0; i--) {
      store<u32>(table + (code << 2), entryOf(kind, load<u16>(sorted), length));
      sorted += 2;
      if (code == filled - 1) {
        for (; filled < (<u32>1 << tableBits); filled <<= 1) memory.copy(table + (filled << 2), table, filled << 2);
        return;
      }
      code = following(code, length);
    }
    do {
      length++;
      if (length <= tableBits) {
        memory.copy(table + (filled << 2), table, filled << 2);
        filled <<= 1;
      }
    } while (counted(length) == 0);
  }
  fillSubtables(kind, table, tableBits, sorted, code, length);
}

function fillSubtables(kind: i32, table: usize, tableBits: u32, first: usize, firstCode: u32, firstLength: u32): void {
  const mask: u32 = (1 << tableBits) - 1;
  let sorted = first;
  let code = firstCode;
  let length = firstLength;
  let prefix: u32 = <u32>-1;
  let start: u32 = 0;
  let end: u32 = 1 << tableBits;
  let remaining = counted(length);
  for (;;) {
    if ((code & mask) != prefix) {
      prefix = code & mask;
      start = end;
      let bits = length - tableBits;
      let used = remaining;
      while (used < (1 << bits)) {
        bits++;
        used = (used << 1) + counted(tableBits + bits);
      }
      end = start + (1 << bits);
      store<u32>(table + (prefix << 2), (start << 16) | IS_RARE | IS_SUBTABLE | (bits << 8) | tableBits);
    }
    const rest = length - tableBits;
    const entry = entryOf(kind, load<u16>(sorted), rest);
    sorted += 2;
    for (let i = start + (code >>> tableBits); i < end; i += 1 << rest) store<u32>(table + (i << 2), entry);
    if (code == (1 << length) - 1) return;
    code = following(code, length);
    remaining--;
    while (remaining == 0) {
      length++;
      remaining = counted(length);
    }
  }
}
