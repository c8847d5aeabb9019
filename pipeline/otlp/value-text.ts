import { readAnyValue, type AnyValue } from './any-value.ts';
import { BOOL, BYTES, DOUBLE, INT, NIL, TEXT, type ValueReader } from './value-reader.kernel.ts';

/** Values as the Go collector writes them into text (pdata `Value.AsString`, Go's `encoding/json`). Slow path: strings. */

/** The shortest digits that read back as the number, an exponent below 1e-6 and from 1e21 on. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** The same without an exponent, however many zeros that takes. */
export function decimalText(value: number): string {
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(numberText(value));
  if (parts === null) return Number.isFinite(value) ? numberText(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
  const digits = parts[2]! + (parts[3] ?? '');
  const exponent = Number(parts[4]);
  return parts[1]! + (exponent < 0 ? `0.${'0'.repeat(-exponent - 1)}${digits}` : digits.padEnd(exponent + 1, '0'));
}

export function intText(value: ValueReader): string {
  return String((BigInt(value.high) << 32n) | BigInt(value.low >>> 0));
}

/** What is in `value` as text; '' for nothing. `html` escapes <, > and & in JSON, as Go's encoder does when not told. */
export function valueText(value: ValueReader, html = false): string {
  const { bytes, start, end } = value;
  switch (value.kind) {
    case NIL:
      return '';
    case TEXT:
      return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
    case BOOL:
      return value.low === 1 ? 'true' : 'false';
    case INT:
      return intText(value);
    case DOUBLE:
      return numberText(value.double);
    case BYTES:
      return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('base64');
    default:
      return jsonOf(nested(value), html) ?? '';
  }
}

/** An array or map, as an object. */
export function nested(value: ValueReader): AnyValue {
  const { bytes, start, end } = value;
  const field = Buffer.concat([header(value.kind, end - start), bytes.subarray(start, end)]);
  return readAnyValue(field, 0, field.length);
}

function header(field: number, length: number): Buffer {
  const out: number[] = [(field << 3) | 2];
  let rest = length;
  for (; rest >= 0x80; rest >>>= 7) out.push((rest & 0x7f) | 0x80);
  return Buffer.from([...out, rest]);
}

/** Undefined for what JSON cannot say: NaN and the infinities. Keys are sorted by their bytes, the last of equal ones stays. */
function jsonOf(value: AnyValue | undefined, html: boolean): string | undefined {
  switch (value?.kind) {
    case undefined:
    case 'none':
      return 'null';
    case 'string':
      return quoted(value.text, html);
    case 'bool':
    case 'int':
      return String(value.value);
    case 'double':
      return Number.isFinite(value.value) ? numberText(value.value) : undefined;
    case 'bytes':
      return `"${Buffer.from(value.bytes).toString('base64')}"`;
    case 'array': {
      const parts = value.values.map((each) => jsonOf(each, html));
      return parts.includes(undefined) ? undefined : `[${parts.join(',')}]`;
    }
    case 'map': {
      const entries = [...new Map(value.entries)].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      const parts = entries.map(([key, each]) => [quoted(key, html), jsonOf(each, html)] as const);
      return parts.some(([, text]) => text === undefined) ? undefined : `{${parts.map((pair) => pair.join(':')).join(',')}}`;
    }
  }
}

const LINE_SEPARATORS = /[\u2028\u2029]/g;
const HTML = /[<>&]/g;

function quoted(text: string, html: boolean): string {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  const json = JSON.stringify(text).replace(LINE_SEPARATORS, escape);
  return html ? json.replace(HTML, escape) : json;
}

/** Are two values the same, as pdata compares them: maps in any order, lists in order, kinds never mixed? */
export function sameValue(a: AnyValue | undefined, b: AnyValue | undefined): boolean {
  const [left, right] = [a ?? NOTHING, b ?? NOTHING];
  if (left.kind === 'map' && right.kind === 'map') {
    // Of equal keys the first counts.
    const others = new Map(right.entries.toReversed());
    return (
      left.entries.length === right.entries.length &&
      left.entries.every(([key, value]) => others.has(key) && sameValue(value, others.get(key)))
    );
  }
  if (left.kind === 'array' && right.kind === 'array') {
    return left.values.length === right.values.length && left.values.every((value, i) => sameValue(value, right.values[i]));
  }
  if (left.kind === 'bytes' && right.kind === 'bytes') return Buffer.compare(left.bytes, right.bytes) === 0;
  if (left.kind === 'string' && right.kind === 'string') return left.text === right.text;
  return left.kind === right.kind && scalarOf(left) === scalarOf(right);
}

const NOTHING: AnyValue = { kind: 'none' };
const scalarOf = (value: AnyValue): unknown => ('value' in value ? value.value : undefined);
