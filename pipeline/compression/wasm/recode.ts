import { beginBlock, endBlock, match } from './block-writer.ts';

/**
 * A segment that was made from a compressed request by copying parts of it and putting texts between them, compressed
 * again without looking for matches: those that the sender found are carried over. A match whose source was copied in
 * one piece stays one, its distance corrected by what came or went in between; of others what is left of them does.
 */

/** A copy: first and last + 1 byte of the request, and where it stands in the segment. */
const COPY_BYTES: usize = 12;
const DISTANCE_MAX: usize = 32768;
const LENGTH_MIN: usize = 3;
const LENGTH_MAX: usize = 258;
/** Shorter texts are cheaper as literals than looked at. */
const TEXT_MIN: usize = 4;
/** The table of copies has a cell per so many bytes of the request. */
const CELL_SHIFT: usize = 5;

/** The text that was put in last, and its length; 0 = none. */
let textAt: usize = 0;
let textLength: usize = 0;

@inline
function firstOf(copy: usize): usize {
  return load<u32>(copy);
}
@inline
function endOf(copy: usize): usize {
  return load<u32>(copy, 4);
}
@inline
function placeOf(copy: usize): usize {
  return load<u32>(copy, 8);
}

/** The first copy that ends behind byte `source` of the request. */
@inline
function copyAt(index: usize, source: usize): usize {
  let copy = <usize>load<u32>(index + ((source >>> CELL_SHIFT) << 2));
  while (endOf(copy) <= source) copy += COPY_BYTES;
  return copy;
}

/** Per cell of the request the first copy that ends behind the cell's first byte; `count` copies at `copies`. */
function indexCopies(copies: usize, count: usize, sourceLength: usize, index: usize): void {
  // Behind the last one: nothing is copied from there on.
  store<u32>(copies + count * COPY_BYTES, 0x7fffffff);
  store<u32>(copies + count * COPY_BYTES, 0x7fffffff, 4);
  let cell: usize = 0;
  for (let i: usize = 0; i < count; i++) {
    const end = <usize>load<u32>(copies + i * COPY_BYTES, 4);
    for (; cell << CELL_SHIFT < end; cell++) store<u32>(index + (cell << 2), copies + i * COPY_BYTES);
  }
  for (; cell << CELL_SHIFT <= sourceLength; cell++) store<u32>(index + (cell << 2), copies + count * COPY_BYTES);
}

/**
 * Writes the `length` bytes at `data` as blocks. `tokens` as inflate.ts records them, `tokenCount` of them, for a request
 * of `sourceLength` bytes; `copyCount` copies at `copies`, rising in both coordinates, room for one more behind them;
 * `index`: room for an int32 per 32 bytes of the request, and one.
 */
export function recode(
  data: usize,
  length: usize,
  tokens: usize,
  tokenCount: usize,
  copies: usize,
  copyCount: usize,
  sourceLength: usize,
  index: usize,
): void {
  const copiesEnd = copies + copyCount * COPY_BYTES;
  indexCopies(copies, copyCount, sourceLength, index);
  const tokensEnd = tokens + (tokenCount << 2);
  textLength = 0;
  beginBlock(data);
  let at = data;
  let p: usize = 0;
  let token = tokens;
  let literals: usize = 0;
  let matched: usize = 0;
  let distance: usize = 0;
  for (let copy = copies; copy < copiesEnd; copy += COPY_BYTES) {
    const from = firstOf(copy);
    const end = endOf(copy);
    const to = data + placeOf(copy);
    if (to > at) insert(at, to);
    // Place in the segment of byte 0 of the request, were all of it copied as this part is.
    const base = to - from;
    for (;;) {
      if (literals == 0 && matched == 0) {
        if (p >= end) break;
        if (token < tokensEnd) {
          const value = load<u32>(token);
          token += 4;
          literals = value >>> 23;
          matched = literals == 511 ? 0 : ((value >>> 15) & 255) + 3;
          distance = (value & 0x7fff) + 1;
        } else literals = sourceLength - p;
      }
      // Of what was cut out before this part nothing is written.
      if (p < from) {
        const cut = min(literals > 0 ? literals : matched, from - p);
        p += cut;
        if (literals > 0) literals -= cut;
        else matched -= cut;
        continue;
      }
      const run = min(literals, end - p);
      p += run;
      literals -= run;
      if (p >= end) break;
      if (literals > 0 || matched == 0) continue;
      const part = carry(data, base + p, p, min(matched, end - p), distance, from, index);
      p += part;
      matched -= part;
    }
    at = base + end;
  }
  if (data + length > at) insert(at, data + length);
  endBlock(data + length);
}

/**
 * The first part of a match of `most` bytes at byte `p` of the request, which stands at `at` in the segment and in the
 * part that is copied from byte `from` on: written as a match where that is one still. Returns its length.
 */
@inline
function carry(data: usize, at: usize, p: usize, most: usize, distance: usize, from: usize, index: usize): usize {
  const source = p - distance;
  if (source >= from) {
    if (most >= LENGTH_MIN) match(at, <u32>most, <u32>distance);
    return most;
  }
  const origin = copyAt(index, source);
  const first = firstOf(origin);
  if (first > source) return min(most, first - source);
  const part = min(most, endOf(origin) - source);
  const now = at - (data + placeOf(origin) + source - first);
  if (part >= LENGTH_MIN && now <= DISTANCE_MAX) match(at, <u32>part, <u32>now);
  return part;
}

/** A text between two copies: a match if it is the one that was put in before, else literals. */
function insert(from: usize, to: usize): void {
  const length = to - from;
  if (length < TEXT_MIN) return;
  if (length == textLength && from - textAt <= DISTANCE_MAX && memory.compare(from, textAt, length) == 0) {
    const distance = <u32>(from - textAt);
    let at = from;
    while (to - at > LENGTH_MAX) {
      const part = to - at < LENGTH_MAX + LENGTH_MIN ? LENGTH_MAX - LENGTH_MIN : LENGTH_MAX;
      match(at, <u32>part, distance);
      at += part;
    }
    match(at, <u32>(to - at), distance);
  }
  textAt = from;
  textLength = length;
}
