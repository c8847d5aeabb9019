import { flush, heldBits, heldCount, put, resumeAt, writtenTo } from './bit-writer.ts';
import { makeCode } from './code.ts';
import { LENGTH_BASES, LENGTH_EXTRAS } from './decode-table.ts';
import { LENGTH_ORDER } from './inflate.ts';
import {
  DISTANCE_CODES,
  DISTANCE_COUNTS,
  HEADER,
  HEADER_CODES,
  HEADER_COUNTS,
  LENGTHS,
  LITERAL_CODES,
  LITERAL_COUNTS,
  MATCH_CODES,
  MATCH_COUNTS,
  TOKENS,
} from './memory.ts';

/**
 * One block of deflate with codes of its own: matches are gathered as in inflate.ts, with the literals before each, and
 * counted as they come; then the codes are made and everything is written in a second pass.
 */
const LITERALS_MAX: usize = 511;
/** Matches and runs in one block. */
const TOKENS_MAX: usize = 32768;
const TOKENS_END: usize = TOKENS + 4 * (TOKENS_MAX - 8);
const END_OF_BLOCK: u32 = 256;
const LITERAL_SYMBOLS: u32 = 286;
const DISTANCE_SYMBOLS: u32 = 30;

/** What the block covers: bytes from `blockFrom`; the literals from `literalsFrom` on are in no token yet. */
let blockFrom: usize = 0;
let literalsFrom: usize = 0;
let token: usize = TOKENS;

/** A block begins at `from`. */
export function beginBlock(from: usize): void {
  blockFrom = from;
  literalsFrom = from;
  token = TOKENS;
  memory.fill(LITERAL_COUNTS, 0, 4 * 288);
  memory.fill(DISTANCE_COUNTS, 0, 4 * 32);
  memory.fill(MATCH_COUNTS, 0, 4 * 256);
}

@inline
function tally(from: usize, to: usize): void {
  for (let at = from; at < to; at++) {
    const place = LITERAL_COUNTS + (<usize>load<u8>(at) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
}

/** The symbol of a distance less one. */
@inline
function distanceSymbol(x: u32): u32 {
  if (x < 4) return x;
  const n = 31 - clz<u32>(x);
  return (n << 1) + ((x >>> (n - 1)) & 1);
}

/** A match at `at`, `length` 3 to 258, `distance` 1 to 32,768; what lies between it and the last one are literals. */
export function match(at: usize, length: u32, distance: u32): void {
  while (at - literalsFrom >= LITERALS_MAX) {
    tally(literalsFrom, literalsFrom + LITERALS_MAX);
    store<u32>(token, <u32>LITERALS_MAX << 23);
    token += 4;
    literalsFrom += LITERALS_MAX;
    if (token >= TOKENS_END) writeBlock(literalsFrom);
  }
  tally(literalsFrom, at);
  store<u32>(token, (<u32>(at - literalsFrom) << 23) | ((length - 3) << 15) | (distance - 1));
  token += 4;
  literalsFrom = at + length;
  let place = MATCH_COUNTS + ((length - 3) << 2);
  store<u32>(place, load<u32>(place) + 1);
  place = DISTANCE_COUNTS + (distanceSymbol(distance - 1) << 2);
  store<u32>(place, load<u32>(place) + 1);
  if (token >= TOKENS_END) writeBlock(literalsFrom);
}

/** The last block of a segment that ends at `end`. */
export function endBlock(end: usize): void {
  tally(literalsFrom, end);
  if (end > blockFrom) writeBlock(end);
}

/** Writes what was gathered, literals up to `end` included, and begins the next block there. */
function writeBlock(end: usize): void {
  store<u32>(LITERAL_COUNTS + 4 * END_OF_BLOCK, 1);
  let length: usize = 0;
  for (let symbol: usize = 0; symbol < 29; symbol++) {
    const last: usize = symbol == 28 ? 255 : symbol == 27 ? 254 : load<u16>(LENGTH_BASES + ((symbol + 1) << 1)) - 4;
    let times: u32 = 0;
    for (; length <= last; length++) times += load<u32>(MATCH_COUNTS + (length << 2));
    store<u32>(LITERAL_COUNTS + ((257 + symbol) << 2), times);
  }
  makeCode(LITERAL_COUNTS, LITERAL_SYMBOLS, LITERAL_CODES, 15);
  makeCode(DISTANCE_COUNTS, DISTANCE_SYMBOLS, DISTANCE_CODES, 15);
  writeHeader();
  matchCodes();
  writeTokens(end);
  beginBlock(end);
}

/** The code of every length, extra bits behind it. */
function matchCodes(): void {
  let length: u32 = 0;
  for (let symbol: u32 = 0; symbol < 29; symbol++) {
    const code = load<u32>(LITERAL_CODES + ((257 + symbol) << 2));
    const bits = code >>> 16;
    const extra: u32 = load<u8>(LENGTH_EXTRAS + symbol);
    const first: u32 = <u32>load<u16>(LENGTH_BASES + (symbol << 1)) - 3;
    const last: u32 = symbol == 28 ? 255 : min(first + (1 << extra) - 1, 254);
    for (length = first; length <= last; length++) {
      store<u32>(MATCH_CODES + (length << 2), ((bits + extra) << 24) | ((length - first) << bits) | (code & 0xffff));
    }
  }
}

/** RFC 1951, 3.2.7. */
function writeHeader(): void {
  let literals = LITERAL_SYMBOLS;
  while (literals > 257 && load<u32>(LITERAL_CODES + ((literals - 1) << 2)) == 0) literals--;
  let distances = DISTANCE_SYMBOLS;
  while (distances > 1 && load<u32>(DISTANCE_CODES + ((distances - 1) << 2)) == 0) distances--;
  for (let i: u32 = 0; i < literals; i++) store<u8>(LENGTHS + i, load<u32>(LITERAL_CODES + (i << 2)) >>> 16);
  for (let i: u32 = 0; i < distances; i++) store<u8>(LENGTHS + literals + i, load<u32>(DISTANCE_CODES + (i << 2)) >>> 16);
  const end = runs(literals + distances);
  makeCode(HEADER_COUNTS, 19, HEADER_CODES, 7);
  let codes: u32 = 19;
  while (codes > 4 && load<u32>(HEADER_CODES + (<u32>load<u8>(LENGTH_ORDER + codes - 1) << 2)) == 0) codes--;
  put(2 << 1, 3);
  put(literals - 257, 5);
  put(distances - 1, 5);
  put(codes - 4, 4);
  flush();
  for (let i: u32 = 0; i < codes; i++) {
    put(load<u32>(HEADER_CODES + (<u32>load<u8>(LENGTH_ORDER + i) << 2)) >>> 16, 3);
    flush();
  }
  for (let at = HEADER; at < end; at += 2) {
    const symbol = <u32>load<u8>(at);
    const code = load<u32>(HEADER_CODES + (symbol << 2));
    put(code & 0xffff, code >>> 16);
    if (symbol >= 16) put(load<u8>(at, 1), symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
    flush();
  }
}

@inline
function header(at: usize, symbol: u32, extra: u32): usize {
  store<u8>(at, symbol);
  store<u8>(at, extra, 1);
  const place = HEADER_COUNTS + (symbol << 2);
  store<u32>(place, load<u32>(place) + 1);
  return at + 2;
}

/** The `count` code lengths at LENGTHS as symbols at HEADER, runs shortened, and counted; returns their end. */
function runs(count: u32): usize {
  memory.fill(HEADER_COUNTS, 0, 4 * 19);
  let at = HEADER;
  let i: u32 = 0;
  while (i < count) {
    const value: u32 = load<u8>(LENGTHS + i);
    let end = i + 1;
    while (end < count && load<u8>(LENGTHS + end) == value) end++;
    let run = end - i;
    i = end;
    if (value == 0) {
      while (run >= 11) {
        const part = min<u32>(run, 138);
        at = header(at, 18, part - 11);
        run -= part;
      }
      if (run >= 3) {
        at = header(at, 17, run - 3);
        run = 0;
      }
    } else {
      at = header(at, value, 0);
      run--;
      while (run >= 3) {
        const part = min<u32>(run, 6);
        at = header(at, 16, part - 3);
        run -= part;
      }
    }
    for (; run > 0; run--) at = header(at, value, 0);
  }
  return at;
}

/** All tokens, the literals up to `end`, and the end of the block. The bits are in locals for as long as it runs. */
function writeTokens(end: usize): void {
  let buffer = heldBits();
  let held = heldCount();
  let to = writtenTo();
  let from = blockFrom;
  for (let at = TOKENS; ; at += 4) {
    const isLast = at >= token;
    const value = isLast ? 0 : load<u32>(at);
    const literals: usize = value >>> 23;
    const until = isLast ? end : from + literals;
    // Three codes of at most 15 bits between two stores.
    for (; from + 3 <= until; from += 3) {
      let code = load<u32>(LITERAL_CODES + (<usize>load<u8>(from) << 2));
      buffer |= <u64>(code & 0xffff) << <u64>held;
      held += code >>> 16;
      code = load<u32>(LITERAL_CODES + (<usize>load<u8>(from, 1) << 2));
      buffer |= <u64>(code & 0xffff) << <u64>held;
      held += code >>> 16;
      code = load<u32>(LITERAL_CODES + (<usize>load<u8>(from, 2) << 2));
      buffer |= <u64>(code & 0xffff) << <u64>held;
      held += code >>> 16;
      store<u64>(to, buffer);
      to += held >>> 3;
      buffer >>= <u64>(held & ~7);
      held &= 7;
    }
    for (; from < until; from++) {
      const code = load<u32>(LITERAL_CODES + (<usize>load<u8>(from) << 2));
      buffer |= <u64>(code & 0xffff) << <u64>held;
      held += code >>> 16;
    }
    store<u64>(to, buffer);
    to += held >>> 3;
    buffer >>= <u64>(held & ~7);
    held &= 7;
    if (isLast) break;
    if (literals == LITERALS_MAX) continue;
    // At most 7 + 20 + 28 bits.
    const length = (value >>> 15) & 255;
    const code = load<u32>(MATCH_CODES + (length << 2));
    buffer |= <u64>(code & 0xffffff) << <u64>held;
    held += code >>> 24;
    const x = value & 0x7fff;
    const symbol = distanceSymbol(x);
    const extra = max(<i32>(symbol >>> 1) - 1, 0);
    const distance = load<u32>(DISTANCE_CODES + (symbol << 2));
    const bits = distance >>> 16;
    buffer |= <u64>((distance & 0xffff) | ((x & ((1 << extra) - 1)) << bits)) << <u64>held;
    held += bits + extra;
    store<u64>(to, buffer);
    to += held >>> 3;
    buffer >>= <u64>(held & ~7);
    held &= 7;
    from += length + 3;
  }
  resumeAt(to, buffer, held);
  const code = load<u32>(LITERAL_CODES + 4 * END_OF_BLOCK);
  put(code & 0xffff, code >>> 16);
  flush();
}
