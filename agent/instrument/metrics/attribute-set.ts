import type { AttributeValue } from '@opentelemetry/api';
import type { AttributeFilter } from './contract.ts';

/** What is written of one attribute. */
export type Entry = readonly [key: string, value: AttributeValue];

/**
 * The attributes of `attributes` that OTLP can carry, in the order they stand there: what a caller changes later changes
 * nothing here. Undefined and null are as good as absent; `refuse` gets the key of anything else that is no attribute.
 */
export function entriesOf(
  attributes: unknown,
  allowed: AttributeFilter | undefined,
  refuse: (key: string) => void,
): readonly Entry[] {
  if (attributes === undefined || attributes === null) return [];
  if (typeof attributes !== 'object' || Array.isArray(attributes)) {
    refuse('');
    return [];
  }
  const entries: Entry[] = [];
  for (const key of Object.keys(attributes)) {
    if (allowed !== undefined && !allowed.has(key)) continue;
    const value = (attributes as Record<string, unknown>)[key];
    if (value === undefined || value === null) continue;
    const copied = key === '' ? undefined : copyOf(value);
    if (copied === undefined) refuse(key);
    else entries.push([key, copied]);
  }
  return entries;
}

function copyOf(value: unknown): AttributeValue | undefined {
  if (isPrimitive(value)) return value;
  if (!Array.isArray(value)) return undefined;
  const copied = Array.from(value as readonly unknown[], (element) => element ?? null);
  const first = copied.find((element) => element !== null);
  if (first !== undefined && !isPrimitive(first)) return undefined;
  if (copied.some((element) => element !== null && typeof element !== typeof first)) return undefined;
  return Object.freeze(copied) as AttributeValue;
}

function isPrimitive(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

/** One text per set of attributes, whatever their order; texts stand with their lengths, so no two sets share one. */
export function canonicalKey(entries: readonly Entry[]): string {
  const sorted = entries.length < 2 ? entries : entries.toSorted(([left], [right]) => (left < right ? -1 : 1));
  let text = '';
  for (const [key, value] of sorted) text += `${key.length}:${key}${valueKey(value)}`;
  return text;
}

function valueKey(value: AttributeValue | null | undefined): string {
  switch (typeof value) {
    case 'string':
      return `s${value.length}:${value}`;
    case 'number':
      return `n${value === 0 ? 0 : value};`;
    case 'boolean':
      return value ? 't' : 'f';
    default: {
      if (value === null || value === undefined) return '-';
      let text = `a${value.length}:`;
      for (const element of value) text += valueKey(element);
      return text;
    }
  }
}

/** The attribute that has the most different values in these texts of `canonicalKey`; the empty text if there is none. */
export function guiltyKey(canonicalKeys: Iterable<string>): string {
  const values = new Map<string, Set<string>>();
  for (const text of canonicalKeys) {
    for (let at = 0; at < text.length;) {
      const [key, valueAt] = sizedAt(text, at);
      const end = valueEnd(text, valueAt);
      let seen = values.get(key);
      if (seen === undefined) values.set(key, (seen = new Set()));
      seen.add(text.slice(valueAt, end));
      at = end;
    }
  }
  let guilty = '';
  let most = 0;
  for (const [key, { size }] of values) {
    if (size > most) [guilty, most] = [key, size];
  }
  return guilty;
}

/** What stands behind its length at `at`, and where it ends. */
function sizedAt(text: string, at: number): [content: string, end: number] {
  const colon = text.indexOf(':', at);
  const end = colon + 1 + Number(text.slice(at, colon));
  return [text.slice(colon + 1, end), end];
}

/** Where the value at `at` ends. */
function valueEnd(text: string, at: number): number {
  switch (text[at]) {
    case 's':
      return sizedAt(text, at + 1)[1];
    case 'n':
      return text.indexOf(';', at) + 1;
    case 'a': {
      const colon = text.indexOf(':', at);
      let end = colon + 1;
      for (let left = Number(text.slice(at + 1, colon)); left > 0; left--) end = valueEnd(text, end);
      return end;
    }
    default:
      return at + 1;
  }
}
