import { holds, OP_ASSERT, OP_BYTES, OP_MATCH, OP_SPLIT, SIDE_EDGE, sideOf, TEXT_START, type Program } from './program.kernel.ts';

/**
 * Does a pattern match anywhere in some bytes: a deterministic machine whose states are made when they are first
 * reached and thrown away when there are too many. One table look-up per byte, about 1.5 ns, once its states are known;
 * never more than one visit of each instruction per byte.
 */
const UNKNOWN = -1;
const MATCHED = -2;
const FAILED = -3;
/** Instructions over all states that are kept: 1 MiB. */
const MEMBERS_MAX = 256 * 1024;

export class Dfa {
  readonly #program: Program;
  readonly #statesMax: number;
  /** Bytes that no instruction tells apart are one class; the last class is the end of the subject. */
  readonly #classes = new Uint8Array(256);
  readonly #representatives: number[] = [];
  readonly #stride: number;
  /** Per state and class: the next state, or one of the negative words above. */
  #table: Int32Array;
  #count = 0;
  #memberCount = 0;
  readonly #members: Int32Array[] = [];
  readonly #before: number[] = [];
  readonly #states = new Map<string, number>();
  /** A set of instructions with the order they came in: `#place[pc]` is where it stands in `#set`. */
  readonly #set: Int32Array;
  readonly #place: Int32Array;
  #size = 0;
  readonly #stack: Int32Array;
  #first: number;

  constructor(program: Program, statesMax: number) {
    this.#program = program;
    this.#statesMax = Math.max(2, statesMax);
    this.#buildClasses();
    this.#stride = this.#representatives.length + 1;
    this.#table = new Int32Array(16 * this.#stride).fill(UNKNOWN);
    const length = program.ops.length;
    this.#set = new Int32Array(length);
    this.#place = new Int32Array(length).fill(-1);
    // Each instruction is pushed at most twice, once per way that leads to it from a visited split.
    this.#stack = new Int32Array(length * 2 + 2);
    this.#first = this.#begin();
  }

  /** States that are kept now. */
  get states(): number {
    return this.#count;
  }

  /** Is there a match in bytes [start, end)? The range is a text of its own: its ends are what ^ and $ mean. */
  test(bytes: Uint8Array, start: number, end: number): boolean {
    const classes = this.#classes;
    const stride = this.#stride;
    let state = this.#first;
    if (state < 0) return state === MATCHED;
    for (let at = start; at < end; at++) {
      const cell = classes[bytes[at]!]!;
      let next = this.#table[state * stride + cell]!;
      if (next === UNKNOWN) next = this.#step(state, cell);
      if (next < 0) return next === MATCHED;
      state = next;
    }
    let last = this.#table[state * stride + stride - 1]!;
    if (last === UNKNOWN) last = this.#step(state, stride - 1);
    return last === MATCHED;
  }

  #buildClasses(): void {
    const { ops, low, high } = this.#program;
    const begins = new Uint8Array(257);
    begins[0] = 1;
    let asserts = false;
    for (let pc = 0; pc < ops.length; pc++) {
      if (ops[pc] === OP_ASSERT) asserts = true;
      if (ops[pc] !== OP_BYTES || low[pc]! > high[pc]!) continue;
      begins[low[pc]!] = 1;
      begins[high[pc]! + 1] = 1;
    }
    if (asserts) for (let byte = 1; byte < 256; byte++) if (sideOf(byte) !== sideOf(byte - 1)) begins[byte] = 1;
    for (let byte = 0; byte < 256; byte++) {
      if (begins[byte] === 1) this.#representatives.push(byte);
      this.#classes[byte] = this.#representatives.length - 1;
    }
  }

  #begin(): number {
    this.#clear();
    this.#add(this.#program.start, -1, 0);
    return this.#settle(SIDE_EDGE);
  }

  #clear(): void {
    for (let i = 0; i < this.#size; i++) this.#place[this.#set[i]!] = -1;
    this.#size = 0;
  }

  /** Adds `pc` and all that is reached without a byte; through assertions only when `after` is known (not -1). */
  #add(pc: number, after: number, before: number): void {
    const { ops, next, other } = this.#program;
    const stack = this.#stack;
    let depth = 0;
    stack[depth++] = pc;
    while (depth > 0) {
      const at = stack[--depth]!;
      if (this.#place[at]! >= 0) continue;
      this.#place[at] = this.#size;
      this.#set[this.#size++] = at;
      const op = ops[at]!;
      if (op === OP_BYTES || op === OP_MATCH) continue;
      if (op === OP_ASSERT) {
        if (after >= 0 && holds(other[at]!, before, after)) stack[depth++] = next[at]!;
        continue;
      }
      stack[depth++] = next[at]!;
      if (op === OP_SPLIT) stack[depth++] = other[at]!;
    }
  }

  /** The state of `#set`, in which `before` stands in front of the place. */
  #settle(before: number): number {
    const { ops, other } = this.#program;
    let asserts = false;
    let kept = 0;
    const members = new Int32Array(this.#size);
    for (let i = 0; i < this.#size; i++) {
      const pc = this.#set[i]!;
      const op = ops[pc]!;
      if (op === OP_MATCH) return MATCHED;
      if (op === OP_ASSERT) {
        if (other[pc] === TEXT_START && (before & SIDE_EDGE) === 0) continue;
        asserts = true;
      } else if (op !== OP_BYTES) continue;
      members[kept++] = pc;
    }
    if (kept === 0) return FAILED;
    const set = members.slice(0, kept).sort();
    const context = asserts ? before : 0;
    const key = `${context}:${set.join(',')}`;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    return this.#keep(key, set, context);
  }

  #keep(key: string, set: Int32Array, before: number): number {
    if (this.#count >= this.#statesMax || (this.#count > 1 && this.#memberCount > MEMBERS_MAX)) {
      this.#states.clear();
      this.#members.length = 0;
      this.#before.length = 0;
      this.#count = 0;
      this.#memberCount = 0;
      this.#table.fill(UNKNOWN);
      // The first state has to be found again; until then a subject begins by making it.
      this.#first = this.#again(key, set, before);
      return this.#states.get(key)!;
    }
    return this.#append(key, set, before);
  }

  #append(key: string, set: Int32Array, before: number): number {
    const state = this.#count++;
    this.#memberCount += set.length;
    if ((state + 1) * this.#stride > this.#table.length) {
      const grown = new Int32Array(this.#table.length * 2).fill(UNKNOWN);
      grown.set(this.#table);
      this.#table = grown;
    }
    this.#states.set(key, state);
    this.#members[state] = set;
    this.#before[state] = before;
    return state;
  }

  /** After a clearing: keeps the state under way, and makes the first one anew. */
  #again(key: string, set: Int32Array, before: number): number {
    this.#append(key, set, before);
    return this.#begin();
  }

  #step(state: number, cell: number): number {
    const { ops, low, high, next, start } = this.#program;
    const members = this.#members[state]!;
    const before = this.#before[state]!;
    const atEnd = cell === this.#stride - 1;
    const byte = atEnd ? -1 : this.#representatives[cell]!;
    const after = atEnd ? SIDE_EDGE : sideOf(byte);
    this.#clear();
    for (let i = 0; i < members.length; i++) this.#add(members[i]!, after, before);
    const reached = this.#set.slice(0, this.#size);
    let result = FAILED;
    for (let i = 0; i < reached.length; i++) if (ops[reached[i]!] === OP_MATCH) result = MATCHED;
    const generation = this.#members;
    if (result !== MATCHED && !atEnd) {
      this.#clear();
      for (let i = 0; i < reached.length; i++) {
        const pc = reached[i]!;
        if (ops[pc] === OP_BYTES && byte >= low[pc]! && byte <= high[pc]!) this.#add(next[pc]!, -1, 0);
      }
      this.#add(start, -1, 0);
      result = this.#settle(after);
    }
    // When making the next state has cleared all others, this one is gone: nothing to remember.
    if (generation[state] === members) this.#table[state * this.#stride + cell] = result;
    return result;
  }
}
