import type { Content } from '../batch/scoped-batch.ts';
import type { Signal } from '../signal.ts';
import { FieldCursor } from './field-cursor.kernel.ts';

/**
 * Field numbers on the way from a request down to its items; a level lists more than one where a oneof stands on the
 * way (Metric.data). What is not on the way is header: it is repeated in every part that has some of the items.
 */
const WAYS: Readonly<Record<Signal, readonly (readonly number[])[]>> = {
  metrics: [[1], [2], [2], [5, 7, 9, 10, 11], [1]],
  traces: [[1], [2], [2]],
  logs: [[1], [2], [2]],
};
const REQUEST_KEY_BYTES = 10;

/** A message on the way that is being divided: what was put into the current part so far. */
interface Open {
  readonly number: number;
  /** Everything of the message that is not on the way. */
  readonly header: readonly Uint8Array[];
  pieces: Uint8Array[];
  byteLength: number;
}

/**
 * Cuts a request into parts of at most `maxItems` items (>= 1), in order; the first part gets at most `firstItems`.
 * Items, and messages that need no cut, are slices of the input, not copies; a cut message appears in each of its parts
 * with its own header. `segments` must be one valid request (the walk has seen it); they may be cut anywhere.
 */
export function splitContent(
  signal: Signal,
  segments: readonly Uint8Array[],
  maxItems: number,
  firstItems: number = maxItems,
): Content[] {
  const most = Math.max(1, Math.floor(maxItems));
  return new Splitter(joined(segments), WAYS[signal], most, Math.min(most, Math.max(1, Math.floor(firstItems)))).split();
}

function joined(segments: readonly Uint8Array[]): Uint8Array {
  const only = segments.length === 1 ? segments[0] : undefined;
  return only ?? Buffer.concat(segments);
}

class Splitter {
  readonly #bytes: Uint8Array;
  readonly #way: readonly (readonly number[])[];
  readonly #maxItems: number;
  readonly #parts: Content[] = [];
  readonly #open: Open[] = [{ number: 0, header: [], pieces: [], byteLength: 0 }];
  #room: number;
  /** Items that the current part may have. */
  #partItems: number;
  /** A run of the input that is to become one slice of the innermost open message. */
  #runStart = 0;
  #runEnd = 0;

  constructor(bytes: Uint8Array, way: readonly (readonly number[])[], maxItems: number, firstItems: number) {
    this.#bytes = bytes;
    this.#way = way;
    this.#maxItems = maxItems;
    this.#partItems = firstItems;
    this.#room = firstItems;
  }

  split(): Content[] {
    this.#children(0, 0, this.#bytes.length);
    this.#finish();
    return this.#parts;
  }

  /** Puts the children of an open message where they belong, level by level. */
  #children(level: number, start: number, end: number): void {
    const onTheWay = this.#way[level]!;
    const isItem = level === this.#way.length - 1;
    const cursor = new FieldCursor(this.#bytes, start, end);
    while (cursor.next()) {
      if (!onTheWay.includes(cursor.number) || cursor.wireType !== 2) {
        // Of a message below the request this is header, and already there.
        if (level === 0) this.#whole(cursor, 0);
      } else if (isItem) {
        this.#whole(cursor, 1);
      } else {
        const items = this.#count(level + 1, cursor.valueStart, cursor.position, this.#room + 1);
        if (items <= this.#room) this.#whole(cursor, items);
        else this.#divide(level + 1, cursor);
      }
    }
  }

  #divide(level: number, cursor: FieldCursor): void {
    // Without room for one item the part is full, and opening a message in it would leave an empty one behind.
    if (this.#room === 0) {
      this.#finish();
      const items = this.#count(level, cursor.valueStart, cursor.position, this.#room + 1);
      if (items <= this.#room) return this.#whole(cursor, items);
    }
    this.#closeRun();
    const header = this.#header(level, cursor.valueStart, cursor.position);
    const open: Open = { number: cursor.number, header, pieces: [], byteLength: 0 };
    this.#open.push(open);
    this.#children(level, cursor.valueStart, cursor.position);
    this.#closeRun();
    this.#open.pop();
    this.#wrap(open, this.#open.at(-1)!);
  }

  #whole(cursor: FieldCursor, items: number): void {
    if (items > this.#room) this.#finish();
    this.#room -= items;
    if (this.#runEnd !== cursor.start || this.#runEnd === this.#runStart) {
      this.#closeRun();
      this.#runStart = cursor.start;
    }
    this.#runEnd = cursor.position;
  }

  #closeRun(): void {
    if (this.#runEnd > this.#runStart) add(this.#open.at(-1)!, this.#bytes.subarray(this.#runStart, this.#runEnd));
    this.#runStart = this.#runEnd;
  }

  /** Ends the current part: closes every open message into its parent, and opens them again, empty, for the next. */
  #finish(): void {
    this.#closeRun();
    this.#runStart = this.#runEnd = 0;
    for (let depth = this.#open.length - 1; depth > 0; depth--) this.#wrap(this.#open[depth]!, this.#open[depth - 1]!);
    const request = this.#open[0]!;
    this.#parts.push({ items: this.#partItems - this.#room, byteLength: request.byteLength, segments: request.pieces });
    for (const open of this.#open) {
      open.pieces = [];
      open.byteLength = 0;
    }
    this.#partItems = this.#maxItems;
    this.#room = this.#maxItems;
  }

  #wrap(open: Open, parent: Open): void {
    let size = open.byteLength;
    for (const header of open.header) size += header.length;
    add(parent, fieldStart(open.number, size));
    for (const header of open.header) add(parent, header);
    for (const piece of open.pieces) add(parent, piece);
  }

  /** The fields of a message that are not on the way, as slices. */
  #header(level: number, start: number, end: number): Uint8Array[] {
    const onTheWay = this.#way[level]!;
    const slices: Uint8Array[] = [];
    const cursor = new FieldCursor(this.#bytes, start, end);
    let runStart = start;
    while (cursor.next()) {
      if (!onTheWay.includes(cursor.number) || cursor.wireType !== 2) continue;
      if (cursor.start > runStart) slices.push(this.#bytes.subarray(runStart, cursor.start));
      runStart = cursor.position;
    }
    if (end > runStart) slices.push(this.#bytes.subarray(runStart, end));
    return slices;
  }

  /** Items below a message; stops once there are `enough`. */
  #count(level: number, start: number, end: number, enough: number): number {
    const onTheWay = this.#way[level]!;
    const isItem = level === this.#way.length - 1;
    const cursor = new FieldCursor(this.#bytes, start, end);
    let items = 0;
    while (items < enough && cursor.next()) {
      if (!onTheWay.includes(cursor.number) || cursor.wireType !== 2) continue;
      items += isItem ? 1 : this.#count(level + 1, cursor.valueStart, cursor.position, enough - items);
    }
    return items;
  }
}

function add(open: Open, piece: Uint8Array): void {
  open.pieces.push(piece);
  open.byteLength += piece.length;
}

function fieldStart(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(REQUEST_KEY_BYTES);
  bytes[0] = number * 8 + 2;
  let at = 1;
  let rest = length;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes[at++] = (rest % 128) | 0x80;
  bytes[at++] = rest;
  return bytes.subarray(0, at);
}
