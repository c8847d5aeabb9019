import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import { BYTES, DATA_FIELDS, FIXED64 } from './fields.ts';

const FIRST_BYTES = 4096;
/** Of the field of a time: key and eight bytes. */
export const FIXED_FIELD_BYTES = 9;

/** A moment, in the halves of its 64 bits. */
export interface Moment {
  readonly high: number;
  readonly low: number;
}

export function momentOf(timeNs: bigint): Moment {
  return { high: Number((timeNs >> 32n) & 0xffff_ffffn), low: Number(timeNs & 0xffff_ffffn) };
}

/** Times stand at the same place in each kind of point: the fields of start and time are its first. */
export const START_AT = 1;
export const TIME_AT = START_AT + FIXED_FIELD_BYTES;

/**
 * The points of one metric as they leave, one behind the other, kept from one collection to the next: all that changes is
 * numbers of fixed size, which are written over. Each is a whole field `data_points` of its metric's data.
 */
export class PointImage {
  #bytes: Uint8Array = new Uint8Array(FIRST_BYTES);
  view = new DataView(this.#bytes.buffer);
  /** Where each point begins, and where the last one ends. */
  #starts: Int32Array = new Int32Array(64);
  /** Where the content of each begins: behind its key and length. */
  #contents: Int32Array = new Int32Array(64);
  points = 0;

  peek(): Uint8Array {
    return this.#bytes;
  }
  /** Where point `index` begins; of the number of points: where the last ends. */
  start(index: number): number {
    return this.#starts[index]!;
  }
  content(index: number): number {
    return this.#contents[index]!;
  }

  append(content: GrowingBuffer): void {
    if (this.points + 2 > this.#starts.length) {
      this.#starts = grown(this.#starts);
      this.#contents = grown(this.#contents);
    }
    const start = this.#starts[this.points]!;
    const head = headOf(content.length);
    const end = start + head.length + content.length;
    this.#reserve(end);
    this.#bytes.set(head, start);
    this.#bytes.set(content.peek(), start + head.length);
    this.#contents[this.points] = start + head.length;
    this.points += 1;
    this.#starts[this.points] = end;
  }

  putMoment(at: number, { high, low }: Moment): void {
    this.view.setUint32(at, low, true);
    this.view.setUint32(at + 4, high, true);
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(length, this.#bytes.length * 2));
    larger.set(this.#bytes);
    this.#bytes = larger;
    this.view = new DataView(larger.buffer);
  }
}

function grown(array: Int32Array): Int32Array {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}

const heading = new GrowingBuffer();

/** Key and length of a point. */
function headOf(length: number): Uint8Array {
  heading.clear();
  heading.key(DATA_FIELDS.dataPoints, BYTES);
  heading.varint(length);
  return heading.peek();
}

/** Eight bytes that a collection fills in. */
export function room(out: GrowingBuffer, field: number): void {
  out.key(field, FIXED64);
  out.fixed64(0, 0);
}

export function fixed(out: GrowingBuffer, field: number, { high, low }: Moment): void {
  out.key(field, FIXED64);
  out.fixed64(high, low);
}
