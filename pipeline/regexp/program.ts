import { LIMITS } from '../limits.ts';
import { LAST_CODE_POINT, type Ranges } from './classes.ts';
import {
  OP_ASSERT,
  OP_BYTES,
  OP_MATCH,
  OP_SAVE,
  OP_SPLIT,
  TEXT_END,
  TEXT_START,
  LINE_END,
  LINE_START,
  NO_WORD_BOUNDARY,
  WORD_BOUNDARY,
  type Program,
} from './program.kernel.ts';
import { RegexpError, type Assertion, type Node, type Parsed } from './syntax.ts';

const ASSERTIONS: Readonly<Record<Assertion, number>> = {
  textStart: TEXT_START,
  textEnd: TEXT_END,
  lineStart: LINE_START,
  lineEnd: LINE_END,
  wordBoundary: WORD_BOUNDARY,
  noWordBoundary: NO_WORD_BOUNDARY,
};

/** The pattern as a machine over UTF-8 bytes (Thompson's construction). Throws RegexpError when it gets too large. */
export function compileProgram({ node, names }: Parsed): Program {
  const compiler = new Compiler();
  const match = compiler.emit(OP_MATCH, 0, 0, 0, 0);
  const end = compiler.emit(OP_SAVE, 0, 0, match, 1);
  const body = compiler.node(node, end);
  return compiler.program(compiler.emit(OP_SAVE, 0, 0, body, 0), (names.length + 1) * 2);
}

class Compiler {
  readonly #ops: number[] = [];
  readonly #low: number[] = [];
  readonly #high: number[] = [];
  readonly #next: number[] = [];
  readonly #other: number[] = [];

  /** `other` is the second way of a split, the slot of a save, the assertion of an assert. */
  emit(op: number, low: number, high: number, next: number, other: number): number {
    if (this.#ops.length >= LIMITS.regexpInstructions) throw new RegexpError('the pattern is too large', 0);
    this.#low.push(low);
    this.#high.push(high);
    this.#next.push(next);
    this.#other.push(other);
    return this.#ops.push(op) - 1;
  }

  program(start: number, slots: number): Program {
    return {
      ops: Uint8Array.from(this.#ops),
      low: Uint8Array.from(this.#low),
      high: Uint8Array.from(this.#high),
      next: Int32Array.from(this.#next),
      other: Int32Array.from(this.#other),
      start,
      slots,
    };
  }

  /** Where the machine for `node` begins; it goes on at `next`. */
  node(node: Node, next: number): number {
    switch (node.kind) {
      case 'empty':
        return next;
      case 'class':
        return this.#class(node.ranges, next);
      case 'sequence':
        return node.parts.reduceRight((after, part) => this.node(part, after), next);
      case 'choice':
        return this.#either(node.parts.map((part) => this.node(part, next)));
      case 'repeat':
        return this.#repeat(node, next);
      case 'group':
        return this.emit(OP_SAVE, 0, 0, this.node(node.of, this.emit(OP_SAVE, 0, 0, next, node.index * 2 + 1)), node.index * 2);
      case 'assertion':
        return this.emit(OP_ASSERT, 0, 0, next, ASSERTIONS[node.assertion]);
    }
  }

  #either(ways: readonly number[]): number {
    return ways.reduceRight((after, way) => this.emit(OP_SPLIT, 0, 0, way, after));
  }

  #repeat({ of, min, max, greedy }: Extract<Node, { kind: 'repeat' }>, next: number): number {
    let at = next;
    if (max < 0) {
      at = this.emit(OP_SPLIT, 0, 0, next, next);
      const body = this.node(of, at);
      if (greedy) this.#next[at] = body;
      else this.#other[at] = body;
    } else {
      for (let times = min; times < max; times++) {
        const body = this.node(of, at);
        at = greedy ? this.emit(OP_SPLIT, 0, 0, body, next) : this.emit(OP_SPLIT, 0, 0, next, body);
      }
    }
    for (let times = 0; times < min; times++) at = this.node(of, at);
    return at;
  }

  /** One way per run of byte ranges; a class without characters never goes on. */
  #class(ranges: Ranges, next: number): number {
    const ways: number[] = [];
    for (let i = 0; i < ranges.length; i += 2) {
      for (const run of utf8Runs(ranges[i]!, Math.min(ranges[i + 1]!, LAST_CODE_POINT))) {
        let at = next;
        for (let byte = run.length - 2; byte >= 0; byte -= 2) at = this.emit(OP_BYTES, run[byte]!, run[byte + 1]!, at, 0);
        ways.push(at);
      }
    }
    return ways.length === 0 ? this.emit(OP_BYTES, 1, 0, next, 0) : this.#either(ways);
  }
}

/** Last code point of each UTF-8 length. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, LAST_CODE_POINT];

/** The UTF-8 forms of [from, to] as runs of byte ranges: each run is [low, high, low, high, …]. Surrogates have none. */
export function utf8Runs(from: number, to: number): number[][] {
  if (from > to) return [];
  if (from < 0xd800 && to > 0xdfff) return [...utf8Runs(from, 0xd7ff), ...utf8Runs(0xe000, to)];
  if (from >= 0xd800 && from <= 0xdfff) return utf8Runs(0xe000, to);
  if (to >= 0xd800 && to <= 0xdfff) return utf8Runs(from, 0xd7ff);
  for (const last of LAST_OF_LENGTH) if (from <= last && to > last) return [...utf8Runs(from, last), ...utf8Runs(last + 1, to)];
  // Within one length: cut until each byte but the first that differs spans all its values.
  for (let bits = 6; bits <= 18 && to > 0x7f; bits += 6) {
    const span = 2 ** bits;
    if (Math.floor(from / span) === Math.floor(to / span)) continue;
    if (from % span !== 0) {
      const cut = from - (from % span) + span - 1;
      return [...utf8Runs(from, cut), ...utf8Runs(cut + 1, to)];
    }
    if (to % span !== span - 1) {
      const cut = to - (to % span) - 1;
      return [...utf8Runs(from, cut), ...utf8Runs(cut + 1, to)];
    }
  }
  const low = Buffer.from(String.fromCodePoint(from));
  const high = Buffer.from(String.fromCodePoint(to));
  return [[...low].flatMap((byte, i) => [byte, high[i]!])];
}
