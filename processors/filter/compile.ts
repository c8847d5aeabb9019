import { AttributeFinder } from '../../pipeline/otlp/attribute-finder.kernel.ts';
import { FieldReader } from '../../pipeline/otlp/field-reader.kernel.ts';
import { equals } from '../../pipeline/otlp/same-bytes.kernel.ts';
import { BOOL, BYTES, DOUBLE, INT, LIST, MAP, NIL, TEXT, ValueReader } from '../../pipeline/otlp/value-reader.kernel.ts';
import { valueText } from '../../pipeline/otlp/value-text.ts';
import { Regexp } from '../../pipeline/regexp/regexp.ts';
import { compareValues } from './compare.ts';
import { ConditionError, type Call, type Condition, type Operand } from './expression.ts';
import { literalGetter, type Getter } from './getters.ts';
import type { Level } from './levels.ts';
import { pathGetter, pointAttributesField } from './paths.ts';
import type { Place } from './place.kernel.ts';

/** Asks a condition at a place. A fault is in `at.fault`, and the answer then means nothing. */
export type Test = (at: Place) => boolean;

/** A condition as closures over the bytes. Throws ConditionError for what is not known at `level`. */
export function compileCondition(condition: Condition, level: Level): Test {
  switch (condition.kind) {
    case 'constant':
      return () => condition.value;
    case 'not': {
      const of = compileCondition(condition.of, level);
      return (at) => !of(at);
    }
    case 'and':
      return every(condition.parts.map((part) => compileCondition(part, level)));
    case 'or':
      return some(condition.parts.map((part) => compileCondition(part, level)));
    case 'comparison': {
      const left = operandGetter(condition.left, level);
      const right = operandGetter(condition.right, level);
      const { operator } = condition;
      return (at) => {
        const a = left(at);
        if (at.fault !== '') return false;
        const b = right(at);
        return at.fault === '' && compareValues(a, b, operator);
      };
    }
    case 'call':
      return callTest(condition, level);
  }
}

/** A part without an answer ends the question. */
function every(tests: readonly Test[]): Test {
  return (at) => {
    for (const test of tests) if (!test(at) || at.fault !== '') return false;
    return true;
  };
}

function some(tests: readonly Test[]): Test {
  return (at) => {
    for (const test of tests) {
      const answer = test(at);
      if (at.fault !== '') return false;
      if (answer) return true;
    }
    return false;
  };
}

function operandGetter(operand: Operand, level: Level): Getter {
  if (operand.kind === 'literal') return literalGetter(operand.value);
  if (operand.kind === 'path') return pathGetter(operand, level);
  const test = callTest(operand, level);
  const register = new ValueReader();
  return (at) => {
    register.bool(test(at));
    return register;
  };
}

interface Callable {
  readonly args: number;
  readonly make: (call: Call, level: Level) => Test;
}

const kindTest =
  (kind: number): Callable['make'] =>
  (call, level) => {
    const value = operandGetter(call.args[0]!, level);
    return (at) => value(at).kind === kind;
  };

const FUNCTIONS: Readonly<Record<string, Callable>> = {
  IsMatch: { args: 2, make: isMatch },
  HasPrefix: { args: 2, make: (call, level) => affixTest(call, level, (start, _end, length) => [start, start + length]) },
  HasSuffix: { args: 2, make: (call, level) => affixTest(call, level, (_start, end, length) => [end - length, end]) },
  IsString: { args: 1, make: kindTest(TEXT) },
  IsBool: { args: 1, make: kindTest(BOOL) },
  IsInt: { args: 1, make: kindTest(INT) },
  IsDouble: { args: 1, make: kindTest(DOUBLE) },
  IsMap: { args: 1, make: kindTest(MAP) },
  IsList: { args: 1, make: kindTest(LIST) },
  IsRootSpan: { args: 0, make: isRootSpan },
  HasAttrKeyOnDatapoint: { args: 1, make: attributeOnPoint },
  HasAttrOnDatapoint: { args: 2, make: attributeOnPoint },
};

/** The functions a condition may call, for documents. */
export const FUNCTION_NAMES: readonly string[] = Object.keys(FUNCTIONS);

function callTest(call: Call, level: Level): Test {
  const known = FUNCTIONS[call.name];
  if (known === undefined)
    throw new ConditionError(`${call.name} is not supported (known: ${FUNCTION_NAMES.join(', ')})`, call.at);
  if (call.args.length !== known.args)
    throw new ConditionError(
      `${call.name} takes ${known.args} argument${known.args === 1 ? '' : 's'}, not ${call.args.length}`,
      call.at,
    );
  return known.make(call, level);
}

/** The text that an argument must be as it stands in the condition. */
function literalText(call: Call, index: number): string {
  const arg = call.args[index]!;
  if (arg.kind === 'literal' && typeof arg.value === 'string') return arg.value;
  throw new ConditionError(`${call.name} takes a text in quotes here`, arg.at);
}

function isMatch(call: Call, level: Level): Test {
  const value = operandGetter(call.args[0]!, level);
  const source = literalText(call, 1);
  let pattern: Regexp;
  try {
    pattern = new Regexp(source);
  } catch (error) {
    throw new ConditionError(
      `the pattern of IsMatch is no regular expression (RE2 syntax), ${(error as Error).message} of it,`,
      call.args[1]!.at,
    );
  }
  return (at) => {
    const subject = value(at);
    if (at.fault !== '' || subject.kind === NIL) return false;
    if (subject.kind === TEXT) return pattern.test(subject.bytes, subject.start, subject.end);
    const text = subject.kind === BYTES ? hex(subject) : valueText(subject, true);
    // What JSON has no word for has no text to match.
    const isUnspeakable = subject.kind === DOUBLE ? !Number.isFinite(subject.double) : text === '' && subject.kind !== BYTES;
    if (isUnspeakable) at.fault = 'IsMatch has no text of NaN or an infinity';
    return !isUnspeakable && pattern.testText(text);
  };
}

const hex = ({ bytes, start, end }: ValueReader): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('hex');

function affixTest(call: Call, level: Level, range: (start: number, end: number, length: number) => [number, number]): Test {
  const value = operandGetter(call.args[0]!, level);
  const affix = Buffer.from(literalText(call, 1));
  return (at) => {
    const { kind, bytes, start, end } = value(at);
    if (at.fault !== '') return false;
    if (kind !== TEXT) {
      at.fault = `${call.name} takes a text`;
      return false;
    }
    const [from, to] = range(start, end, affix.length);
    return end - start >= affix.length && equals(bytes, from, to, affix);
  };
}

function isRootSpan(call: Call, level: Level): Test {
  if (level !== 'span') throw new ConditionError('IsRootSpan is known to a condition about a span only', call.at);
  const parent = pathGetter({ kind: 'path', names: ['parent_span_id', 'string'], keys: [], at: call.at }, level);
  return (at) => {
    const { bytes, start, end } = parent(at);
    for (let p = start; p < end; p++) if (bytes[p] !== 0x30) return false;
    return true;
  };
}

/** Does a data point of the metric have the attribute? The first that has the key decides about the value. */
function attributeOnPoint(call: Call, level: Level): Test {
  if (level !== 'metric') throw new ConditionError(`${call.name} is known to a condition about a metric only`, call.at);
  const key = Buffer.from(literalText(call, 0));
  const wanted = call.args.length > 1 ? Buffer.from(literalText(call, 1)) : undefined;
  const finder = new AttributeFinder();
  const points = new FieldReader();
  const value = new ValueReader();
  return (at) => {
    const { descent } = at;
    const field = pointAttributesField(descent);
    if (field === 0) {
      at.fault = `${call.name} takes a metric that has a type`;
      return false;
    }
    points.begin(descent.bytes, descent.dataStart, descent.dataEnd);
    while (points.next()) {
      if (points.number !== 1 || points.wireType !== 2) continue;
      if (!finder.find(descent.bytes, points.valueStart, points.position, field, key)) continue;
      if (wanted === undefined) return true;
      value.anyValue(descent.bytes, Math.max(0, finder.valueStart), Math.max(0, finder.valueEnd));
      return value.kind === TEXT ? equals(value.bytes, value.start, value.end, wanted) : wanted.length === 0;
    }
    return false;
  };
}
