import { assert } from '../assert.ts';
import type { Content } from '../batch/scoped-batch.ts';
import { ACTION_CUT, ACTION_REPLACE, applyEdits, editedLength, lastInside } from './edits.kernel.ts';
import { DATA, KIND, MARK_FRAME, MARK_STRIDE, PARENT } from './marks.kernel.ts';
import { Scratch } from './scratch.ts';
import type { Walk } from './walk.ts';

/**
 * What is to be done to a walked request, as data: an action per mark. Nothing is copied until somebody asks for the
 * segments; the length prefixes of the messages around an edit are fixed up then. Immutable once it is in a
 * ScopedBatch: a processor edits a `copy`.
 */
export class Edits implements Content {
  readonly walk: Walk;
  /** Per mark: action, place in the scratch, length there. */
  readonly #actions: Int32Array;
  readonly #scratch: Scratch;
  #touched: boolean;
  #items = -1;
  #length = -1;
  #deltas: Int32Array | undefined;
  #segments: readonly Uint8Array[] | undefined;

  constructor(walk: Walk, from?: Edits) {
    this.walk = walk;
    this.#actions = walk.lease.words(walk.markCount * 3);
    if (from === undefined) this.#actions.fill(0);
    else this.#actions.set(from.#actions);
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
    for (let at = mark; at >= 0; at = rows[at * MARK_STRIDE + PARENT]!) if (this.#actions[at * 3] === ACTION_CUT) return false;
    return true;
  }

  /** Takes the whole field of the mark out. */
  cut(mark: number): void {
    this.#touch();
    this.#actions[mark * 3] = ACTION_CUT;
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
    this.#actions[mark * 3] = ACTION_REPLACE;
    this.#actions[mark * 3 + 1] = place;
    this.#actions[mark * 3 + 2] = length;
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
      if (parent >= 0) lost[parent] = lost[parent]! + (this.#actions[mark * 3] === ACTION_CUT ? items : lost[mark]!);
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
        if (this.#actions[mark * 3] !== ACTION_CUT || rows[mark * MARK_STRIDE + KIND] !== MARK_FRAME) continue;
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
      this.#deltas = this.walk.lease.words(this.walk.markCount).fill(0);
      this.#length = editedLength(this.walk.bytes.length, this.walk.marks, this.walk.markCount, this.#actions, this.#deltas);
    }
    return this.#length;
  }

  get segments(): readonly Uint8Array[] {
    this.#segments ??= this.#touched ? [this.#apply()] : [this.walk.bytes];
    return this.#segments;
  }

  #touch(): void {
    assert(this.#segments === undefined, 'edits change after their bytes were made');
    this.#touched = true;
    this.#items = -1;
    this.#length = -1;
  }

  #apply(): Uint8Array {
    const length = this.byteLength;
    const { walk } = this;
    const out = walk.lease.bytes(length);
    const written = applyEdits(walk.bytes, walk.marks, walk.markCount, this.#actions, this.#scratch.bytes, this.#deltas!, out);
    assert(written === length, `edits wrote ${written} bytes of ${length}`);
    return out;
  }
}
