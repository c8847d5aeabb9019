import { CLEAN, cleanKey, cleanText, cut, fits, KEY, ownText, REJECT } from '../otlp/attribute-text.ts';

/**
 * The properties of a metric that is still an object in an app: text in, text out, by the rules of the `sanitize` processor.
 * Numbers and booleans become text here and only here; in telemetry they stay what they are.
 */
export interface PropertyRules {
  /** clean mends what can be mended; reject refuses the first property that breaks a rule. */
  readonly mode?: 'clean' | 'reject';
  /** Mode reject: what a string must match; the default refuses URLs. */
  readonly valuePattern?: RegExp;
}

export type JudgedProperties =
  | { readonly ok: true; readonly properties: Record<string, string> }
  | { readonly ok: false; readonly key: string; readonly message: string };

const LONE_SURROGATE = /\p{Cs}/gu;

export type PropertyJudge = (properties: Readonly<Record<string, unknown>>) => JudgedProperties;

/**
 * The properties made safe, or why they cannot be. Values that carry nothing (null, undefined, functions, symbols) are left
 * out; of two keys that become one the first stays. Arrays and objects become JSON text, and one that nests deeper than
 * `CLEAN.nestedDepth` within what is kept of that text is refused in either mode.
 */
export function judgeProperties(properties: Readonly<Record<string, unknown>>, rules: PropertyRules = {}): JudgedProperties {
  if (rules.mode !== 'reject') return cleanProperties(properties);
  const count = Object.keys(properties ?? {}).length;
  if (count > REJECT.attributes) return refusal('', `${count} are more than the ${REJECT.attributes} allowed`);
  const pattern = rules.valuePattern ?? new RegExp(REJECT.valuePattern, 'u');
  return judged(properties, (key, value, text) => {
    const cause = brokenRule(key, value, text, pattern);
    return cause === undefined ? [key, text] : refusal(key, cause);
  });
}

/** Mode clean by itself, for whoever has no use for the other. */
export const cleanProperties: PropertyJudge = (properties) =>
  judged(properties, (key, _value, text) => [cleanKey(key), cleanText(text, CLEAN.valueLength, false)]);

function judged(
  properties: Readonly<Record<string, unknown>>,
  judge: (key: string, value: unknown, text: string) => readonly [string, string] | JudgedProperties,
): JudgedProperties {
  const kept = new Map<string, string>();
  for (const [key, value] of Object.entries(properties ?? {})) {
    const text = textOf(value);
    if (text === undefined) continue;
    if (text === TOO_DEEP) return refusal(key, `it nests deeper than ${CLEAN.nestedDepth}; flatten it`);
    const property = judge(key, value, text);
    if ('ok' in property) return property;
    if (!kept.has(property[0])) kept.set(property[0], ownText(property[1]));
  }
  // fromEntries defines properties: a key `__proto__` is a key like any other.
  return { ok: true, properties: Object.fromEntries(kept) };
}

/** The same for whoever wants the properties or an exception: a RangeError that names the key. */
export function sanitizeProperties(
  properties: Readonly<Record<string, unknown>>,
  rules: PropertyRules = {},
): Record<string, string> {
  const judged = judgeProperties(properties, rules);
  if (judged.ok) return judged.properties;
  throw new RangeError(judged.message);
}

function refusal(key: string, cause: string): JudgedProperties {
  const named = key === '' ? 'the properties' : `property "${cleanText(key, 64, false)}"`;
  return { ok: false, key, message: `cannot accept ${named}: ${cause}` };
}

const NUMBER = /^-?\d+(\.\d+)?$/;

/** Mode reject. */
function brokenRule(key: string, value: unknown, text: string, pattern: RegExp): string | undefined {
  if (!KEY.test(key)) return 'a key is made of letters, digits, _ . and -';
  if (!fits(key, REJECT.keyLength)) return `a key has at most ${REJECT.keyLength} characters`;
  if (typeof value === 'boolean') return undefined;
  if (typeof value === 'number' || typeof value === 'bigint') return NUMBER.test(text) ? undefined : 'it is no plain number';
  if (typeof value !== 'string') return 'it is no text, number or boolean';
  if (!fits(value, REJECT.valueLength)) return `a value has at most ${REJECT.valueLength} characters`;
  pattern.lastIndex = 0;
  if (!pattern.test(value)) return `its value does not match ${pattern.source}`;
  return value === value.normalize('NFC') ? undefined : 'its value is not in Unicode normal form C';
}

const TOO_DEEP = Symbol('too deep');

function textOf(value: unknown): string | typeof TOO_DEEP | undefined {
  switch (typeof value) {
    case 'string':
      return value.replace(LONE_SURROGATE, '\ufffd');
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value);
    case 'object': {
      if (value === null) return undefined;
      if (value instanceof Date) return dateText(value);
      const text = new NestedText();
      if (!text.add(value, 1)) return TOO_DEEP;
      return cut(text.text, CLEAN.nestedLength);
    }
    default:
      return undefined;
  }
}

/** JSON has no invalid dates either. */
const dateText = (value: Date): string => (Number.isNaN(value.getTime()) ? 'null' : value.toISOString());

/** JSON text of a value, written only as far as it is kept: a value that refers to itself ends too, by depth or by length. */
class NestedText {
  text = '';

  /** False: it nests too deep. */
  add(value: unknown, depth: number): boolean {
    if (this.#isFull()) return true;
    if (value === null || typeof value !== 'object' || value instanceof Date) {
      this.#scalar(value);
      return true;
    }
    if (depth > CLEAN.nestedDepth) return false;
    if (value instanceof Uint8Array) {
      this.text += `"${Buffer.from(value.subarray(0, CLEAN.nestedLength)).toString('base64')}"`;
      return true;
    }
    return Array.isArray(value) ? this.#list(value, depth) : this.#map(value as Record<string, unknown>, depth);
  }

  #list(values: readonly unknown[], depth: number): boolean {
    this.text += '[';
    for (let i = 0; i < values.length && !this.#isFull(); i++) {
      if (i > 0) this.text += ',';
      if (!this.add(values[i], depth + 1)) return false;
    }
    this.text += ']';
    return true;
  }

  #map(values: Readonly<Record<string, unknown>>, depth: number): boolean {
    this.text += '{';
    let first = true;
    for (const [key, value] of Object.entries(values)) {
      if (this.#isFull()) break;
      if (value === undefined || typeof value === 'function' || typeof value === 'symbol') continue;
      this.text += `${first ? '' : ','}${quoted(key)}:`;
      first = false;
      if (!this.add(value, depth + 1)) return false;
    }
    this.text += '}';
    return true;
  }

  #scalar(value: unknown): void {
    if (typeof value === 'string') this.text += quoted(value);
    else if (value instanceof Date) this.text += quoted(dateText(value));
    else if (typeof value === 'number') this.text += Number.isFinite(value) ? String(value) : `"${value}"`;
    else if (typeof value === 'boolean' || typeof value === 'bigint') this.text += String(value);
    else this.text += 'null';
  }

  #isFull(): boolean {
    // Characters are counted when it is cut; each takes at most two units.
    return this.text.length > 2 * CLEAN.nestedLength;
  }
}

const quoted = (text: string): string =>
  JSON.stringify(text.length > 2 * CLEAN.nestedLength ? text.slice(0, 2 * CLEAN.nestedLength) : text);
