import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import { derive } from '../../pipeline/batch/scoped-batch.ts';
import type { Drop, Emit, MutationCounts, Processor } from '../../pipeline/component.ts';
import { assert } from '../../pipeline/assert.ts';
import { Edits } from '../../pipeline/otlp/edits.ts';
import type { AttributeInspection, Inspection } from '../../pipeline/otlp/inspection.ts';
import { DATA, KIND, MARK_FRAME, MARK_POINT, MARK_STRIDE, MARK_UNKNOWN } from '../../pipeline/otlp/marks.kernel.ts';
import { walk } from '../../pipeline/otlp/walk.ts';
import { cleaner } from './clean.ts';
import type { Config } from './config.ts';
import { inspectionOf } from './inspection.ts';
import { judge } from './reject.ts';

/** What a mode does with one mark: mends it in `edits`, or names the reason why its owner must go. */
export type Treat = (edits: Edits, mark: number, owners: Owners) => string | undefined;

/** Keys met so far under one owner, from the first that changes on. */
export type Owners = Map<number, { readonly all: Set<string>; readonly changed: Set<string> }>;

export interface SanitizeCounts {
  /** Keys, values and texts that were mended. */
  mended: number;
  /** Attributes dropped because their cleaned key was taken. */
  collided: number;
  /** Items dropped because they break a rule. */
  dropped: number;
}

/** Works on what the walk has marked; a batch without marks passes untouched, at no cost but the look. */
export class Sanitize implements Processor {
  readonly inspection: { readonly attributes: AttributeInspection; readonly mendsText: boolean };
  readonly #counts: SanitizeCounts = { mended: 0, collided: 0, dropped: 0 };
  readonly #treat: Treat;
  #behindBatch: Inspection | undefined;

  constructor(config: Config) {
    this.inspection = { attributes: inspectionOf(config), mendsText: config.mode === 'clean' };
    this.#treat = config.mode === 'clean' ? cleaner(config, this.#counts) : judge(config);
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }

  mutations(): MutationCounts {
    const { mended, collided, dropped } = this.#counts;
    return { added: 0, modified: mended, deleted: collided + dropped };
  }

  process(batch: ScopedBatch, emit: Emit, drop: Drop): void {
    const found = batch.edits ?? this.#walkAgain(batch);
    if (!hasWork(found)) {
      emit(batch);
      return;
    }
    const edits = found.copy();
    const dropped = this.#treatAll(edits);
    for (const [reason, items] of dropped) {
      this.#counts.dropped += items;
      drop(batch, items, reason, MESSAGES[reason]);
    }
    if (edits.items > 0) emit(derive(batch, edits));
  }

  /** Returns items dropped by reason. */
  #treatAll(edits: Edits): Map<string, number> {
    const { walk: walked } = edits;
    const owners: Owners = new Map();
    const offenders: { owner: number; reason: string }[] = [];
    for (let mark = 0; mark < walked.markCount; mark++) {
      if (!isLeaf(walked.marks[mark * MARK_STRIDE + KIND]!) || !edits.has(mark)) continue;
      const reason = this.#treat(edits, mark, owners);
      if (reason !== undefined) offenders.push({ owner: walked.ownerOf(mark), reason });
    }
    const dropped = new Map<string, number>();
    if (offenders.length === 0) return dropped;
    const lost = edits.lostInside();
    // Outer frames stand before inner ones, so that each item is counted once.
    for (const { owner, reason } of offenders.toSorted((a, b) => a.owner - b.owner)) {
      if (!edits.has(owner)) continue;
      edits.cut(owner);
      // What the scope stage has cut there was counted by it.
      const items = walked.marks[owner * MARK_STRIDE + DATA]! - lost[owner]!;
      if (items > 0) dropped.set(reason, (dropped.get(reason) ?? 0) + items);
    }
    edits.cutEmptied();
    return dropped;
  }

  /** One object per set of claim keys: the walk keeps its tables by it. */
  #inspectionFor({ claimKeys }: ScopedBatch): Inspection {
    if (this.#behindBatch?.claimKeys !== claimKeys) this.#behindBatch = { claimKeys, ...this.inspection };
    return this.#behindBatch;
  }

  /** Behind `batch` the marks are gone: the merged bytes are walked once more. */
  #walkAgain(batch: ScopedBatch): Edits {
    const bytes = batch.segments.length === 1 ? batch.segments[0]! : Buffer.concat(batch.segments);
    const again = walk(batch.signal, bytes, this.#inspectionFor(batch));
    assert(!('ok' in again), 'a sealed batch is not valid OTLP');
    return new Edits(again);
  }
}

const MESSAGES: Readonly<Record<string, string>> = {
  sanitize_attribute_count: 'cannot accept an item: it has more attributes than allowed',
  sanitize_key: 'cannot accept an item: an attribute key is too long or has characters outside A-Z a-z 0-9 _ . -',
  sanitize_value: 'cannot accept an item: an attribute value is too long or has characters that value_pattern refuses',
  sanitize_number: 'cannot accept an item: an attribute value is NaN, infinite or needs an exponent',
  sanitize_too_deep: 'cannot accept an item: an attribute value nests too deep',
  sanitize_body: 'cannot accept an item: its body is too long or has characters that are refused',
};

function isLeaf(kind: number): boolean {
  return kind !== MARK_FRAME && kind !== MARK_POINT && kind !== MARK_UNKNOWN;
}

function hasWork(edits: Edits): boolean {
  const { marks, markCount } = edits.walk;
  for (let mark = 0; mark < markCount; mark++) if (isLeaf(marks[mark * MARK_STRIDE + KIND]!) && edits.has(mark)) return true;
  return false;
}

export function create(config: Config): Processor {
  return new Sanitize(config);
}
