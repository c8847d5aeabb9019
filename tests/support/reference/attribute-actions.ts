import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Tree, Value } from './otlp.ts';

/** A naive twin of the actions on attributes: works on decoded lists, with strings, objects and JavaScript's own regular expressions. */
export interface NaiveAction {
  readonly key?: string;
  readonly action: string;
  readonly value?: unknown;
  readonly default_value?: unknown;
  readonly from_attribute?: string;
  readonly from_context?: string;
  readonly pattern?: string;
  readonly converted_type?: string;
}

interface Entry {
  key: string;
  value: Tree;
  /** As it stands in the request, while nothing has changed it. */
  original?: Tree | undefined;
}

function give(entry: Entry, value: Tree): void {
  if (isDeepStrictEqual(entry.value, value)) return;
  entry.value = value;
  entry.original = undefined;
}

export function actOn(
  attributes: readonly Tree[],
  actions: readonly NaiveAction[],
  claim: string,
  metadata: Readonly<Record<string, string>> = {},
): Tree[] {
  let entries: Entry[] = attributes.map((each) => ({
    key: (each['key'] ?? '') as string,
    value: (each['value'] ?? {}) as Tree,
    original: each,
  }));
  const get = (key: string): Entry | undefined => entries.find((each) => each.key === key);
  const put = (key: string, value: Tree): void => {
    if (key === claim) return;
    if (get(key) === undefined) entries.push({ key, value });
    for (const each of entries) if (each.key === key) give(each, value);
  };
  /** By key, then by pattern: what has both is named twice, and hashed twice, as in the Go collector. */
  const named = ({ key, pattern, action }: NaiveAction): Entry[] => [
    ...entries.filter((each) => each.key !== claim && each.key === (key ?? '') && key !== undefined),
    ...entries.filter(
      (each) => each.key !== claim && action !== 'convert' && pattern !== undefined && new RegExp(pattern, 'u').test(each.key),
    ),
  ];
  const source = (action: NaiveAction): Tree | undefined => {
    if (action.value !== undefined) return plain(action.value);
    const header =
      action.from_context === undefined ? undefined : metadata[action.from_context.replace('metadata.', '').toLowerCase()];
    if (header !== undefined) return { stringValue: header };
    const from = action.from_attribute === undefined ? undefined : get(action.from_attribute);
    return from?.value ?? (action.default_value === undefined ? undefined : plain(action.default_value));
  };
  for (const action of actions) {
    const key = action.key ?? '';
    const value = source(action);
    switch (action.action) {
      case 'insert':
        if (value !== undefined && get(key) === undefined) put(key, value);
        break;
      case 'update':
        if (value !== undefined && get(key) !== undefined) put(key, value);
        break;
      case 'upsert':
        if (value !== undefined) put(key, value);
        break;
      case 'rename':
        if (value !== undefined && key !== claim && action.from_attribute !== claim && key !== action.from_attribute) {
          put(key, value);
          entries = entries.filter((each) => each.key !== action.from_attribute);
        }
        break;
      case 'delete': {
        const gone = named(action);
        entries = entries.filter((each) => !gone.includes(each));
        break;
      }
      case 'hash':
        for (const each of named(action)) give(each, { stringValue: naiveHash(each.value) });
        break;
      case 'convert':
        for (const each of named(action)) give(each, naiveConvert(each.value, action.converted_type!));
        break;
      case 'extract': {
        const text = get(key)?.value['stringValue'];
        const match = typeof text === 'string' ? new RegExp(action.pattern!.replaceAll('(?P<', '(?<'), 'u').exec(text) : null;
        for (const [name, found] of Object.entries(match?.groups ?? {})) put(name, { stringValue: found ?? '' });
      }
    }
  }
  return entries.map(({ key, value, original }) => original ?? { ...(key === '' ? {} : { key }), value });
}

function plain(value: unknown): Tree {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { intValue: BigInt(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: value.length === 0 ? {} : { values: value.map(plain) } };
  const entries = Object.entries(value as object).map(([key, each]): Tree => ({ key, value: plain(each) }));
  return { kvlistValue: entries.length === 0 ? {} : { values: entries as Value[] } };
}

function naiveHash(value: Tree): string {
  const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  const number = Buffer.alloc(8);
  const [kind, content] = Object.entries(value)[0] ?? [];
  if (kind === 'stringValue') return sha(Buffer.from(content as string));
  if (kind === 'boolValue') return sha(Buffer.from([content === true ? 1 : 0]));
  if (kind === 'intValue') number.writeBigInt64LE(content as bigint);
  else if (kind === 'doubleValue') number.writeDoubleLE(content as number);
  else return '';
  return sha(number);
}

function naiveConvert(value: Tree, to: string): Tree {
  const [kind, content] = Object.entries(value)[0] ?? [];
  if (to === 'string') {
    if (kind === undefined) return { stringValue: '' };
    if (kind === 'bytesValue') return { stringValue: Buffer.from(content as Uint8Array).toString('base64') };
    if (kind === 'doubleValue') return { stringValue: Object.is(content, -0) ? '-0' : String(content) };
    if (kind === 'arrayValue' || kind === 'kvlistValue') return { stringValue: naiveJson(value) ?? '' };
    return { stringValue: String(content) };
  }
  const int = to === 'int';
  if (kind === 'boolValue') return int ? { intValue: content === true ? 1n : 0n } : { doubleValue: content === true ? 1 : 0 };
  if (kind === 'intValue') return int ? value : { doubleValue: Number(content) };
  if (kind === 'doubleValue' && int) {
    const whole = Math.trunc(content as number);
    return { intValue: whole >= -(2 ** 63) && whole < 2 ** 63 ? BigInt(whole) : -(2n ** 63n) };
  }
  if (kind !== 'stringValue') return value;
  const text = content as string;
  if (int) {
    if (!/^[+-]?[0-9]+$/.test(text)) return value;
    const whole = BigInt(text.replace('+', ''));
    return whole >= -(2n ** 63n) && whole < 2n ** 63n ? { intValue: whole } : value;
  }
  if (/^[+-]?(inf|infinity)$/i.test(text)) return { doubleValue: text.startsWith('-') ? -Infinity : Infinity };
  if (/^nan$/i.test(text)) return { doubleValue: NaN };
  return /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?$/i.test(text) && Number.isFinite(Number(text))
    ? { doubleValue: Number(text) }
    : value;
}

/** Go's JSON of a nested value: keys in the order of their bytes, the last of equal keys; undefined where JSON has no word. */
function naiveJson(value: Tree | undefined): string | undefined {
  const [kind, content] = Object.entries(value ?? {})[0] ?? [];
  if (kind === undefined) return 'null';
  if (kind === 'stringValue')
    return JSON.stringify(content)
      .replaceAll('\u2028', String.raw`\u2028`)
      .replaceAll('\u2029', String.raw`\u2029`);
  if (kind === 'bytesValue') return `"${Buffer.from(content as Uint8Array).toString('base64')}"`;
  if (kind === 'doubleValue') return Number.isFinite(content) ? (Object.is(content, -0) ? '-0' : String(content)) : undefined;
  if (kind !== 'arrayValue' && kind !== 'kvlistValue') return String(content);
  const values = ((content as Tree)['values'] ?? []) as Tree[];
  if (kind === 'arrayValue') {
    const parts = values.map(naiveJson);
    return parts.includes(undefined) ? undefined : `[${parts.join(',')}]`;
  }
  const last = new Map(values.map((each) => [(each['key'] ?? '') as string, each['value'] as Tree | undefined]));
  const keys = [...last.keys()].toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const parts = keys.map((key) => [naiveJson({ stringValue: key }), naiveJson(last.get(key))]);
  return parts.some(([, text]) => text === undefined) ? undefined : `{${parts.map((pair) => pair.join(':')).join(',')}}`;
}

const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];
const children = (tree: Tree, name: string): Tree[] => (tree[name] ?? []) as Tree[];

/** Every Resource of a request, changed in place by `change`; one that is not there is made when it gets attributes. */
export function changeResources(request: Tree, change: (attributes: readonly Tree[]) => Tree[]): void {
  for (const groups of Object.values(request)) {
    for (const group of groups as Tree[]) {
      const had = group['resource'] as Tree | undefined;
      const resource: Tree = { ...had };
      setAttributes(resource, change(children(resource, 'attributes')));
      if (had !== undefined || resource['attributes'] !== undefined) group['resource'] = resource;
    }
  }
}

/** Every span, log record and data point of a request, with what is around it. */
export function eachItem(request: Tree, visit: (item: Tree, around: { group: Tree; list: Tree; metric?: Tree }) => void): void {
  for (const groups of Object.values(request)) {
    for (const group of groups as Tree[]) {
      for (const name of ['scopeMetrics', 'scopeSpans', 'scopeLogs'])
        for (const list of children(group, name)) {
          for (const item of [...children(list, 'spans'), ...children(list, 'logRecords')]) visit(item, { group, list });
          for (const metric of children(list, 'metrics'))
            for (const data of DATA)
              for (const point of children((metric[data] ?? {}) as Tree, 'dataPoints')) visit(point, { group, list, metric });
        }
    }
  }
}

export function setAttributes(owner: Tree, attributes: Tree[]): void {
  if (attributes.length === 0) delete owner['attributes'];
  else owner['attributes'] = attributes as Value[];
}
