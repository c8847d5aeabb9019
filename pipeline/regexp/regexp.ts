import { LIMITS } from '../limits.ts';
import { Captures } from './captures.kernel.ts';
import { Dfa } from './dfa.kernel.ts';
import { compileProgram } from './program.ts';
import type { Program } from './program.kernel.ts';
import { parseRegexp } from './syntax.ts';

/**
 * A regular expression of a configuration, in RE2's syntax and with RE2's promise: time linear in the subject. The
 * subject is a sender's, and JavaScript's own engine takes seconds for `.*password.*` on 64 KiB of the letter a
 * (docs/decisions/0012). Works on UTF-8 bytes; bytes that are not UTF-8 match no character.
 */
export class Regexp {
  readonly source: string;
  /** Of the groups that capture, in order; '' for one without a name. */
  readonly names: readonly string[];
  readonly #program: Program;
  readonly #dfa: Dfa;
  #captures: Captures | undefined;
  readonly #slots: Int32Array;

  /** Throws RegexpError. */
  constructor(source: string) {
    const parsed = parseRegexp(source);
    this.source = source;
    this.names = parsed.names;
    this.#program = compileProgram(parsed);
    this.#dfa = new Dfa(this.#program, LIMITS.regexpStates);
    this.#slots = new Int32Array(this.#program.slots);
  }

  /** Is there a match anywhere in bytes [start, end)? */
  test(bytes: Uint8Array, start = 0, end = bytes.length): boolean {
    return this.#dfa.test(bytes, start, end);
  }

  testText(text: string): boolean {
    return this.test(Buffer.from(text));
  }

  /**
   * Places of the leftmost match: [start, end] of the whole, then of each group, -1 for a group that took no part;
   * undefined when nothing matches. The array is used again by the next call.
   */
  find(bytes: Uint8Array, start = 0, end = bytes.length): Int32Array | undefined {
    if (!this.#dfa.test(bytes, start, end)) return undefined;
    this.#captures ??= new Captures(this.#program);
    return this.#captures.find(bytes, start, end, this.#slots) ? this.#slots : undefined;
  }
}
