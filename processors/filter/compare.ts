import { compareRuns } from '../../pipeline/otlp/same-bytes.kernel.ts';
import { BOOL, BYTES, DOUBLE, INT, LIST, MAP, NIL, TEXT, type ValueReader } from '../../pipeline/otlp/value-reader.kernel.ts';
import { nested, sameValue } from '../../pipeline/otlp/value-text.ts';
import type { Operator } from './expression.ts';

/**
 * OTTL's comparison (contrib, pkg/ottl/compare.go): numbers as int64 or, when one is a double, as doubles; texts and
 * bytes by their bytes; false before true; maps and lists for equality only. Kinds that do not compare are not equal,
 * and in no order. Nothing, and empty bytes, equal nothing else than nothing.
 */
export function compareValues(a: ValueReader, b: ValueReader, operator: Operator): boolean {
  const left = kindOf(a);
  const right = kindOf(b);
  if (left === NIL && right === NIL) return operator === '==' || operator === '<=' || operator === '>=';
  if ((left === INT || left === DOUBLE) && (right === INT || right === DOUBLE)) {
    // NaN is in no order, and equal to nothing.
    return left === INT && right === INT
      ? answers(operator, compareInts(a, b))
      : compareDoubles(a.asDouble, b.asDouble, operator);
  }
  if (left !== right) return operator === '!=';
  switch (left) {
    case BOOL:
      return answers(operator, a.low - b.low);
    case TEXT:
    case BYTES:
      return answers(operator, compareRuns(a.bytes, a.start, a.end, b.bytes, b.start, b.end));
    case MAP:
    case LIST: {
      if (operator === '!=') return !sameValue(nested(a), nested(b));
      return operator === '==' && sameValue(nested(a), nested(b));
    }
    default:
      return operator === '!=';
  }
}

function kindOf({ kind, start, end }: ValueReader): number {
  return kind === BYTES && start === end ? NIL : kind;
}

function compareInts(a: ValueReader, b: ValueReader): number {
  return a.high === b.high ? (a.low >>> 0) - (b.low >>> 0) : a.high - b.high;
}

function compareDoubles(a: number, b: number, operator: Operator): boolean {
  switch (operator) {
    case '==':
      return a === b;
    case '!=':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

const answers = (operator: Operator, order: number): boolean => compareDoubles(order, 0, operator);
