import type { AnyValue } from '../otlp/any-value.ts';

/** A value of a YAML text as an attribute's: whole numbers are int, others double. */
export function plainValue(given: unknown): AnyValue {
  if (typeof given === 'string') return { kind: 'string', text: given };
  if (typeof given === 'boolean') return { kind: 'bool', value: given };
  if (typeof given === 'number')
    return Number.isSafeInteger(given) ? { kind: 'int', value: BigInt(given) } : { kind: 'double', value: given };
  if (Array.isArray(given)) return { kind: 'array', values: given.map(plainValue) };
  if (given === null || given === undefined) return { kind: 'none' };
  return { kind: 'map', entries: Object.entries(given).map(([key, value]) => [key, plainValue(value)]) };
}
