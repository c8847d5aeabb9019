import { assert } from '../assert.ts';
import type { Content } from '../batch/scoped-batch.ts';
import type { Matches, SegmentSource } from '../compression/matches.ts';
import { LIMITS } from '../limits.ts';
import {
  ACTION_CUT,
  ACTION_REPLACE,
  ACTION_STRIDE,
  applyEdits,
  COPY_STRIDE,
  editedCopies,
  editedLength,
  lastInside,
} from './edits.kernel.ts';
import { DATA, KIND, MARK_FRAME, MARK_STRIDE, PARENT } from './marks.kernel.ts';
import { Scratch } from './scratch.ts';
import { machine } from './walk-machine.ts';
import type { Walk } from './walk.ts';

/** Below it a call and three copies to the machine cost more than they save. */
const LEAST_SPLICED_BYTES = 8192;

/** Copies of the request that is compressed now, for all of them. */
let copiesOf = new Int32Array(1024);
const NO_COPIES = new Int32Array(0);

/**
 * What is to be done to a walked request, as data: an action per mark. Nothing is copied until somebody asks for the
 * segments; the length prefixes of the messages around an edit are fixed up then. Immutable once it is in a
 * ScopedBatch: a processor edits a `copy`.
 */
export class Edits implements Content, SegmentSource {
  readonly walk: Walk;
  /** Rows as in edits.kernel.ts, one per mark; what lies behind them is not ours. */
  readonly #actions: Int32Array;
  readonly #scratch: Scratch;
  #touched: boolean;
  #items = -1;
  #length = -1;
  #segments: readonly Uint8Array[] | undefined;

  constructor(walk: Walk, from?: Edits) {
    this.walk = walk;
    const words = walk.markCount * ACTION_STRIDE;
    this.#actions = walk.lease.roomyWords(words);
    // By hand, as there are a few rows in most requests.
    for (let i = 0; i < words; i++) this.#actions[i] = from === undefined ? 0 : from.#actions[i]!;
    // Shared on purpose: texts are only ever added, and both copies read their own.
    this.#scratch = from === undefined ? new Scratch(walk.lease) : from.#scratch;
    this.#touched = from !== undefined && from.#touched;
  }

  copy(): Edits {
    return new Edits(this.walk, this);
  }

  get edits(): Edits {
    return this;
  }

  /** Is this mark still there: neither it nor anything around it was cut. */
  has(mark: number): boolean {
    const rows = this.walk.marks;
    for (let at = mark; at >= 0; at = rows[at * MARK_STRIDE + PARENT]!)
      if (this.#actions[at * ACTION_STRIDE] === ACTION_CUT) return false;
    return true;
  }

  /** Takes the whole field of the mark out. */
  cut(mark: number): void {
    this.#touch();
    this.#actions[mark * ACTION_STRIDE] = ACTION_CUT;
  }

  /** Puts `text` in the place of the whole field of the mark, tag and length included; of nothing, at a MARK_POINT. */
  replace(mark: number, text: Uint8Array): void {
    this.put(mark, this.add(text), text.length);
  }

  /** Keeps a text that is put in several places; returns its place for `put`. */
  add(text: Uint8Array): number {
    return this.#scratch.add(text);
  }

  put(mark: number, place: number, length: number): void {
    assert(this.walk.marks[mark * MARK_STRIDE + KIND] !== MARK_FRAME, 'a frame is replaced');
    this.#touch();
    this.#actions[mark * ACTION_STRIDE] = ACTION_REPLACE;
    this.#actions[mark * ACTION_STRIDE + 1] = place;
    this.#actions[mark * ACTION_STRIDE + 2] = length;
  }

  /** Cuts every frame whose items are all cut, so that no name around a rejected item stays behind. */
  cutEmptied(): void {
    const lost = this.lostInside();
    for (let mark = this.walk.markCount - 1; mark >= 0; mark--) {
      if (lost[mark]! > 0 && lost[mark] === this.walk.marks[mark * MARK_STRIDE + DATA]) this.cut(mark);
    }
  }

  /** Per frame, the items in it that are cut already; of one that is cut itself, those that were cut before it. */
  lostInside(): Int32Array {
    const { marks: rows, markCount } = this.walk;
    const lost = new Int32Array(markCount);
    for (let mark = markCount - 1; mark >= 0; mark--) {
      const base = mark * MARK_STRIDE;
      if (rows[base + KIND] !== MARK_FRAME) continue;
      const items = rows[base + DATA]!;
      const parent = rows[base + PARENT]!;
      if (parent >= 0) lost[parent] = lost[parent]! + (this.#actions[mark * ACTION_STRIDE] === ACTION_CUT ? items : lost[mark]!);
    }
    return lost;
  }

  /** Items that remain. */
  get items(): number {
    if (this.#items >= 0) return this.#items;
    let items = this.walk.items;
    if (this.#touched) {
      const { marks: rows, markCount } = this.walk;
      for (let mark = 0; mark < markCount; mark++) {
        if (this.#actions[mark * ACTION_STRIDE] !== ACTION_CUT || rows[mark * MARK_STRIDE + KIND] !== MARK_FRAME) continue;
        items -= rows[mark * MARK_STRIDE + DATA]!;
        mark = lastInside(rows, markCount, mark);
      }
    }
    this.#items = items;
    return items;
  }

  get byteLength(): number {
    if (!this.#touched) return this.walk.bytes.length;
    if (this.#length < 0) {
      this.#length = editedLength(this.walk.bytes.length, this.walk.marks, this.walk.markCount, this.#actions);
    }
    return this.#length;
  }

  get segments(): readonly Uint8Array[] {
    this.#segments ??= this.#touched ? [this.#apply()] : [this.walk.bytes];
    return this.#segments;
  }

  /** Something changes, and nobody has asked for the bytes yet. */
  get isPending(): boolean {
    return this.#touched && this.#segments === undefined;
  }

  /** Its one segment is made from the request by copies, where the request came compressed and that is kept. */
  get sources(): readonly SegmentSource[] | undefined {
    return this.walk.matches === undefined ? undefined : [this];
  }

  get matches(): Matches {
    assert(this.walk.matches !== undefined, 'a request without matches is the source of a segment');
    return this.walk.matches;
  }

  get sourceLength(): number {
    return this.walk.bytes.length;
  }

  copies(): Int32Array {
    const { marks, markCount, bytes } = this.walk;
    if (!this.#touched) return bytes.length === 0 ? NO_COPIES : Int32Array.of(0, bytes.length, 0);
    const room = (markCount + 1) * COPY_STRIDE;
    if (copiesOf.length < room) copiesOf = new Int32Array(room * 2);
    const count = editedCopies(bytes.length, marks, markCount, this.#actions, copiesOf);
    return copiesOf.subarray(0, count * COPY_STRIDE);
  }

  #touch(): void {
    assert(this.#segments === undefined, 'edits change after their bytes were made');
    this.#touched = true;
    this.#items = -1;
    this.#length = -1;
  }

  #apply(): Uint8Array {
    const out = this.walk.lease.bytes(this.byteLength);
    this.#write(out, 0);
    return out;
  }

  /** Copies the bytes into `out` from `at` on, where there is room for `byteLength`; returns where they end. */
  writeTo(out: Uint8Array, at: number): number {
    const { bytes } = this.walk;
    if (this.isPending) return this.#write(out, at);
    const made = this.#segments?.[0] ?? bytes;
    out.set(made, at);
    return at + made.length;
  }

  #write(out: Uint8Array, at: number): number {
    const length = this.byteLength;
    const end = this.#isSplicedFast(length) ? this.#splice(length, out, at) : this.#applyTo(out, at);
    assert(end - at === length, 'edits wrote more or fewer bytes than they said');
    return end;
  }

  /** Right after its walk the request still lies in the machine; a small one is done before the machine is set up. */
  #isSplicedFast(length: number): boolean {
    return length >= LEAST_SPLICED_BYTES && length <= LIMITS.splicedBytes && machine.holds(this.walk.marks);
  }

  #splice(length: number, out: Uint8Array, at: number): number {
    const actions = this.#actions.subarray(0, this.walk.markCount * ACTION_STRIDE);
    return machine.splice(actions, this.#scratch.used, length, out, at);
  }

  #applyTo(out: Uint8Array, at: number): number {
    const { walk } = this;
    return applyEdits(walk.bytes, walk.marks, walk.markCount, this.#actions, this.#scratch.bytes, out, at);
  }
}
