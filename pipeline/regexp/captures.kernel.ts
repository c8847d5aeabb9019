import { holds, OP_ASSERT, OP_BYTES, OP_MATCH, OP_SAVE, OP_SPLIT, SIDE_EDGE, sideOf, type Program } from './program.kernel.ts';

/**
 * Where the groups of the leftmost match are (Pike's machine): all ways through the pattern at once, in order of
 * preference, each with its own places. Time: subject bytes x instructions; memory: two lists of instructions x slots.
 */
export class Captures {
  readonly #program: Program;
  readonly #stack: Int32Array;
  readonly #places: Int32Array;
  #current: Ways;
  #following: Ways;

  constructor(program: Program) {
    this.#program = program;
    const length = program.ops.length;
    // An instruction to visit, or a place to put back: three numbers each, at most two per instruction.
    this.#stack = new Int32Array((length * 2 + 2) * 3);
    this.#places = new Int32Array(program.slots);
    this.#current = new Ways(length, program.slots);
    this.#following = new Ways(length, program.slots);
  }

  /** Fills `slots` with places (start and end per group, -1 for one that took no part); false when nothing matches. */
  find(bytes: Uint8Array, start: number, end: number, slots: Int32Array): boolean {
    const { ops, low, high, next, slots: width, start: first } = this.#program;
    this.#current.clear();
    this.#following.clear();
    let matched = false;
    let before = SIDE_EDGE;
    for (let at = start; at <= end; at++) {
      const after = at === end ? SIDE_EDGE : sideOf(bytes[at]!);
      if (!matched) {
        this.#places.fill(-1);
        this.#add(this.#current, first, at, before, after);
      }
      if (this.#current.size === 0) break;
      const byte = at === end ? -1 : bytes[at]!;
      const afterNext = at + 1 >= end ? SIDE_EDGE : sideOf(bytes[at + 1]!);
      const ways = this.#current;
      for (let i = 0; i < ways.size; i++) {
        const pc = ways.list[i]!;
        const op = ops[pc]!;
        if (op === OP_MATCH) {
          slots.set(ways.places.subarray(i * width, (i + 1) * width));
          matched = true;
          break;
        }
        if (op !== OP_BYTES || byte < low[pc]! || byte > high[pc]!) continue;
        this.#places.set(ways.places.subarray(i * width, (i + 1) * width));
        this.#add(this.#following, next[pc]!, at + 1, after, afterNext);
      }
      ways.clear();
      this.#current = this.#following;
      this.#following = ways;
      before = after;
    }
    return matched;
  }

  /** Adds `pc` and what is reached from it without a byte, the preferred way first; `#places` are those of this way. */
  #add(to: Ways, pc: number, at: number, before: number, after: number): void {
    const { ops, next, other } = this.#program;
    const stack = this.#stack;
    let depth = 0;
    stack[depth++] = pc;
    stack[depth++] = -1;
    stack[depth++] = 0;
    while (depth > 0) {
      const old = stack[--depth]!;
      const slot = stack[--depth]!;
      const here = stack[--depth]!;
      if (slot >= 0) {
        this.#places[slot] = old;
        continue;
      }
      if (!to.add(here)) continue;
      const op = ops[here]!;
      if (op === OP_SPLIT) {
        stack[depth++] = other[here]!;
        stack[depth++] = -1;
        stack[depth++] = 0;
      } else if (op === OP_SAVE) {
        const place = other[here]!;
        stack[depth++] = 0;
        stack[depth++] = place;
        stack[depth++] = this.#places[place]!;
        this.#places[place] = at;
      } else if (op === OP_ASSERT) {
        if (!holds(other[here]!, before, after)) continue;
      } else {
        to.keep(here, this.#places);
        continue;
      }
      stack[depth++] = next[here]!;
      stack[depth++] = -1;
      stack[depth++] = 0;
    }
  }
}

/** The ways that are under way, in order of preference. */
class Ways {
  readonly list: Int32Array;
  readonly places: Int32Array;
  size = 0;
  readonly #seen: Uint32Array;
  #round = 1;

  constructor(length: number, slots: number) {
    this.list = new Int32Array(length);
    this.places = new Int32Array(length * slots);
    this.#seen = new Uint32Array(length);
  }

  clear(): void {
    this.size = 0;
    this.#round += 1;
    if (this.#round === 0xffff_ffff) {
      this.#seen.fill(0);
      this.#round = 1;
    }
  }

  /** False when another way has been there already: it is preferred. */
  add(pc: number): boolean {
    if (this.#seen[pc] === this.#round) return false;
    this.#seen[pc] = this.#round;
    return true;
  }

  keep(pc: number, places: Int32Array): void {
    this.list[this.size] = pc;
    this.places.set(places, this.size * places.length);
    this.size += 1;
  }
}
