import { varintLength, writeVarint } from './varint.kernel.ts';

/**
 * Changes to a request, found in one pass in order of position and then made in one copy: each patch puts a text (from a
 * scratch) in the place of a run of bytes, and the lengths of the messages around it are fixed up. The messages around
 * the place a pass is at are told by `enter`; one gets a row only when something inside it changes.
 *
 *   column   frame                           patch
 *   FROM     first byte of its length        first byte that goes
 *   TO       behind its last byte            behind the last byte that goes
 *   AT       first byte of its content       place of the text in the scratch
 *   SIZE     -1                              length of the text
 *   PARENT   row of the frame around it, -1 = none
 *   DELTA    how much its content grows
 */
const STRIDE = 6;
const FROM = 0;
const TO = 1;
const AT = 2;
const SIZE = 3;
const PARENT = 4;
const DELTA = 5;

/** Nesting of messages around a change. */
const DEPTH_MAX = 12;
/** 24 bytes each: a request may have so many, and one more per so many bytes of it. Honest ones have far fewer. */
const ROWS_FREE = 65_536;
const BYTES_PER_ROW = 8;
const ROWS_FIRST = 256;

export class Splices {
  count = 0;
  /** More changes than this request may have: the rows are void. */
  full = false;
  #rows = new Int32Array(ROWS_FIRST * STRIDE);
  #max = ROWS_FREE;
  /** Per depth: length's first byte, content, end, row. */
  readonly #frames = new Int32Array(DEPTH_MAX * 4);

  /** For a request of so many bytes. What a hostile one has made the rows grow to is given up. */
  begin(bytes: number): void {
    this.count = 0;
    this.full = false;
    this.#max = ROWS_FREE + Math.floor(bytes / BYTES_PER_ROW);
    if (this.#rows.length > ROWS_FREE * STRIDE) this.#rows = new Int32Array(ROWS_FIRST * STRIDE);
  }

  /** The pass goes into a message; `depth` counts from 1, the request itself is 0. */
  enter(depth: number, lengthStart: number, content: number, end: number): void {
    const frame = depth * 4;
    this.#frames[frame] = lengthStart;
    this.#frames[frame + 1] = content;
    this.#frames[frame + 2] = end;
    this.#frames[frame + 3] = -1;
  }

  /** Puts the text at `place` of the scratch where bytes [from, to) are; `depth` is the innermost message around them. */
  patch(depth: number, from: number, to: number, place: number, size: number): void {
    const parent = this.#frameRow(depth);
    const last = (this.count - 1) * STRIDE;
    const rows = this.#rows;
    // Neighbours of one message become one patch.
    const joins = this.count > 0 && rows[last + SIZE]! >= 0 && rows[last + TO] === from && rows[last + PARENT] === parent;
    if (joins && (size === 0 || rows[last + SIZE] === 0 || rows[last + AT]! + rows[last + SIZE]! === place)) {
      rows[last + TO] = to;
      if (rows[last + SIZE] === 0) rows[last + AT] = place;
      rows[last + SIZE] = rows[last + SIZE]! + size;
    } else this.#push(from, to, place, size, parent);
  }

  cut(depth: number, from: number, to: number): void {
    this.patch(depth, from, to, 0, 0);
  }

  /** Forgets all since there were `count` rows, all of it inside the message that the pass now leaves at `depth`. */
  rewind(count: number, depth: number): void {
    this.count = Math.min(this.count, count);
    for (let at = 1; at <= depth; at++) if (this.#frames[at * 4 + 3]! >= this.count) this.#frames[at * 4 + 3] = -1;
  }

  #frameRow(depth: number): number {
    if (depth === 0) return -1;
    const frame = depth * 4;
    const known = this.#frames[frame + 3]!;
    if (known >= 0) return known;
    const parent = this.#frameRow(depth - 1);
    const made = this.#push(this.#frames[frame]!, this.#frames[frame + 2]!, this.#frames[frame + 1]!, -1, parent);
    this.#frames[frame + 3] = made;
    return made;
  }

  #push(from: number, to: number, at: number, size: number, parent: number): number {
    if (this.count >= this.#max) {
      this.full = true;
      return Math.max(0, this.count - 1);
    }
    const base = this.count * STRIDE;
    if (base === this.#rows.length) {
      const grown = new Int32Array(this.#rows.length * 2);
      grown.set(this.#rows);
      this.#rows = grown;
    }
    const rows = this.#rows;
    rows[base + FROM] = from;
    rows[base + TO] = to;
    rows[base + AT] = at;
    rows[base + SIZE] = size;
    rows[base + PARENT] = parent;
    return this.count++;
  }

  /** Length of the result of a request of `length` bytes. To be asked before `write`. */
  measure(length: number): number {
    const rows = this.#rows;
    for (let row = 0; row < this.count; row++) rows[row * STRIDE + DELTA] = 0;
    let total = length;
    // Backwards: what is inside a frame stands behind it, so its sum is complete when it is reached.
    for (let row = this.count - 1; row >= 0; row--) {
      const base = row * STRIDE;
      const size = rows[base + SIZE]!;
      let delta = 0;
      if (size >= 0) delta = size - (rows[base + TO]! - rows[base + FROM]!);
      else {
        const content = rows[base + TO]! - rows[base + AT]!;
        const grown = rows[base + DELTA]!;
        if (grown !== 0) delta = grown + varintLength(content + grown) - (rows[base + AT]! - rows[base + FROM]!);
      }
      const parent = rows[base + PARENT]!;
      if (parent < 0) total += delta;
      else rows[parent * STRIDE + DELTA] = rows[parent * STRIDE + DELTA]! + delta;
    }
    return total;
  }

  /** Writes the result into `out`, which has the length that `measure` gave; returns what was written. */
  write(bytes: Uint8Array, scratch: Uint8Array, out: Uint8Array): number {
    const rows = this.#rows;
    let from = 0;
    let to = 0;
    for (let row = 0; row < this.count; row++) {
      const base = row * STRIDE;
      const size = rows[base + SIZE]!;
      if (size < 0 && rows[base + DELTA] === 0) continue;
      to = copy(bytes, from, rows[base + FROM]!, out, to);
      if (size >= 0) {
        to = copy(scratch, rows[base + AT]!, rows[base + AT]! + size, out, to);
        from = rows[base + TO]!;
      } else {
        to = writeVarint(out, to, rows[base + TO]! - rows[base + AT]! + rows[base + DELTA]!);
        from = rows[base + AT]!;
      }
    }
    return copy(bytes, from, bytes.length, out, to);
  }
}

/** A call into the engine's memmove costs about 60 ns: short runs are cheaper by hand. */
function copy(bytes: Uint8Array, start: number, end: number, out: Uint8Array, to: number): number {
  const length = end - start;
  if (length > 48) out.set(bytes.subarray(start, end), to);
  else for (let i = 0; i < length; i++) out[to + i] = bytes[start + i]!;
  return to + length;
}
