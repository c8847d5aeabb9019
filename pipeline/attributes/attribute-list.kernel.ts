import { FieldReader } from '../otlp/field-reader.kernel.ts';
import type { Splices } from '../otlp/splices.kernel.ts';
import { equals, sameRun } from '../otlp/same-bytes.kernel.ts';
import { varintLength } from '../otlp/varint.kernel.ts';
import type { ScratchBytes } from './scratch-bytes.kernel.ts';

/**
 * The attributes of one message while actions work on them: a row of integers for each that an action may touch, none
 * for the others. Keys of the configuration have a number (slot). Rows are used again for the next message.
 *
 *   FIELD, FIELD_END   the whole field in the request, -1 for one that was added
 *   KEY, KEY_END       its key in the request; of one that has a slot the slot's key counts
 *   VALUE, VALUE_END   its AnyValue; WHERE says in what
 *   SLOT               number of its key, -1 = no key of the configuration
 *   STATE              SAME | CHANGED | DELETED
 */
export const STRIDE = 9;
export const FIELD = 0;
export const FIELD_END = 1;
export const KEY = 2;
export const KEY_END = 3;
export const VALUE = 4;
export const VALUE_END = 5;
export const WHERE = 6;
export const SLOT = 7;
export const STATE = 8;

export const IN_REQUEST = 0;
export const IN_SCRATCH = 1;

const SAME = 0;
const CHANGED = 1;
const DELETED = 2;
const ROWS_FIRST = 64;
/** More attributes on one message than this, and its request is not worked on. */
const ROWS_MAX = 65_536;

export class AttributeList {
  rows = new Int32Array(ROWS_FIRST * STRIDE);
  count = 0;
  /** Of the message: its bytes and where its content ends. */
  bytes: Uint8Array = new Uint8Array(0);
  end = 0;
  changed = false;
  /** There are more than may be worked on: the rows are void. */
  full = false;
  readonly #keys: readonly Uint8Array[];
  /** Every attribute gets a row, not only those with a slot. */
  readonly #all: boolean;
  readonly #scratch: ScratchBytes;
  /** Per slot: its first row that is not deleted, -1 = none. */
  readonly #first: Int32Array;
  /** 1 for each length that a key of the configuration has; index 255 = that and more. */
  readonly #lengths = new Uint8Array(256);
  #repeated = false;
  readonly #list = new FieldReader();
  readonly #pair = new FieldReader();

  constructor(keys: readonly Uint8Array[], all: boolean, scratch: ScratchBytes) {
    this.#keys = keys;
    this.#all = all;
    this.#scratch = scratch;
    this.#first = new Int32Array(keys.length);
    for (const key of keys) this.#lengths[Math.min(key.length, 255)] = 1;
  }

  /** Reads the attributes of the message in [start, end), which are its repeated field `field`. */
  read(bytes: Uint8Array, start: number, end: number, field: number): void {
    this.bytes = bytes;
    this.end = end;
    this.count = 0;
    this.changed = false;
    this.#repeated = false;
    this.#first.fill(-1);
    this.full = false;
    const list = this.#list;
    list.begin(bytes, start, end);
    while (list.next()) if (list.number === field && list.wireType === 2) this.#attribute(list);
  }

  #attribute(around: FieldReader): void {
    const { bytes, valueStart, position } = around;
    // What every SDK writes begins with the key: most are told apart by its length.
    const isPlain = position - valueStart > 1 && bytes[valueStart] === 0x0a && bytes[valueStart + 1]! < 0x80;
    if (isPlain && !this.#all && this.#lengths[bytes[valueStart + 1]!] === 0) return;
    const pair = this.#pair;
    pair.begin(bytes, valueStart, position);
    let key = valueStart;
    let keyEnd = valueStart;
    let value = 0;
    let valueEnd = 0;
    while (pair.next()) {
      if (pair.number === 1) {
        key = pair.valueStart;
        keyEnd = pair.position;
      } else if (pair.number === 2) {
        value = pair.valueStart;
        valueEnd = pair.position;
      }
    }
    const slot = this.#slotOf(bytes, key, keyEnd);
    if (slot < 0 && !this.#all) return;
    const row = this.#push(around.start, position, slot);
    const base = row * STRIDE;
    this.rows[base + KEY] = key;
    this.rows[base + KEY_END] = keyEnd;
    this.rows[base + VALUE] = value;
    this.rows[base + VALUE_END] = valueEnd;
    this.rows[base + WHERE] = IN_REQUEST;
  }

  #slotOf(bytes: Uint8Array, start: number, end: number): number {
    if (this.#lengths[Math.min(end - start, 255)] === 0) return -1;
    for (let slot = 0; slot < this.#keys.length; slot++) if (equals(bytes, start, end, this.#keys[slot]!)) return slot;
    return -1;
  }

  #push(from: number, to: number, slot: number): number {
    if (this.count >= ROWS_MAX) {
      this.full = true;
      return this.count - 1;
    }
    if ((this.count + 1) * STRIDE > this.rows.length) {
      const grown = new Int32Array(this.rows.length * 2);
      grown.set(this.rows);
      this.rows = grown;
    }
    const base = this.count * STRIDE;
    this.rows[base + FIELD] = from;
    this.rows[base + FIELD_END] = to;
    this.rows[base + SLOT] = slot;
    this.rows[base + STATE] = SAME;
    if (slot >= 0) {
      if (this.#first[slot]! < 0) this.#first[slot] = this.count;
      else this.#repeated = true;
    }
    return this.count++;
  }

  /** The row of a key, -1 when there is no such attribute. */
  find(slot: number): number {
    return this.#first[slot]!;
  }

  isDeleted(row: number): boolean {
    return this.rows[row * STRIDE + STATE] === DELETED;
  }

  /** In what the value of a row is. */
  source(row: number): Uint8Array {
    return this.rows[row * STRIDE + WHERE] === IN_REQUEST ? this.bytes : this.#scratch.bytes;
  }

  /** Gives every attribute with the key this value, or adds one. */
  put(slot: number, where: number, value: number, valueEnd: number): void {
    const first = this.#first[slot]!;
    if (first < 0) {
      const row = this.#push(-1, -1, slot);
      this.#setValue(row, where, value, valueEnd);
      this.rows[row * STRIDE + STATE] = CHANGED;
      this.changed = true;
      return;
    }
    const end = this.#repeated ? this.count : first + 1;
    for (let row = first; row < end; row++) {
      if (this.rows[row * STRIDE + SLOT] === slot && !this.isDeleted(row)) this.replace(row, where, value, valueEnd);
    }
  }

  /** Gives one attribute another value. The same value, byte for byte, is no change. */
  replace(row: number, where: number, value: number, valueEnd: number): void {
    const base = row * STRIDE;
    const source = where === IN_REQUEST ? this.bytes : this.#scratch.bytes;
    const old = this.source(row);
    if (sameRun(old, this.rows[base + VALUE]!, this.rows[base + VALUE_END]!, source, value, valueEnd)) return;
    this.#setValue(row, where, value, valueEnd);
    this.rows[base + STATE] = CHANGED;
    this.changed = true;
  }

  #setValue(row: number, where: number, value: number, valueEnd: number): void {
    const base = row * STRIDE;
    this.rows[base + WHERE] = where;
    this.rows[base + VALUE] = value;
    this.rows[base + VALUE_END] = valueEnd;
  }

  /** Deletes every attribute with the key. */
  remove(slot: number): void {
    const first = this.#first[slot]!;
    if (first < 0) return;
    const end = this.#repeated ? this.count : first + 1;
    for (let row = first; row < end; row++) if (this.rows[row * STRIDE + SLOT] === slot) this.removeRow(row);
  }

  removeRow(row: number): void {
    const base = row * STRIDE;
    if (this.rows[base + STATE] === DELETED) return;
    this.rows[base + STATE] = DELETED;
    this.changed = true;
    const slot = this.rows[base + SLOT]!;
    if (slot < 0 || this.#first[slot] !== row) return;
    this.#first[slot] = -1;
    if (!this.#repeated) return;
    for (let next = row + 1; next < this.count; next++) {
      if (this.rows[next * STRIDE + SLOT] !== slot || this.isDeleted(next)) continue;
      this.#first[slot] = next;
      return;
    }
  }

  /** Adds to `counts` what became of the attributes. */
  tally(counts: { added: number; modified: number; deleted: number }): void {
    for (let row = 0; row < this.count; row++) {
      const base = row * STRIDE;
      const state = this.rows[base + STATE]!;
      const isNew = this.rows[base + FIELD]! < 0;
      if (state === DELETED) counts.deleted += isNew ? 0 : 1;
      else if (state === CHANGED && isNew) counts.added += 1;
      else if (state === CHANGED) counts.modified += 1;
    }
  }

  /** Hands the changes to `splices`; `depth` is that of the message. */
  write(splices: Splices, depth: number, field: number): void {
    for (let row = 0; row < this.count; row++) {
      const base = row * STRIDE;
      const from = this.rows[base + FIELD]!;
      const state = this.rows[base + STATE]!;
      if (state === DELETED) {
        if (from >= 0) splices.cut(depth, from, this.rows[base + FIELD_END]!);
      } else if (state === CHANGED) {
        const place = this.#text(row, field);
        const size = this.#scratch.length - place;
        if (from >= 0) splices.patch(depth, from, this.rows[base + FIELD_END]!, place, size);
        else splices.patch(depth, this.end, this.end, place, size);
      }
    }
  }

  /** Writes the attributes into the scratch that were added, as fields; nothing else is there to change. */
  writeAdded(field: number): void {
    for (let row = 0; row < this.count; row++) if (this.rows[row * STRIDE + STATE] === CHANGED) this.#text(row, field);
  }

  #text(row: number, field: number): number {
    const base = row * STRIDE;
    const slot = this.rows[base + SLOT]!;
    const keys = slot < 0 ? this.bytes : this.#keys[slot]!;
    const key = slot < 0 ? this.rows[base + KEY]! : 0;
    const keyEnd = slot < 0 ? this.rows[base + KEY_END]! : keys.length;
    const value = this.rows[base + VALUE]!;
    const valueEnd = this.rows[base + VALUE_END]!;
    const scratch = this.#scratch;
    const place = scratch.header(field, sizedLength(keyEnd - key) + sizedLength(valueEnd - value));
    scratch.addSized(1, keys, key, keyEnd);
    scratch.addSized(2, this.source(row), value, valueEnd);
    return place;
  }
}

const sizedLength = (content: number): number => 1 + varintLength(content) + content;
