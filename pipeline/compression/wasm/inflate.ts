import {
  IS_END,
  IS_LITERAL,
  IS_NOTHING,
  IS_RARE,
  IS_SUBTABLE,
  KIND_DISTANCES,
  KIND_LENGTHS,
  KIND_LITERALS,
  makeTable,
} from './decode-table.ts';
import { DISTANCE_TABLE, LENGTH_CODE_TABLE, LENGTHS, LITERAL_TABLE } from './memory.ts';

/**
 * RFC 1951, one raw stream at a time (the loop is libdeflate's), and a record of what the sender's compressor found: one
 * int32 per match, with the literals before it. What recode.ts writes again.
 *
 *   bits 0-14   distance - 1
 *   bits 15-22  length - 3
 *   bits 23-31  literals before the match; 511: that many and no match
 */
const LITERAL_BITS: u32 = 11;
const DISTANCE_BITS: u32 = 8;
const LITERAL_MASK: usize = (1 << LITERAL_BITS) - 1;
const DISTANCE_MASK: usize = (1 << DISTANCE_BITS) - 1;
const LITERALS_MAX: u32 = 511;

export const OK: i32 = 0;
export const DAMAGED: i32 = 1;
export const TRUNCATED: i32 = 2;
export const TOO_LARGE: i32 = 3;
export const NO_MEMORY: i32 = 4;
export const TOO_MANY_TABLES: i32 = 5;

/** Bytes behind `out` that a step may write before its end is checked: three literals, a match, 32 bytes copied too far. */
const STEP_BYTES: usize = 3 + 258 + 64;
const PAGE_BYTES: usize = 65536;
/** Memory grows by an eighth of what is there, at least by this. */
const GROWTH_PAGES_MIN: i32 = 16;

/** The stream: next byte, bits that are loaded (their count in the low byte; what is above it is noise). */
let next: usize = 0;
let bits: u64 = 0;
let loaded: u32 = 0;
let inputEnd: usize = 0;
/** The bytes that come out: where the member begins, the next one, the last address they may reach, end of memory. */
let member: usize = 0;
let out: usize = 0;
let limit: usize = 0;
let room: usize = 0;
/** A block may begin a step up to here. */
let enough: usize = 0;
/** The record; `step` is 0 when nothing is kept. */
let token: usize = 0;
let tokensFrom: usize = 0;
let tokensEnd: usize = 0;
let step: usize = 0;
let literalsFrom: usize = 0;
/** Sets of decoding tables that may still be made of this body: one costs as much as a thousand bytes of text. */
let tablesLeft: i32 = 0;

/** Begins a body: its bytes will come out at `outAt`, at most `most`; records at [tokensAt, tokensTo), if there is room;
 *  at most `tables` sets of decoding tables are made for it. */
export function begin(outAt: usize, most: usize, tokensAt: usize, tokensTo: usize, tables: i32): void {
  tablesLeft = tables;
  out = outAt;
  limit = outAt + most;
  literalsFrom = outAt;
  token = tokensAt;
  tokensFrom = tokensAt;
  tokensEnd = tokensTo;
  step = tokensTo > tokensAt + 64 ? 4 : 0;
  room = (<usize>memory.size() << 16) - STEP_BYTES;
}

/** Where the stream that was read last ended: first byte behind it. */
export function inputAt(): usize {
  return next;
}
export function outputAt(): usize {
  return out;
}
/** Matches recorded since `begin`; -1 when there were more than there was room for, or none were wanted. */
export function tokenCount(): i32 {
  return step == 0 ? -1 : <i32>((token - tokensFrom) >>> 2);
}

/** Reads one raw stream from [from, to); 64 bytes behind `to` are zero. OK, or what is wrong with it. */
export function inflate(from: usize, to: usize): i32 {
  next = from;
  bits = 0;
  loaded = 0;
  inputEnd = to;
  member = out;
  for (;;) {
    refill();
    const last = (<u32>bits & 1) != 0;
    const type = (<u32>bits >>> 1) & 3;
    drop(3);
    let result = DAMAGED;
    if (type == 0) result = stored();
    else if (type == 1) {
      result = fixedTables();
      if (result == OK) result = block();
    } else if (type == 2) {
      result = dynamicTables();
      if (result == OK) result = block();
    }
    // What follows a cut stream is made of the zeros behind it: whatever it seems to say, it is cut.
    if (position() > inputEnd) return TRUNCATED;
    if (result != OK) return result;
    if (out > limit) return TOO_LARGE;
    if (last) break;
  }
  next = position();
  return OK;
}

/** The first byte none of whose bits was used. */
@inline
function position(): usize {
  return next - ((loaded & 63) >>> 3);
}

@inline
function refill(): void {
  bits |= load<u64>(next) << <u64>loaded;
  next += 7 - ((loaded >>> 3) & 7);
  loaded |= 56;
}

@inline
function drop(count: u32): void {
  bits >>= <u64>count;
  loaded -= count;
}

/** Room for one more step from `to` on, and more than one if memory can grow. */
function grow(to: usize): i32 {
  if (to > limit) return TOO_LARGE;
  if (to <= room) return OK;
  const pages = max(<i32>memory.size() >>> 3, GROWTH_PAGES_MIN);
  if (memory.grow(pages) < 0 && memory.grow(GROWTH_PAGES_MIN) < 0) return NO_MEMORY;
  room = (<usize>memory.size() << 16) - STEP_BYTES;
  enough = min(limit, room);
  return OK;
}

function stored(): i32 {
  next = position();
  bits = 0;
  loaded = 0;
  if (next + 4 > inputEnd) {
    next = inputEnd + 1;
    return TRUNCATED;
  }
  let length: usize = load<u16>(next);
  if ((length ^ load<u16>(next, 2)) != 0xffff) return DAMAGED;
  next += 4;
  const cut = next + length > inputEnd;
  if (cut) length = inputEnd - next;
  // 65,535 bytes are more than one step: what memory lacks is made first.
  while (out + length > room) {
    if (out + length > limit) return TOO_LARGE;
    if (memory.grow(GROWTH_PAGES_MIN) < 0) return NO_MEMORY;
    room = (<usize>memory.size() << 16) - STEP_BYTES;
  }
  if (out + length > limit) return TOO_LARGE;
  memory.copy(out, next, length);
  out += length;
  next += length;
  if (cut) {
    next = inputEnd + 1;
    return TRUNCATED;
  }
  return OK;
}

/** The tables are those of the fixed codes: streams of many small blocks need not wait for them each time. */
let isFixed: bool = false;

function fixedTables(): i32 {
  if (isFixed) return OK;
  if (--tablesLeft < 0) return TOO_MANY_TABLES;
  isFixed = true;
  memory.fill(LENGTHS, 8, 144);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + 280, 8, 8);
  memory.fill(LENGTHS + 288, 5, 32);
  makeTable(KIND_LITERALS, 0, 288, LITERAL_TABLE, LITERAL_BITS);
  makeTable(KIND_DISTANCES, 288, 32, DISTANCE_TABLE, DISTANCE_BITS);
  return OK;
}

/** The order in which a block gives the lengths of the codes of code lengths. */
// prettier-ignore
export const LENGTH_ORDER: usize = memory.data<u8>([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);

function dynamicTables(): i32 {
  if (--tablesLeft < 0) return TOO_MANY_TABLES;
  isFixed = false;
  refill();
  const literals = (<u32>bits & 31) + 257;
  const distances = ((<u32>bits >>> 5) & 31) + 1;
  const codes = ((<u32>bits >>> 10) & 15) + 4;
  drop(14);
  if (literals > 286 || distances > 30) return DAMAGED;
  memory.fill(LENGTHS, 0, 19);
  for (let i: u32 = 0; i < codes; i++) {
    refill();
    store<u8>(LENGTHS + load<u8>(LENGTH_ORDER + i), <u32>bits & 7);
    drop(3);
  }
  if (!makeTable(KIND_LENGTHS, 0, 19, LENGTH_CODE_TABLE, 7)) return DAMAGED;
  const count = literals + distances;
  let at: u32 = 0;
  while (at < count) {
    if (next > inputEnd + 8) return TRUNCATED;
    refill();
    const entry = load<u32>(LENGTH_CODE_TABLE + ((<usize>bits & 127) << 2));
    const symbol = entry >>> 16;
    drop(entry & 15);
    if (symbol < 16) {
      store<u8>(LENGTHS + at, symbol);
      at++;
      continue;
    }
    let value: u8 = 0;
    let times: u32;
    if (symbol == 16) {
      if (at == 0) return DAMAGED;
      value = load<u8>(LENGTHS + at - 1);
      times = 3 + (<u32>bits & 3);
      drop(2);
    } else if (symbol == 17) {
      times = 3 + (<u32>bits & 7);
      drop(3);
    } else {
      times = 11 + (<u32>bits & 127);
      drop(7);
    }
    if (at + times > count) return DAMAGED;
    memory.fill(LENGTHS + at, value, times);
    at += times;
  }
  if (load<u8>(LENGTHS + 256) == 0) return DAMAGED;
  if (!makeTable(KIND_LITERALS, 0, literals, LITERAL_TABLE, LITERAL_BITS)) return DAMAGED;
  return makeTable(KIND_DISTANCES, literals, distances, DISTANCE_TABLE, DISTANCE_BITS) ? OK : DAMAGED;
}

/** Makes room for records by giving them up. */
function forget(): void {
  token = tokensFrom;
  step = 0;
}

/** Literals before a match that are more than its record can say. */
function longRun(to: usize): void {
  while (to - literalsFrom >= LITERALS_MAX) {
    store<u32>(token, LITERALS_MAX << 23);
    token += step;
    if (token >= tokensEnd) forget();
    literalsFrom += LITERALS_MAX;
  }
}

/** The entry in the sub-table that `entry` leads to. */
@inline
function below(table: usize, entry: u32, buffer: u64): u32 {
  return load<u32>(table + (((entry >>> 16) + (<u32>buffer & ((1 << ((entry >>> 8) & 15)) - 1))) << 2));
}

/** Length or distance: the entry's first one, and the extra bits of `before`, which begins with the code. */
@inline
function valueOf(entry: u32, before: u64): usize {
  return (entry >>> 16) + ((<u32>before & ((1 << (entry & 31)) - 1)) >>> ((entry >>> 8) & 15));
}

/** Copies a match to [to, end), up to 32 bytes too far. */
@inline
function copyMatch(from: usize, to: usize, end: usize, distance: usize): void {
  if (distance >= 16) {
    do {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
      from += 32;
      to += 32;
    } while (to < end);
  } else if (distance == 1) {
    const byte = i8x16.splat(load<u8>(from));
    do {
      v128.store(to, byte);
      to += 16;
    } while (to < end);
  } else {
    // Of 8 bytes as many are right as the distance is long; those behind them are written again.
    const width = min<usize>(distance, 8);
    do {
      store<u64>(to, load<u64>(from));
      from += width;
      to += width;
    } while (to < end);
  }
}

/** Symbols up to the end of the block. The stream's state is in locals for as long as it runs. */
function block(): i32 {
  let p = next;
  let buffer = bits;
  let left = loaded;
  let to = out;
  let result = OK;
  enough = min(limit, room);
  for (;;) {
    if (p > inputEnd + 8) result = TRUNCATED;
    else if (to > enough) result = grow(to);
    if (result != OK) break;
    let entry: u32 = 0;
    let before: u64 = 0;
    // 56 bits are three literals, or two and a length.
    let literals = 3;
    buffer |= load<u64>(p) << <u64>left;
    p += 7 - ((left >>> 3) & 7);
    left |= 56;
    do {
      entry = load<u32>(LITERAL_TABLE + ((<usize>buffer & LITERAL_MASK) << 2));
      before = buffer;
      buffer >>= <u64>entry;
      left -= entry;
      if (<i32>entry >= 0) break;
      store<u8>(to++, entry >>> 16);
    } while (--literals > 0);
    if (literals == 0) continue;
    if ((entry & IS_SUBTABLE) != 0) {
      entry = below(LITERAL_TABLE, entry, buffer);
      before = buffer;
      buffer >>= <u64>entry;
      left -= entry;
      if (<i32>entry < 0) {
        store<u8>(to++, entry >>> 16);
        continue;
      }
    }
    if ((entry & IS_RARE) != 0) {
      if ((entry & IS_END) == 0) result = DAMAGED;
      break;
    }
    const length = valueOf(entry, before);
    buffer |= load<u64>(p) << <u64>left;
    p += 7 - ((left >>> 3) & 7);
    left |= 56;
    entry = load<u32>(DISTANCE_TABLE + ((<usize>buffer & DISTANCE_MASK) << 2));
    before = buffer;
    buffer >>= <u64>entry;
    left -= entry;
    if ((entry & IS_SUBTABLE) != 0) {
      entry = below(DISTANCE_TABLE, entry, buffer);
      before = buffer;
      buffer >>= <u64>entry;
      left -= entry;
    }
    const distance = valueOf(entry, before);
    if ((entry & IS_RARE) != 0 || distance > to - member) {
      result = DAMAGED;
      break;
    }
    record(to, length, distance);
    copyMatch(to - distance, to, to + length, distance);
    to += length;
    literalsFrom = to;
  }
  next = p;
  bits = buffer;
  loaded = left;
  out = to;
  return result;
}

@inline
function record(to: usize, length: usize, distance: usize): void {
  if (to - literalsFrom >= LITERALS_MAX) longRun(to);
  store<u32>(token, (<u32>(to - literalsFrom) << 23) | ((<u32>length - 3) << 15) | (<u32>distance - 1));
  token += step;
  if (token > tokensEnd - 16) forget();
}
