import type { Batch } from '../batch/batch.ts';
import type { Receipt } from '../batch/receipt.ts';
import { bindContent, type ScopedBatch } from '../batch/scoped-batch.ts';
import type { Rejection } from '../component.ts';
import { Edits } from '../otlp/edits.ts';
import { lastInside } from '../otlp/edits.kernel.ts';
import {
  FLAG_BAD_TEXT,
  FLAG_CLAIM,
  FLAG_TOO_DEEP,
  CONTENT,
  DATA,
  END,
  KIND,
  MARK_ATTRIBUTE,
  MARK_FRAME,
  MARK_POINT,
  MARK_REMOVED,
  MARK_STRIDE,
  PARENT,
} from '../otlp/marks.kernel.ts';
import { readKeyValue, stringValue, utf8 } from '../otlp/key-value.ts';
import { takeGroups } from '../otlp/take-groups.ts';
import { resourceAttribute, resourceOf } from '../otlp/write.ts';
import type { Walk } from '../otlp/walk.ts';
import { ROLE_RESOURCE } from '../otlp/layout-cells.ts';
import { ITEM_NAMES } from '../signal.ts';
import type { Binding } from './binding.ts';
import type { ScopeStageConfig } from './stage.ts';

export interface Bound {
  /** One per scope that the request's groups belong to; empty when all was rejected. All hold the one receipt. */
  readonly batches: readonly ScopedBatch[];
  readonly rejected: readonly BoundRejection[];
}

export interface BoundRejection extends Rejection {
  /** The ledger row the items count under. */
  readonly scope: string;
  /** The other scope that the first of them claimed, for the audit log: text of the sender. */
  readonly attempted?: string;
}

/** Reasons, in the order in which one is named when an item has several. */
const REASONS = ['scope_mismatch', 'too_deep', 'invalid_utf8', 'scope_missing', 'scope_forbidden', 'removed_field'] as const;
type Reason = (typeof REASONS)[number];
/** Reasons of items that claim what their sender may not. */
export const VIOLATIONS: ReadonlySet<string> = new Set<Reason>(['scope_mismatch', 'scope_forbidden']);

/**
 * The scope stage (docs/decisions/0006): decides the scope of each Resource group, injects the scope attribute where it is
 * missing, and cuts out each item whose claim, at any level, differs. Also cuts what no destination could read: values
 * nested too deep and, unless a processor mends it, invalid UTF-8. The only maker of a ScopedBatch.
 */
export function bind(batch: Batch, stage: ScopeStageConfig, receipt: Receipt): Bound {
  const { walk, origin } = batch;
  const allowed = scopesOf(origin.binding);
  const tally = new Tally(batch);
  // Of the first scope, and of every further one: most requests have one.
  let first: string | undefined;
  const firsts: number[] = [];
  let others: Map<string, number[]> | undefined;
  for (let mark = 0; mark < walk.markCount; mark = lastInside(walk.marks, walk.markCount, mark) + 1) {
    if (walk.isUnknown(mark)) continue;
    const verdict = judgeGroup(walk, mark, origin.binding, allowed, stage);
    if (typeof verdict === 'string') {
      first ??= verdict;
      if (verdict === first) firsts.push(mark);
      else {
        others ??= new Map();
        const known = others.get(verdict);
        if (known === undefined) others.set(verdict, [mark]);
        else known.push(mark);
      }
    } else tally.add(verdict.scope, verdict.reason, walk.marks[mark * MARK_STRIDE + DATA]!, verdict.attempted);
  }
  const batches: ScopedBatch[] = [];
  const add = (scope: string, own: Walk, marks: readonly number[] | undefined): void => {
    const edits = bindGroups(own, scope, marks, stage, tally, allowed.size === 1);
    if (edits.items > 0) batches.push(bindContent(scope, batch.signal, edits, receipt, origin.metadata));
  };
  if (first !== undefined && others === undefined) add(first, walk, firsts);
  else if (first !== undefined && others !== undefined) {
    // With several scopes each gets its groups for itself: none pays for reading past those of the others.
    add(first, takeGroups(walk, firsts), undefined);
    for (const [scope, marks] of others) add(scope, takeGroups(walk, marks), undefined);
  }
  return { batches, rejected: tally.rejections() };
}

const scopeSets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** The scopes that a claim may name; a listener can have hundreds, and each group is looked up. */
function scopesOf({ allowed }: Binding): ReadonlySet<string> {
  let scopes = scopeSets.get(allowed);
  if (scopes === undefined) {
    scopes = new Set(allowed);
    scopeSets.set(allowed, scopes);
  }
  return scopes;
}

/** The scope of the group at `mark`, or why it has none. */
function judgeGroup(
  walk: Walk,
  mark: number,
  binding: Binding,
  allowed: ReadonlySet<string>,
  stage: ScopeStageConfig,
): string | { scope: string; reason: Reason; attempted?: string | undefined } {
  const only = allowed.size === 1 ? binding.allowed[0] : undefined;
  const counted = only ?? binding.fallback ?? binding.allowed[0] ?? 'global';
  let claim: string | undefined;
  let claims = 0;
  const last = lastInside(walk.marks, walk.markCount, mark);
  for (let at = mark; at <= last; at++) {
    const base = at * MARK_STRIDE;
    if (walk.marks[base + KIND] !== MARK_ATTRIBUTE || (walk.marks[base + DATA]! & FLAG_CLAIM) === 0) continue;
    const parent = walk.marks[base + PARENT]!;
    if (walk.roleOf(parent) !== ROLE_RESOURCE) continue;
    const value = claimOf(walk, at);
    if (claims > 0 && value !== claim) return { scope: counted, reason: 'scope_mismatch', attempted: value };
    claim = value;
    claims += 1;
  }
  if (claims === 0) {
    const fallback = stage.on_missing === 'inject' ? (only ?? binding.fallback) : undefined;
    return fallback ?? { scope: counted, reason: 'scope_missing' };
  }
  if (claim !== undefined && allowed.has(claim)) return claim;
  return { scope: counted, reason: only === undefined ? 'scope_forbidden' : 'scope_mismatch', attempted: claim };
}

/** The edits that leave the groups at `marks` (absent = all), bound to `scope`, and nothing else of the request. */
function bindGroups(
  walk: Walk,
  scope: string,
  marks: readonly number[] | undefined,
  stage: ScopeStageConfig,
  tally: Tally,
  single: boolean,
): Edits {
  const edits = new Edits(walk);
  const attribute = resourceAttribute(stage.keys[0]!, scope);
  const inResource = edits.add(attribute);
  const offenders: number[] = [];
  let next = 0;
  for (let mark = 0; mark < walk.markCount; mark++) {
    const last = lastInside(walk.marks, walk.markCount, mark);
    if (walk.isUnknown(mark)) {
      // A field of the request that OTLP does not know belongs to no group, so only a sender of one scope may keep it.
      if (!single) edits.cut(mark);
    } else if (marks === undefined || marks[next] === mark) {
      next += 1;
      const place = injectAt(walk, mark, last, stage.keys[0]!);
      if (place >= 0) {
        if (walk.roleOf(place) === ROLE_RESOURCE) edits.put(place, inResource, attribute.length);
        else edits.replace(place, resourceOf(attribute));
      }
      findOffenders(walk, mark, last, scope, offenders);
    } else edits.cut(mark);
    mark = last;
  }
  if (offenders.length > 0) cutOffenders(walk, edits, offenders, scope, tally);
  return edits;
}

/** The mark at which the group lacks its scope attribute, -1 when it has it. */
function injectAt(walk: Walk, first: number, last: number, key: string): number {
  let place = -1;
  for (let mark = first; mark <= last; mark++) {
    const base = mark * MARK_STRIDE;
    const kind = walk.marks[base + KIND]!;
    if (kind === MARK_POINT) {
      // A group's own point stands first; the one at the end of its Resource is the better place.
      place = mark;
      if (walk.roleOf(mark) === ROLE_RESOURCE) return place;
    } else if (
      kind === MARK_ATTRIBUTE &&
      (walk.marks[base + DATA]! & FLAG_CLAIM) !== 0 &&
      walk.roleOf(walk.marks[base + PARENT]!) === ROLE_RESOURCE
    ) {
      const { keyStart, keyEnd } = readKeyValue(walk.bytes, walk.marks[base + CONTENT]!, walk.marks[base + END]!);
      if (utf8(walk.bytes, keyStart, keyEnd) === key) return -1;
    }
  }
  return place;
}

/** Adds `owner * 8 + reason` for each thing in the group that may not leave as `scope`. */
function findOffenders(walk: Walk, first: number, last: number, scope: string, offenders: number[]): void {
  for (let mark = first; mark <= last; mark++) {
    const base = mark * MARK_STRIDE;
    const kind = walk.marks[base + KIND]!;
    if (kind === MARK_FRAME || kind === MARK_POINT) continue;
    const flags = walk.flagsOf(mark);
    let reason = -1;
    if (kind === MARK_ATTRIBUTE && (flags & FLAG_CLAIM) !== 0 && claimOf(walk, mark) !== scope) reason = 0;
    else if ((flags & FLAG_TOO_DEEP) !== 0) reason = 1;
    else if ((flags & FLAG_BAD_TEXT) !== 0 && !walk.inspection.mendsText) reason = 2;
    else if (kind === MARK_REMOVED) reason = 5;
    if (reason >= 0) offenders.push(walk.ownerOf(mark) * 8 + reason);
  }
}

/** Outer frames stand before inner ones, so that each item is counted once, for the outermost cut. */
function cutOffenders(walk: Walk, edits: Edits, offenders: readonly number[], scope: string, tally: Tally): void {
  let attempted: string | undefined;
  for (const offender of Float64Array.from(offenders).sort()) {
    const owner = Math.floor(offender / 8);
    if (!edits.has(owner)) continue;
    edits.cut(owner);
    const reason = REASONS[offender % 8]!;
    if (reason === 'scope_mismatch') attempted ??= otherClaim(walk, owner, scope);
    tally.add(scope, reason, walk.marks[owner * MARK_STRIDE + DATA]!, attempted);
  }
  edits.cutEmptied();
}

/** The first claim of another scope at or below `owner`, if it is a text. */
function otherClaim(walk: Walk, owner: number, scope: string): string | undefined {
  const last = lastInside(walk.marks, walk.markCount, owner);
  for (let mark = owner; mark <= last; mark++) {
    const base = mark * MARK_STRIDE;
    if (walk.marks[base + KIND] !== MARK_ATTRIBUTE || (walk.marks[base + DATA]! & FLAG_CLAIM) === 0) continue;
    const claim = claimOf(walk, mark);
    if (claim !== scope) return claim;
  }
  return undefined;
}

function claimOf(walk: Walk, mark: number): string | undefined {
  const base = mark * MARK_STRIDE;
  const { valueStart, valueEnd } = readKeyValue(walk.bytes, walk.marks[base + CONTENT]!, walk.marks[base + END]!);
  return stringValue(walk.bytes, valueStart, valueEnd);
}

const NONE: readonly never[] = [];
const REMOVED_NAMES = {
  metrics: 'labels, int_gauge, int_sum, int_histogram or instrumentation_library_metrics',
  traces: 'instrumentation_library_spans',
  logs: 'instrumentation_library_logs',
} as const;

/** Counts what is rejected, and words it once per reason and scope. */
class Tally {
  readonly #batch: Batch;
  #counts: Map<string, { scope: string; reason: Reason; items: number; attempted?: string }> | undefined;

  constructor(batch: Batch) {
    this.#batch = batch;
  }

  add(scope: string, reason: Reason, items: number, attempted?: string): void {
    if (items === 0) return;
    const key = `${reason} ${scope}`;
    this.#counts ??= new Map();
    const row = this.#counts.get(key);
    if (row !== undefined) row.items += items;
    else this.#counts.set(key, attempted === undefined ? { scope, reason, items } : { scope, reason, items, attempted });
  }

  rejections(): readonly BoundRejection[] {
    if (this.#counts === undefined) return NONE;
    return [...this.#counts.values()].map((row) => ({ ...row, message: this.#message(row.reason, row.scope, row.items) }));
  }

  #message(reason: Reason, scope: string, items: number): string {
    const what = `${items} ${ITEM_NAMES[this.#batch.signal]}`;
    switch (reason) {
      case 'scope_mismatch':
        return `cannot accept ${what}: the scope attribute names another scope than "${scope}"; correct it, or leave it out`;
      case 'scope_forbidden':
        return `cannot accept ${what}: the scope attribute of their resource names a scope this sender may not use; one of ${this.#batch.origin.binding.allowed.join(', ')} is expected`;
      case 'scope_missing':
        return `cannot accept ${what}: their resource has no scope attribute; set periscope.scope`;
      case 'too_deep':
        return `cannot accept ${what}: an attribute value or body nests too deep; flatten it`;
      case 'removed_field':
        return `cannot accept ${what}: they use ${REMOVED_NAMES[this.#batch.signal]}, which OTLP has removed and no reader knows any more; update the sender`;
      case 'invalid_utf8':
        return `cannot accept ${what}: a string field is not valid UTF-8; encode it as UTF-8`;
    }
  }
}
