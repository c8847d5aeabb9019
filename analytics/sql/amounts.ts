import { LIMITS } from '../../pipeline/limits.ts';
import { isNode, list, Refused, type Json, type Node } from './syntax-tree.ts';

/**
 * Functions that make an amount of a number: `repeat('x', n)` is one call however large n is, and while it runs DuckDB hears
 * no interrupt. So n must have a bound that can be seen in the text. `range` in FROM streams, and needs none.
 */

/** What a number may be. */
type Interval = readonly [least: number, most: number];

const ANY: Interval = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];

/** Which argument says how much. */
const AMOUNTS: ReadonlyMap<string, number> = new Map([
  ['repeat', 1],
  ['lpad', 1],
  ['rpad', 1],
  ['bitstring', 1],
  ['list_resize', 1],
  ['array_resize', 1],
  ['reservoir_quantile', 2],
]);
const SERIES = new Set(['range', 'generate_series']);

const INTEGERS: ReadonlyMap<string, Interval> = new Map([
  ['BOOLEAN', [0, 1]],
  ['TINYINT', [-128, 127]],
  ['UTINYINT', [0, 255]],
  ['SMALLINT', [-32_768, 32_767]],
  ['USMALLINT', [0, 65_535]],
  ...['INTEGER', 'BIGINT', 'HUGEINT'].map((name): [string, Interval] => [name, ANY]),
  ...['UINTEGER', 'UBIGINT', 'UHUGEINT'].map((name): [string, Interval] => [name, [0, Number.POSITIVE_INFINITY]]),
]);
/** What is counted is there, so it has been paid for. */
const COUNTS = new Set(['len', 'length', 'strlen', 'array_length', 'char_length', 'cardinality', 'json_array_length']);
const TIMES = new Set(['month', 'day', 'hour', 'minute', 'quarter', 'week', 'dayofweek', 'dayofyear', 'isodow', 'weekday']);
const ROUNDED = new Set(['floor', 'ceil', 'ceiling', 'trunc', 'round']);

/** Throws a `Refused` for what makes more than it may, or nobody can tell how much. */
export function boundAmounts(value: Json | undefined): void {
  if (Array.isArray(value)) for (const each of value as readonly Json[]) boundAmounts(each);
  if (!isNode(value)) return;
  const called = value['type'] === 'TABLE_FUNCTION' ? value['function'] : undefined;
  if (isNode(called)) {
    for (const key in called) boundAmounts(called[key]);
    for (const key in value) if (key !== 'function') boundAmounts(value[key]);
    return;
  }
  if (typeof value['function_name'] === 'string') {
    const name = value['function_name'].toLowerCase();
    const given = list(value['children']);
    judgeCall(name, given);
    // `name.repeat(5)`: what stands before the dot looks like a schema, and is the first argument if it is a column.
    if (value['schema'] !== '') judgeCall(name, [null, ...given]);
  }
  if (value['type'] === 'ARRAY_TYPE_INFO' && isTooMuch(elementsOf(value))) refuse('an array type', '');
  for (const key in value) boundAmounts(value[key]);
}

/** Also what is no number. */
const isTooMuch = (amount: number): boolean => !(amount <= LIMITS.sqlAmount);

function refuse(name: string, remedy: string): never {
  throw new Refused(`${name} may make more than ${LIMITS.sqlAmount} at once${remedy}`);
}

function judgeCall(name: string, given: readonly Json[]): void {
  const at = AMOUNTS.get(name);
  const amount = at === undefined ? undefined : given[at];
  if (amount !== undefined && isTooMuch(intervalOf(amount)[1])) refuse(name, `; with least(…, ${LIMITS.sqlAmount}) it does not`);
  if (SERIES.has(name) && isTooMuch(lengthOf(given))) refuse(name, `; in FROM ${name} may make any number of rows`);
  if ((name === 'format' || name === 'printf') && isTooMuch(widthOf(name, given[0])))
    refuse(name, ': its first argument must be a text whose widths are written out');
}

/** Of `range(stop)`, `range(start, stop)`, `range(start, stop, step)`. */
function lengthOf(given: readonly Json[]): number {
  const [first = null, second, third] = given;
  const from = second === undefined ? ([0, 0] as const) : intervalOf(first);
  const to = intervalOf(second ?? first);
  const step = third === undefined ? 1 : (integerOf(third) ?? 0);
  // Without a step that can be seen: times, too, which are no numbers.
  if (step === 0) return Number.POSITIVE_INFINITY;
  return (step > 0 ? to[1] - from[0] : from[1] - to[0]) / Math.abs(step);
}

/** The largest width or precision of a format, infinite where it is an argument. */
function widthOf(name: string, format: Json | undefined): number {
  const text = isNode(format) && format['class'] === 'CONSTANT' && isNode(format['value']) ? format['value']['value'] : undefined;
  if (typeof text !== 'string') return Number.POSITIVE_INFINITY;
  const fields =
    name === 'printf'
      ? (text.match(/%[^a-z%]*/gi) ?? [])
      : text
          .replaceAll(/\{\{|\}\}/g, '')
          .split('{')
          // One that does not end before the next begins takes its width from an argument.
          .map((field, nth, all) => (nth > 0 && nth < all.length - 1 && /:[^}]*$/.test(field) ? '*' : field.replace(/\}.*/s, '')))
          .slice(1);
  let most = 0;
  for (const field of fields) {
    if (field.includes('*')) return Number.POSITIVE_INFINITY;
    for (const digits of field.match(/\d+/g) ?? []) most = Math.max(most, Number(digits));
  }
  return most;
}

function elementsOf(info: Node): number {
  const child = info['child_type'];
  const inner = isNode(child) ? child['type_info'] : undefined;
  const size = Number(info['size']);
  return isNode(inner) && inner['type'] === 'ARRAY_TYPE_INFO' ? size * elementsOf(inner) : size;
}

/** A whole number as it is written. */
function integerOf(value: Json): number | undefined {
  if (!isNode(value) || value['class'] !== 'CONSTANT' || !isNode(value['value'])) return undefined;
  const { type, value: number } = value['value'] as { readonly type?: Json; readonly value?: Json };
  return typeof number === 'number' && isNode(type) && INTEGERS.has(String(type['id'])) ? number : undefined;
}

/** What an expression may come to, wider where that cannot be seen; NULL makes nothing. */
function intervalOf(value: Json): Interval {
  if (!isNode(value)) return ANY;
  switch (value['class']) {
    case 'CONSTANT':
      return constantOf(value);
    case 'CAST': {
      const type = value['cast_type'];
      const range = isNode(type) ? INTEGERS.get(String(type['id'])) : undefined;
      return range === undefined ? ANY : within(intervalOf(value['child'] ?? null), range);
    }
    case 'CASE': {
      const results = list(value['case_checks']).map((check) => (isNode(check) ? (check['then_expr'] ?? null) : null));
      return either([...results, value['else_expr'] ?? null]);
    }
    case 'OPERATOR':
      return value['type'] === 'OPERATOR_COALESCE' ? either(list(value['children'])) : ANY;
    case 'FUNCTION':
      return resultOf(String(value['function_name']).toLowerCase(), list(value['children']));
    default:
      return ANY;
  }
}

function constantOf(constant: Node): Interval {
  const integer = integerOf(constant);
  if (integer !== undefined) return [integer, integer];
  const { type, value: number } = (isNode(constant['value']) ? constant['value'] : {}) as { type?: Json; value?: Json };
  const id = isNode(type) ? String(type['id']) : '';
  // A decimal is written without its point: nearer to 0 than what is written.
  if (typeof number === 'number' && ['DECIMAL', 'FLOAT', 'DOUBLE'].includes(id))
    return [Math.min(0, number), Math.max(0, number)];
  return ANY;
}

const within = (interval: Interval, range: Interval): Interval => [
  Math.max(interval[0], range[0]),
  Math.min(interval[1], range[1]),
];

function either(values: readonly Json[]): Interval {
  const all = values.map(intervalOf);
  return [Math.min(...all.map(([least]) => least)), Math.max(...all.map(([, most]) => most))];
}

function resultOf(name: string, given: readonly Json[]): Interval {
  if (COUNTS.has(name)) return [0, LIMITS.sqlAmount];
  if (TIMES.has(name)) return [0, 366];
  if (ROUNDED.has(name) && given.length === 1) {
    const [least, most] = intervalOf(given[0]!);
    return [least - 1, most + 1];
  }
  const [a = ANY, b] = given.map(intervalOf);
  const divisor = given[1] === undefined ? undefined : integerOf(given[1]);
  switch (name) {
    case 'least': {
      // Whatever is NULL is left out, so only what is written bounds the rest.
      const [least, most] = either(given);
      return [least, Math.min(most, ...given.map((each) => integerOf(each) ?? Number.POSITIVE_INFINITY))];
    }
    case 'greatest': {
      const [least, most] = either(given);
      return [Math.max(least, ...given.map((each) => integerOf(each) ?? Number.NEGATIVE_INFINITY)), most];
    }
    case 'abs':
      return [0, Math.max(-a[0], a[1])];
    case '+':
      return b === undefined ? a : [a[0] + b[0], a[1] + b[1]];
    case '-':
      return b === undefined ? [-a[1], -a[0]] : [a[0] - b[1], a[1] - b[0]];
    case '*':
      return b === undefined ? ANY : product(a, b);
    case '/':
    case '//':
      return divisor === undefined || divisor < 1 ? ANY : [Math.min(0, a[0]), Math.max(0, a[1])];
    case '%':
    case 'mod':
      return divisor === undefined ? ANY : [-Math.abs(divisor), Math.abs(divisor)];
    default:
      return ANY;
  }
}

function product(a: Interval, b: Interval): Interval {
  const corners = [a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]];
  return corners.some(Number.isNaN) ? ANY : [Math.min(...corners), Math.max(...corners)];
}
