import { assert } from '../assert.ts';
import { LIMITS } from '../limits.ts';
import type { Inspection } from './inspection.ts';
import { LAYOUT, ROLES, TAGS } from './layout.ts';
import { MARK_STRIDE } from './marks.kernel.ts';
import { WALK_MODULE } from './walk.gen.ts';

/** Places in the machine's memory: wasm/memory.ts and wasm/rules.ts. */
const LAYOUT_AT = 1024;
const ROLES_AT = LAYOUT_AT + 64 * 32 * 4;
const TAGS_AT = 16_384;
const RULES_AT = TAGS_AT + 64 * 128 * 4;
const BODY_AT = 65_536;
const CLASS_AT = 64;
const TABLES_AT = { key: 128, value: 384, body: 640 };
const CLAIM_LENGTHS_AT = 896;
const CLAIMS_AT = 1152;
/** What the last check of a text may read past the request. */
const SLACK_BYTES = 64;
const PAGE_BYTES = 65_536;
/** "No limit" where lengths are int32. */
const NO_LIMIT = 2 ** 31 - 1;

interface Exports {
  readonly memory: WebAssembly.Memory;
  run(bytes: number, type: number, marksMax: number): number;
  itemCount(): number;
  faultPosition(): number;
  markRows(): number;
  markCount(): number;
  splice(bytes: number, actions: number, scratch: number, out: number): number;
}

/**
 * The walk of wasm/walk.ts in a memory of its own: the loops over a request's bytes are compiled from AssemblyScript to
 * WebAssembly, for its 128-bit words (docs/decisions/0014). One per thread; what a large request has made its memory
 * grow to is given up with the request.
 */
class WalkMachine {
  #exports: Exports;
  #bytes: Uint8Array;
  #rules: Uint8Array | undefined;
  /** The marks of the request whose bytes and rows still lie here. */
  #resident: Int32Array | undefined;
  #length = 0;
  static #module: WebAssembly.Module | undefined;

  constructor() {
    this.#exports = instantiate((WalkMachine.#module ??= new WebAssembly.Module(Buffer.from(WALK_MODULE, 'base64'))));
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    this.#prepare();
  }

  /** WALK_*; the counts and marks are those of this run until the next. `marksMax`: its memory grows for no more. */
  run(request: Uint8Array, type: number, rules: Uint8Array, marksMax: number): number {
    this.#resident = undefined;
    this.#length = request.length;
    this.#reach(BODY_AT + request.length + SLACK_BYTES);
    if (this.#rules !== rules) {
      this.#bytes.set(rules, RULES_AT);
      this.#rules = rules;
    }
    this.#bytes.set(request, BODY_AT);
    const result = this.#exports.run(request.length, type, marksMax);
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    return result;
  }

  get memoryBytes(): number {
    return this.#bytes.length;
  }
  get items(): number {
    return this.#exports.itemCount();
  }
  get faultAt(): number {
    return this.#exports.faultPosition();
  }
  get markWords(): number {
    return this.#exports.markCount() * MARK_STRIDE;
  }

  /** Copies the rows of the last run into `to`, which has their length, and gives up what is too large to keep. */
  moveMarks(to: Int32Array): void {
    to.set(new Int32Array(this.#exports.memory.buffer, this.#exports.markRows(), to.length));
    this.#resident = to;
    this.settle();
  }

  /** Does the request that these marks were made for still lie here? */
  holds(marks: Int32Array): boolean {
    return marks === this.#resident;
  }

  /**
   * Writes the request that lies here into `out` from `at` on, changed as `actions` (rows of edits.kernel.ts, one per
   * mark) and their `texts` say; `length` bytes, as `editedLength` found. Returns where they end.
   */
  splice(actions: Int32Array, texts: Uint8Array, length: number, out: Uint8Array, at: number): number {
    const actionsAt = this.#exports.markRows() + this.markWords * 4;
    const textsAt = actionsAt + actions.length * 4;
    const outAt = (textsAt + texts.length + 15) & ~15;
    this.#reach(outAt + length);
    new Int32Array(this.#bytes.buffer, actionsAt, actions.length).set(actions);
    this.#bytes.set(texts, textsAt);
    const end = this.#exports.splice(this.#length, actionsAt, textsAt, outAt);
    out.set(this.#bytes.subarray(outAt, end), at);
    return at + end - outAt;
  }

  settle(): void {
    if (this.#bytes.length <= LIMITS.walkMemoryBytes) return;
    assert(WalkMachine.#module !== undefined, 'a machine without its module');
    this.#exports = instantiate(WalkMachine.#module);
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    this.#rules = undefined;
    this.#resident = undefined;
    this.#prepare();
  }

  #reach(end: number): void {
    const missing = end - this.#bytes.length;
    if (missing <= 0) return;
    this.#exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }

  #prepare(): void {
    new Int32Array(this.#exports.memory.buffer, LAYOUT_AT, LAYOUT.length).set(LAYOUT);
    this.#bytes.set(ROLES, ROLES_AT);
    new Int32Array(this.#exports.memory.buffer, TAGS_AT, TAGS.length).set(TAGS);
  }
}

function instantiate(module: WebAssembly.Module): Exports {
  return new WebAssembly.Instance(module).exports as unknown as Exports;
}

export const machine = new WalkMachine();

/** What an inspection asks for, as wasm/rules.ts reads it. */
export function rulesOf(inspection: Inspection): Uint8Array {
  const { attributes, claimKeys } = inspection;
  const claims = claimKeys.reduce((length, key) => length + 4 + ((key.length + 3) & ~3), 0);
  assert(RULES_AT + CLAIMS_AT + claims <= BODY_AT, 'the claim keys are longer than the walk has room for');
  const rules = new Uint8Array(CLAIMS_AT + claims);
  const numbers = new Int32Array(rules.buffer, 0, 16);
  const plainValues = allowsPlain(attributes?.valueBytes);
  numbers.set([
    attributes === undefined ? 0 : 1,
    attributes === undefined ? 0 : 1,
    attributes === undefined ? 0 : 1,
    bounded(attributes?.keyBytesMax),
    bounded(attributes?.valueBytesMax ?? 0),
    bounded(attributes?.bodyBytesMax ?? 0),
    attributes?.nested === true ? 1 : 0,
    attributes?.scalars === true ? 1 : 0,
    bounded(attributes?.countMax),
    LIMITS.valueDepth,
    claimKeys.length,
    Math.min(127, bounded(attributes?.keyBytesMax)),
    plainValues ? Math.min(127, bounded(attributes?.valueBytesMax)) : -1,
    plainValues ? 1 : 0,
    allowsPlain(attributes?.bodyBytes) ? 1 : 0,
  ]);
  rules.set(classOf(attributes?.keyBytes), CLASS_AT);
  for (const name of ['key', 'value', 'body'] as const) {
    const table = attributes?.[`${name}Bytes`];
    if (table !== undefined) rules.set(table, TABLES_AT[name]);
  }
  let at = CLAIMS_AT;
  for (const key of claimKeys) {
    rules[CLAIM_LENGTHS_AT + Math.min(key.length, 255)] = 1;
    new DataView(rules.buffer).setInt32(at, key.length, true);
    rules.set(key, at + 4);
    at += 4 + ((key.length + 3) & ~3);
  }
  return rules;
}

function bounded(limit = NO_LIMIT): number {
  return Math.min(limit, NO_LIMIT);
}

/** The ASCII bytes of a table, all of ASCII without one: a bit per high nibble in a byte per low nibble. */
function classOf(table: Uint8Array | undefined): Uint8Array {
  const rows = new Uint8Array(16);
  for (let byte = 0; byte < 0x80; byte++) {
    if (table === undefined || table[byte] === 1) rows[byte & 15] = rows[byte & 15]! | (1 << (byte >>> 4));
  }
  return rows;
}

function allowsPlain(table: Uint8Array | undefined): boolean {
  return table === undefined || table.subarray(0x20, 0x80).every((allowed) => allowed === 1);
}
