import duckdb from '@duckdb/node-bindings';

/**
 * Texts of one vector that do not fit into DuckDB's string_t (16 bytes: length, then 12 bytes of text, or 4 of it and a
 * pointer). DuckDB copies a text into the vector's memory by one call each, 0.3 us. Here they go over all at once, as the
 * text of the first row; it tells where that lies, and the entries are made to point into it.
 */
const STRING_BYTES = 16;
const STRING_WORDS = 4;
const POINTER_WORD = 2;
const PREFIX_BYTES = 4;
/** Of longer ones the call is the smaller part. */
const GATHERED_TEXT_BYTES = 1024;
/** Taken together at most; what comes after them has calls of its own. */
const GATHERED_BYTES = 2 ** 20;
const FIRST_BYTES = 2 ** 14;
/** From here on a native copy beats a loop. */
const COPY_LOOP_BYTES = 64;
const WORD = 2 ** 32;

const NONE = new Uint8Array(STRING_BYTES);

type Vector = duckdb.Vector;

export class LongTexts {
  #gathered = new Uint8Array(0);
  #length = 0;
  readonly #gatheredRows: number[] = [];
  readonly #otherRows: number[] = [];
  readonly #others: Uint8Array[] = [];

  /** The text [start, end), over 12 bytes, of a row whose string_t stands in `entries`, which it fills. `bytes` must stay. */
  add(entries: Uint32Array, row: number, bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const word = row * STRING_WORDS;
    // What begins within a character would mend a text before it that ends in one.
    const isTorn = (bytes[start]! & 0xc0) === 0x80;
    if (isTorn || length > GATHERED_TEXT_BYTES || this.#length + length > GATHERED_BYTES) {
      entries.fill(0, word, word + STRING_WORDS);
      this.#otherRows.push(row);
      this.#others.push(bytes.subarray(start, end));
      return;
    }
    if (this.#length + length > this.#gathered.length) this.#grow();
    const to = this.#gathered;
    const at = this.#length;
    if (length > COPY_LOOP_BYTES) to.set(bytes.subarray(start, end), at);
    else for (let i = 0; i < length; i++) to[at + i] = bytes[start + i]!;
    entries[word] = length;
    entries[word + 1] = to[at]! | (to[at + 1]! << 8) | (to[at + 2]! << 16) | (to[at + 3]! << 24);
    // Where it begins in what is gathered, until that has an address.
    entries[word + POINTER_WORD] = at;
    entries[word + POINTER_WORD + 1] = 0;
    this.#gatheredRows.push(row);
    this.#length += length;
  }

  /** To be called before the entries are copied to the vector: they point to their texts afterwards. */
  gather(vector: Vector, entries: Uint32Array): void {
    if (this.#length === 0) return;
    const text = this.#gathered.subarray(0, this.#length);
    // What stood there from an earlier chunk must not be taken for the answer.
    duckdb.copy_data_to_vector(vector, 0, NONE.buffer, 0, STRING_BYTES);
    duckdb.vector_assign_string_element_len(vector, 0, text);
    const first = duckdb.vector_get_data(vector, STRING_BYTES);
    const view = new DataView(first.buffer, first.byteOffset, STRING_BYTES);
    if (view.getUint32(0, true) === this.#length) {
      const low = view.getUint32(STRING_BYTES / 2, true);
      const high = view.getUint32(STRING_BYTES / 2 + PREFIX_BYTES, true);
      for (const row of this.#gatheredRows) {
        const at = row * STRING_WORDS + POINTER_WORD;
        const pointer = low + entries[at]!;
        entries[at] = pointer;
        entries[at + 1] = pointer < WORD ? high : high + 1;
      }
    } else this.#separate(vector, entries);
    this.#gatheredRows.length = 0;
    this.#length = 0;
  }

  /** To be called after that. Forgets the texts. */
  assign(vector: Vector): void {
    for (let i = 0; i < this.#otherRows.length; i++)
      duckdb.vector_assign_string_element_len(vector, this.#otherRows[i]!, this.#others[i]!);
    this.#otherRows.length = 0;
    this.#others.length = 0;
  }

  /** One of them is no UTF-8: DuckDB takes none, and has made the first row NULL. One by one only that becomes NULL. */
  #separate(vector: Vector, entries: Uint32Array): void {
    duckdb.copy_data_to_vector_validity(vector, 0, new Uint8Array(8).fill(0xff).buffer, 0, 8);
    for (const row of this.#gatheredRows) {
      const word = row * STRING_WORDS;
      const start = entries[word + POINTER_WORD]!;
      this.#otherRows.push(row);
      this.#others.push(this.#gathered.slice(start, start + entries[word]!));
      entries.fill(0, word, word + STRING_WORDS);
    }
  }

  #grow(): void {
    const grown = new Uint8Array(Math.max(FIRST_BYTES, this.#gathered.length * 2));
    grown.set(this.#gathered.subarray(0, this.#length));
    this.#gathered = grown;
  }
}
