import type { Tree } from './otlp.ts';

/**
 * A naive twin of the conditions of `filter`: an expression as data, its text, and its value over decoded messages with
 * bigints, strings and JavaScript's own comparisons. Knows log records only; that levels and fields are found is what
 * tests/system/interop-processors.test.ts asks the Go collector.
 */
export type NaiveValue =
  | { readonly literal: string | bigint | number | boolean | null }
  | { readonly attribute: string; readonly of: 'log' | 'resource'; readonly keys: readonly (string | number)[] }
  | { readonly field: 'severity_text' | 'severity_number' | 'body' };
export type NaiveCondition =
  | { readonly any: readonly NaiveCondition[] }
  | { readonly all: readonly NaiveCondition[] }
  | { readonly not: NaiveCondition }
  | { readonly constant: boolean }
  | { readonly left: NaiveValue; readonly operator: string; readonly right: NaiveValue }
  | { readonly prefix: string; readonly value: NaiveValue };

/** Thrown where the condition has no answer. */
export class NoAnswer extends Error {}

export function textOf(condition: NaiveCondition): string {
  if ('any' in condition) return `(${condition.any.map(textOf).join(' or ')})`;
  if ('all' in condition) return `(${condition.all.map(textOf).join(' and ')})`;
  if ('not' in condition) return `not (${textOf(condition.not)})`;
  if ('constant' in condition) return String(condition.constant);
  if ('prefix' in condition) return `HasPrefix(${valueText(condition.value)}, ${JSON.stringify(condition.prefix)})`;
  return `${valueText(condition.left)} ${condition.operator} ${valueText(condition.right)}`;
}

function valueText(value: NaiveValue): string {
  if ('literal' in value) {
    if (value.literal === null) return 'nil';
    if (typeof value.literal === 'string') return JSON.stringify(value.literal);
    if (typeof value.literal === 'number')
      return Number.isInteger(value.literal) ? value.literal.toFixed(1) : String(value.literal);
    return String(value.literal);
  }
  if ('field' in value) return value.field;
  const keys = [value.attribute, ...value.keys].map((key) => `[${JSON.stringify(key)}]`).join('');
  return `${value.of === 'resource' ? 'resource.' : ''}attributes${keys}`;
}

type Plain = string | bigint | number | boolean | null | Uint8Array | { readonly listOf: Tree[] } | { readonly mapOf: Tree[] };

function plainOf(value: Tree | undefined): Plain {
  const [kind, content] = Object.entries(value ?? {}).find(([name]) => name !== '$unknown') ?? [];
  if (kind === undefined) return null;
  if (kind === 'arrayValue') return { listOf: ((content as Tree)['values'] ?? []) as Tree[] };
  if (kind === 'kvlistValue') return { mapOf: ((content as Tree)['values'] ?? []) as Tree[] };
  if (kind === 'bytesValue' && (content as Uint8Array).length === 0) return null;
  return content as Plain;
}

const find = (list: readonly Tree[], key: string): Tree | undefined => list.find((each) => (each['key'] ?? '') === key);

function valueOf(value: NaiveValue, log: Tree, resource: Tree): Plain {
  if ('literal' in value) return value.literal;
  if ('field' in value) {
    if (value.field === 'body') return plainOf(log['body'] as Tree | undefined);
    if (value.field === 'severity_text') return (log['severityText'] ?? '') as string;
    return BigInt((log['severityNumber'] ?? 0) as number);
  }
  const owner = value.of === 'log' ? log : resource;
  const first = find((owner['attributes'] ?? []) as Tree[], value.attribute);
  if (first === undefined) return null;
  let at = plainOf(first['value'] as Tree | undefined);
  for (const key of value.keys) {
    if (typeof at === 'object' && at !== null && 'mapOf' in at && typeof key === 'string') {
      const entry = find(at.mapOf, key);
      if (entry === undefined) return null;
      at = plainOf(entry['value'] as Tree | undefined);
    } else if (typeof at === 'object' && at !== null && 'listOf' in at && typeof key === 'number' && key < at.listOf.length) {
      at = plainOf(at.listOf[key]);
    } else throw new NoAnswer();
  }
  return at;
}

function order(a: Plain, b: Plain): number | undefined {
  const isNumber = (value: Plain): value is number | bigint => typeof value === 'number' || typeof value === 'bigint';
  if (isNumber(a) && isNumber(b)) {
    const [x, y] = typeof a === 'bigint' && typeof b === 'bigint' ? [a, b] : [Number(a), Number(b)];
    return x < y ? -1 : x > y ? 1 : x === y ? 0 : Number.NaN;
  }
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b);
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return undefined;
}

function compare(a: Plain, operator: string, b: Plain): boolean {
  if (a === null && b === null) return ['==', '<=', '>='].includes(operator);
  const isNested = (value: Plain): value is { listOf: Tree[] } | { mapOf: Tree[] } =>
    typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
  if (isNested(a) && isNested(b) && 'mapOf' in a === 'mapOf' in b) {
    const same = sameNested(a, b);
    return operator === '==' ? same : operator === '!=' && !same;
  }
  const by = order(a, b);
  if (by === undefined) return operator === '!=';
  switch (operator) {
    case '==':
      return by === 0;
    case '!=':
      return by !== 0;
    case '<':
      return by < 0;
    case '<=':
      return by <= 0;
    case '>':
      return by > 0;
    default:
      return by >= 0;
  }
}

function sameNested(a: Plain, b: Plain): boolean {
  if (
    typeof a !== 'object' ||
    typeof b !== 'object' ||
    a === null ||
    b === null ||
    a instanceof Uint8Array ||
    b instanceof Uint8Array
  )
    return order(a, b) === 0 && typeof a === typeof b ? true : a === null && b === null;
  if ('listOf' in a && 'listOf' in b)
    return a.listOf.length === b.listOf.length && a.listOf.every((each, i) => sameNested(bytesToo(each), bytesToo(b.listOf[i])));
  if (!('mapOf' in a) || !('mapOf' in b) || a.mapOf.length !== b.mapOf.length) return false;
  const others = new Map(b.mapOf.toReversed().map((each) => [(each['key'] ?? '') as string, each['value'] as Tree | undefined]));
  return a.mapOf.every((each) => {
    const key = (each['key'] ?? '') as string;
    return others.has(key) && sameNested(bytesToo(each['value'] as Tree | undefined), bytesToo(others.get(key)));
  });
}

/** Inside of a value, empty bytes are bytes. */
function bytesToo(value: Tree | undefined): Plain {
  return (value?.['bytesValue'] as Uint8Array | undefined) ?? plainOf(value);
}

export function holds(condition: NaiveCondition, log: Tree, resource: Tree): boolean {
  if ('any' in condition) return condition.any.some((each) => holds(each, log, resource));
  if ('all' in condition) return condition.all.every((each) => holds(each, log, resource));
  if ('not' in condition) return !holds(condition.not, log, resource);
  if ('constant' in condition) return condition.constant;
  if ('prefix' in condition) {
    const value = valueOf(condition.value, log, resource);
    if (typeof value !== 'string') throw new NoAnswer();
    return value.startsWith(condition.prefix);
  }
  return compare(valueOf(condition.left, log, resource), condition.operator, valueOf(condition.right, log, resource));
}
