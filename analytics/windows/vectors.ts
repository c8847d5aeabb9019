import duckdb from '@duckdb/node-bindings';
import { LongTexts } from './long-texts.ts';

/**
 * Writing into the vectors of a DuckDB chunk from typed arrays: plain copies where the layouts agree, no call per value but
 * for texts over a kilobyte. A vector is written from its first row on; a chunk has CHUNK_ROWS at most.
 */
export const CHUNK_ROWS = 2048;

export type Vector = duckdb.Vector;
type Words = Uint32Array | Int32Array | Float64Array | Uint8Array;

/** What fits into DuckDB's string_t beside its length. */
const INLINE_BYTES = 12;
const STRING_BYTES = 16;
const STRING_WORDS = 4;
const ENTRY_WORDS = 4;

/** Rows [from, from + count) of a column whose elements DuckDB lays out alike; `perRow` array elements make one. */
export function copyColumn(vector: Vector, column: Words, from: number, count: number, perRow = 1): void {
  const size = column.BYTES_PER_ELEMENT * perRow;
  duckdb.copy_data_to_vector(vector, 0, column.buffer as ArrayBuffer, column.byteOffset + from * size, count * size);
}

/** Marks the rows as NULL whose bit is not in `present`. */
export function copyNulls(vector: Vector, present: Uint8Array, bit: number, from: number, count: number): void {
  const valid = new Uint8Array(CHUNK_ROWS / 8);
  for (let i = 0; i < count; i++) if ((present[from + i]! & bit) !== 0) valid[i >>> 3]! |= 1 << (i & 7);
  duckdb.vector_ensure_validity_writable(vector);
  duckdb.copy_data_to_vector_validity(vector, 0, valid.buffer, 0, valid.length);
}

/** Latest time that DuckDB does not take for infinity: in the year 2262. */
const TIME_HIGH_MAX = 0x7fff_ffff;
const TIME_LOW_MAX = 0xffff_fffe;

/** Nanoseconds since 1970 as TIMESTAMP_NS, which ends in the year 2262: later ones become that. */
export function copyTimes(vector: Vector, times: Uint32Array, from: number, count: number): void {
  let isFit = true;
  for (let i = from; i < from + count; i++) if (times[2 * i + 1]! >= TIME_HIGH_MAX) isFit = false;
  if (isFit) {
    copyColumn(vector, times, from, count, 2);
    return;
  }
  const fit = times.slice(2 * from, 2 * (from + count));
  for (let i = 0; i < count; i++) {
    if (fit[2 * i + 1]! < TIME_HIGH_MAX) continue;
    fit[2 * i] = TIME_LOW_MAX;
    fit[2 * i + 1] = TIME_HIGH_MAX;
  }
  copyColumn(vector, fit, 0, count, 2);
}

/** Texts for one vector: their entries are laid out here and copied at once. */
export class Texts {
  #words = new Uint32Array(CHUNK_ROWS * STRING_WORDS);
  #bytes = new Uint8Array(this.#words.buffer);
  readonly #long = new LongTexts();
  /** Rows added since the last `write`. */
  count = 0;

  add(bytes: Uint8Array, start: number, end: number): void {
    const row = this.count++;
    if (this.count * STRING_WORDS > this.#words.length) this.#grow();
    const length = end - start;
    if (length > INLINE_BYTES) {
      this.#long.add(this.#words, row, bytes, start, end);
      return;
    }
    const at = row * STRING_BYTES;
    const word = row * STRING_WORDS;
    this.#words[word] = 0;
    this.#words[word + 1] = 0;
    this.#words[word + 2] = 0;
    this.#words[word + 3] = 0;
    this.#words[word] = length;
    for (let i = 0; i < length; i++) this.#bytes[at + 4 + i] = bytes[start + i]!;
  }

  addText(text: string): void {
    const bytes = Buffer.from(text);
    this.add(bytes, 0, bytes.length);
  }

  /** All texts, from the vector's first row on. Forgets them. */
  write(vector: Vector): void {
    this.#long.gather(vector, this.#words);
    copyColumn(vector, this.#words, 0, this.count, STRING_WORDS);
    this.#long.assign(vector);
    this.count = 0;
  }

  #grow(): void {
    const grown = new Uint32Array(this.#words.length * 2);
    grown.set(this.#words);
    this.#words = grown;
    this.#bytes = new Uint8Array(grown.buffer);
  }
}

/** Where the elements of each row's list lie. */
class Entries {
  #words = new Uint32Array(CHUNK_ROWS * ENTRY_WORDS);
  rows = 0;
  /** Elements over all rows. */
  size = 0;

  add(elements: number): void {
    const at = this.rows * ENTRY_WORDS;
    if (at === this.#words.length) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[at] = this.size;
    this.#words[at + 1] = 0;
    this.#words[at + 2] = elements;
    this.#words[at + 3] = 0;
    this.rows += 1;
    this.size += elements;
  }

  /** Returns the vector of the elements, with room for all of them. */
  write(vector: Vector): Vector {
    copyColumn(vector, this.#words, 0, this.rows, ENTRY_WORDS);
    duckdb.list_vector_reserve(vector, this.size);
    duckdb.list_vector_set_size(vector, this.size);
    this.rows = 0;
    this.size = 0;
    return duckdb.list_vector_get_child(vector);
  }
}

/** Lists of 8-byte numbers, which stand in a heap as DuckDB has them. */
export class NumberLists {
  readonly #entries = new Entries();
  #bytes = new Uint8Array(4096);
  #length = 0;

  add(heap: Uint8Array, start: number, end: number): void {
    const length = end - start;
    if (this.#length + length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + length));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    this.#bytes.set(heap.subarray(start, end), this.#length);
    this.#length += length;
    this.#entries.add(length / 8);
  }

  write(vector: Vector): void {
    const elements = this.#entries.write(vector);
    if (this.#length > 0) duckdb.copy_data_to_vector(elements, 0, this.#bytes.buffer, 0, this.#length);
    this.#length = 0;
  }
}

/** MAP(VARCHAR, VARCHAR). */
export class Maps {
  readonly #entries = new Entries();
  readonly #keys = new Texts();
  readonly #values = new Texts();

  add(pairs: readonly (readonly [key: string, value: string])[]): void {
    for (const [key, value] of pairs) {
      this.#keys.addText(key);
      this.#values.addText(value);
    }
    this.#entries.add(pairs.length);
  }

  /** The same for texts that stand in `bytes` as UTF-8, one pair after the other; `endRow` closes their map. */
  addKey(bytes: Uint8Array, start: number, end: number): void {
    this.#keys.add(bytes, start, end);
  }
  addValue(bytes: Uint8Array, start: number, end: number): void {
    this.#values.add(bytes, start, end);
  }
  addValueText(text: string): void {
    this.#values.addText(text);
  }
  endRow(pairs: number): void {
    this.#entries.add(pairs);
  }

  write(vector: Vector): void {
    const pairs = this.#entries.write(vector);
    this.#keys.write(duckdb.struct_vector_get_child(pairs, 0));
    this.#values.write(duckdb.struct_vector_get_child(pairs, 1));
  }
}

/** A member of the structs in a list: takes what `add` of its own is given and writes it into a vector. */
export interface Member {
  write(vector: Vector): void;
}

/** Lists of structs: the members are filled element by element, `endRow` closes a row. */
export class StructLists {
  readonly #entries = new Entries();
  readonly #members: readonly Member[];

  constructor(members: readonly Member[]) {
    this.#members = members;
  }

  endRow(elements: number): void {
    this.#entries.add(elements);
  }

  write(vector: Vector): void {
    const elements = this.#entries.write(vector);
    for (const [i, member] of this.#members.entries()) member.write(duckdb.struct_vector_get_child(elements, i));
  }
}

/** Numbers of 8 bytes for members of structs. */
export class Words64 implements Member {
  #words = new Uint32Array(512);
  #count = 0;

  add(low: number, high: number): void {
    this.#reserve();
    this.#words[2 * this.#count] = low;
    this.#words[2 * this.#count + 1] = high;
    this.#count += 1;
  }

  /** Nanoseconds since 1970. */
  addTime(low: number, high: number): void {
    if (high >>> 0 >= TIME_HIGH_MAX) this.add(TIME_LOW_MAX, TIME_HIGH_MAX);
    else this.add(low, high);
  }

  addDouble(value: number): void {
    DOUBLE[0] = value;
    this.add(DOUBLE_WORDS[0]!, DOUBLE_WORDS[1]!);
  }

  write(vector: Vector): void {
    copyColumn(vector, this.#words, 0, this.#count, 2);
    this.#count = 0;
  }

  #reserve(): void {
    if (2 * this.#count < this.#words.length) return;
    const grown = new Uint32Array(this.#words.length * 2);
    grown.set(this.#words);
    this.#words = grown;
  }
}

const DOUBLE = new Float64Array(1);
const DOUBLE_WORDS = new Uint32Array(DOUBLE.buffer);
