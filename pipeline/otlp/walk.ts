import { assert } from '../assert.ts';
import { Lease } from '../batch/lease.ts';
import type { Refusal } from '../component.ts';
import type { Matches } from '../compression/matches.ts';
import { LIMITS } from '../limits.ts';
import type { Signal } from '../signal.ts';
import { canonicalise } from './canonicalise.ts';
import type { Inspection } from './inspection.ts';
import { REQUEST_TYPES, ROLES } from './layout.ts';
import { machine, rulesOf } from './walk-machine.ts';
import {
  BYTES_PER_MARK,
  DATA,
  KIND,
  MARKS_FREE,
  MARKS_GROWTH,
  MARK_ATTRIBUTE,
  MARK_BYTES,
  MARK_STRIDE,
  MARK_TEXT,
  MARK_UNKNOWN,
  MARK_VALUE,
  PARENT,
  TYPE,
} from './marks.kernel.ts';
import { ROLE_GROUP, ROLE_ITEM, ROLE_OWNER, WALK_NOT_CANONICAL, WALK_OK, WALK_TOO_MANY } from './layout-cells.ts';

/** One request (protobuf, decompressed) with all that forwarding needs to know of it. */
export class Walk {
  readonly signal: Signal;
  readonly bytes: Uint8Array;
  readonly items: number;
  /** Rows as in marks.kernel.ts. */
  readonly marks: Int32Array;
  readonly markCount: number;
  /** Holds the pooled memory of the request, `bytes` and `marks` included where they are. */
  readonly lease: Lease;
  /** What the marks were left for. */
  readonly inspection: Inspection;
  /** What the sender's compressor found in `bytes`, where that is kept. */
  readonly matches: Matches | undefined;

  constructor(
    signal: Signal,
    bytes: Uint8Array,
    items: number,
    marks: Int32Array,
    inspection: Inspection,
    lease: Lease,
    matches?: Matches,
  ) {
    this.signal = signal;
    this.bytes = bytes;
    this.items = items;
    this.marks = marks;
    this.markCount = marks.length / MARK_STRIDE;
    this.inspection = inspection;
    this.lease = lease;
    this.matches = matches;
  }

  /** ROLE_* of the message a mark stands for or, for a leaf, stands in. */
  roleOf(mark: number): number {
    return ROLES[this.marks[mark * MARK_STRIDE + TYPE]!]!;
  }

  /** A field of the request itself that OTLP does not know. */
  isUnknown(mark: number): boolean {
    return this.marks[mark * MARK_STRIDE + KIND] === MARK_UNKNOWN;
  }

  /** The smallest thing around a mark that can be taken out of a request: an item, else all items it speaks for. */
  ownerOf(mark: number): number {
    let at = this.marks[mark * MARK_STRIDE + PARENT]!;
    for (;;) {
      assert(at >= 0, 'a mark has no owner');
      const role = this.roleOf(at);
      if (role === ROLE_ITEM || role === ROLE_OWNER || role === ROLE_GROUP) return at;
      at = this.marks[at * MARK_STRIDE + PARENT]!;
    }
  }

  /** FLAG_* bits of a leaf; 0 for every other mark. */
  flagsOf(mark: number): number {
    const kind = this.marks[mark * MARK_STRIDE + KIND]!;
    return kind === MARK_ATTRIBUTE || kind === MARK_TEXT || kind === MARK_VALUE ? this.marks[mark * MARK_STRIDE + DATA]! : 0;
  }
}

/** Rules are written out once per receiver and signal. */
const prepared = new WeakMap<Inspection, Uint8Array>();

function rulesFor(inspection: Inspection): Uint8Array {
  let rules = prepared.get(inspection);
  if (rules === undefined) prepared.set(inspection, (rules = rulesOf(inspection)));
  return rules;
}

/** Asked before the walk takes more memory than it may for any request: so many bytes besides those of the request. */
export type AdmitMemory = (bytes: number) => Refusal | undefined;

/** What unpacking a request has left. */
export interface Unpacked {
  /** Has its memory. */
  readonly lease: Lease;
  readonly matches: Matches | undefined;
}

/**
 * Checks and reads one Export…ServiceRequest (opentelemetry-proto, collector/<signal>/v1). A request in which a
 * singular field occurs twice is rewritten first, so that nothing can hide in a part that some reader skips.
 * MALFORMED when it is no valid protobuf of that type, else what `admit` refuses with; never throws. `unpacked` when
 * `bytes` came compressed.
 */
export function walk(
  signal: Signal,
  bytes: Uint8Array,
  inspection: Inspection,
  admit?: AdmitMemory,
  unpacked?: Unpacked,
): Walk | Refusal {
  const rules = rulesFor(inspection);
  const type = REQUEST_TYPES[signal];
  let read = bytes;
  let result = runAdmitted(read, type, rules, admit);
  if (result === WALK_NOT_CANONICAL) {
    const rewritten = canonicalise(signal, bytes);
    if (!(rewritten instanceof Uint8Array)) return rewritten;
    read = rewritten;
    result = runAdmitted(read, type, rules, admit);
  }
  if (typeof result !== 'number') return result;
  if (result !== WALK_OK) {
    const where =
      result === WALK_TOO_MANY
        ? 'too many attributes to judge; send smaller requests'
        : `broken at byte ${machine.faultAt} of ${read.length}`;
    machine.settle();
    return { ok: false, code: 'MALFORMED', retryable: false, message: `cannot read the ${signal} request: ${where}` };
  }
  const lease = unpacked?.lease ?? new Lease();
  const { items } = machine;
  const marks = lease.words(machine.markWords);
  machine.moveMarks(marks);
  return new Walk(signal, read, items, marks, inspection, lease, read === bytes ? unpacked?.matches : undefined);
}

/** The walk has a copy of the request in a memory that grows by half, and marks cost several times the bytes they are made of. So for a large request
 *  there must be memory, and one that wants many marks is walked again, as far as there is memory for them: others pay
 *  nothing for the question. */
function runAdmitted(bytes: Uint8Array, type: number, rules: Uint8Array, admit: AdmitMemory | undefined): number | Refusal {
  const most = MARKS_FREE + Math.floor(bytes.length / BYTES_PER_MARK);
  const copyBytes = bytes.length > LIMITS.walkMemoryBytes ? Math.ceil(1.5 * bytes.length) : 0;
  let refused = copyBytes === 0 ? undefined : admit?.(copyBytes);
  if (refused !== undefined) return refused;
  let marksMax = MARKS_FREE;
  let result = machine.run(bytes, type, rules, marksMax);
  while (result === WALK_TOO_MANY && marksMax < most) {
    marksMax = Math.min(most, marksMax * MARKS_GROWTH);
    refused = admit?.(copyBytes + marksMax * MARK_BYTES);
    if (refused !== undefined) {
      machine.settle();
      return refused;
    }
    result = machine.run(bytes, type, rules, marksMax);
  }
  return result;
}
