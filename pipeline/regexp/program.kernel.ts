/**
 * A pattern as instructions over bytes, in columns: what a step is, the bytes it takes, where it goes on. Both machines
 * that run one (dfa.kernel.ts, captures.kernel.ts) take time linear in the subject, whatever the pattern: RE2's promise,
 * which JavaScript's own engine does not make.
 */
export interface Program {
  readonly ops: Uint8Array;
  /** Of OP_BYTES: the byte range it takes. */
  readonly low: Uint8Array;
  readonly high: Uint8Array;
  readonly next: Int32Array;
  /** Of OP_SPLIT the second way, of OP_SAVE the slot, of OP_ASSERT the assertion. */
  readonly other: Int32Array;
  readonly start: number;
  /** Two per group that captures and two for the whole match. */
  readonly slots: number;
}

export const OP_MATCH = 0;
export const OP_BYTES = 1;
export const OP_SPLIT = 2;
export const OP_SAVE = 3;
export const OP_ASSERT = 4;

export const TEXT_START = 0;
export const TEXT_END = 1;
export const LINE_START = 2;
export const LINE_END = 3;
export const WORD_BOUNDARY = 4;
export const NO_WORD_BOUNDARY = 5;

/** What stands on one side of a place; the text's own start or end, or a byte. */
export const SIDE_EDGE = 1;
export const SIDE_NEWLINE = 2;
export const SIDE_WORD = 4;
/** A byte that goes on with a character: no place in front of it lies between two characters. */
export const SIDE_INSIDE = 8;

export function sideOf(byte: number): number {
  if (byte === 10) return SIDE_NEWLINE;
  if (byte >= 0x80) return byte < 0xc0 ? SIDE_INSIDE : 0;
  const isWord =
    (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a) || byte === 0x5f || (byte >= 0x61 && byte <= 0x7a);
  return isWord ? SIDE_WORD : 0;
}

/** Does the assertion hold between what stands `before` and what stands `after` (SIDE_* bits)? */
export function holds(assertion: number, before: number, after: number): boolean {
  if ((after & SIDE_INSIDE) !== 0) return false;
  switch (assertion) {
    case TEXT_START:
      return (before & SIDE_EDGE) !== 0;
    case TEXT_END:
      return (after & SIDE_EDGE) !== 0;
    case LINE_START:
      return (before & (SIDE_EDGE | SIDE_NEWLINE)) !== 0;
    case LINE_END:
      return (after & (SIDE_EDGE | SIDE_NEWLINE)) !== 0;
    case WORD_BOUNDARY:
      return ((before ^ after) & SIDE_WORD) !== 0;
    default:
      return ((before ^ after) & SIDE_WORD) === 0;
  }
}
