import { child, double, list, text, values, visible, type Message } from './message.ts';

/** Values as Go's fmt package prints them, so that the output reads, and compares, like the collector's. */

/** `%f`: six decimals. */
export function fixed(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

/** `%v`: the shortest digits, with an exponent of two digits below 1e-4 and from 1e21 on. */
export function shortest(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-4 && size < 1e21)) return Object.is(value, -0) ? '-0' : String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

function notFinite(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

/** Nanoseconds since the epoch as `2020-02-11 20:26:12.000000321 +0000 UTC`. */
export function time(nanoseconds: string): string {
  const total = BigInt.asIntN(64, BigInt(nanoseconds));
  const billion = 1_000_000_000n;
  const rest = ((total % billion) + billion) % billion;
  const seconds = Number((total - rest) / billion);
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(9, '0').replace(/0+$/, '')}`;
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}${fraction} +0000 UTC`;
}

/** `Str(value)`: the type and the value. */
export function typed(value: Message): string {
  const [type] = kindOf(value);
  return `${type}(${plain(value)})`;
}

/** The value alone: maps and arrays as JSON, maps with sorted keys. */
export function plain(value: Message): string {
  const [type, raw] = kindOf(value);
  if (type === 'Str') return visible(raw as string);
  if (type === 'Empty') return '';
  if (type === 'Map' || type === 'Slice') return visible(JSON.stringify(asJson(value)));
  if (type === 'Double') return String(double(raw));
  return String(raw);
}

/** `key=value` of each attribute. */
export function pairs(owner: Message, key = 'attributes'): string[] {
  return list(owner, key).map((attribute) => `${text(attribute, 'key')}=${plain(child(attribute, 'value'))}`);
}

const KINDS = [
  ['Str', 'stringValue'],
  ['Bool', 'boolValue'],
  ['Int', 'intValue'],
  ['Double', 'doubleValue'],
  ['Map', 'kvlistValue'],
  ['Slice', 'arrayValue'],
  ['Bytes', 'bytesValue'],
] as const;

function kindOf(value: Message): readonly [string, unknown] {
  for (const [type, key] of KINDS) if (value[key] !== undefined) return [type, value[key]];
  return ['Empty', undefined];
}

function asJson(value: Message): unknown {
  const [type, raw] = kindOf(value);
  if (type === 'Empty') return null;
  if (type === 'Slice') return values(raw as Message, 'values').map((each) => asJson(each as Message));
  if (type === 'Int') return Number.isSafeInteger(Number(raw)) ? Number(raw) : raw;
  if (type !== 'Map') return raw;
  const entries = list(raw as Message, 'values').map(
    (entry) => [String(entry['key'] ?? ''), asJson(child(entry, 'value'))] as const,
  );
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** `header` keeps its own arrow and indent; the attributes stand one step further in. */
export function attributes(lines: string[], header: string, owner: Message, key = 'attributes'): void {
  const all = list(owner, key);
  if (all.length === 0) return;
  const indent = header.includes('->') ? header.slice(0, header.indexOf('->')) : '';
  lines.push(`${header}:`);
  for (const attribute of all) lines.push(`${indent}     -> ${text(attribute, 'key')}: ${typed(child(attribute, 'value'))}`);
}
