/**
 * The naive twins of the scope stage and of `sanitize`, mode clean, over decoded requests: written from the design's
 * sentences, object by object, sharing nothing with the code under test.
 */
import type { Signal } from '../../../pipeline/signal.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- decoded messages, whatever they hold
export type Plain = Record<string, any>;

/** structuredClone makes plain Uint8Arrays of Buffers; a decoded request has Buffers only. */
function cloned<T>(value: T): T {
  if (Array.isArray(value)) return value.map(cloned) as T;
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, cloned(each)])) as T;
}

const CLAIM_KEYS = ['periscope.scope', 'dashboard.scope'];
const GROUPS: Record<Signal, string> = { metrics: 'resourceMetrics', traces: 'resourceSpans', logs: 'resourceLogs' };
const SCOPES: Record<Signal, string> = { metrics: 'scopeMetrics', traces: 'scopeSpans', logs: 'scopeLogs' };
const DATA = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

const claims = (owner: Plain | undefined, list = 'attributes'): (string | undefined)[] =>
  (owner?.[list] ?? [])
    .filter((each: Plain) => CLAIM_KEYS.includes(each['key']))
    .map((each: Plain) => each['value']?.stringValue);

/** Every attribute list of one item, its own and those of what it holds. */
function itemLists(item: Plain): [Plain, string][] {
  const lists: [Plain, string][] = [[item, 'attributes']];
  for (const exemplar of item['exemplars'] ?? []) lists.push([exemplar, 'filteredAttributes']);
  for (const inner of [...(item['events'] ?? []), ...(item['links'] ?? [])]) lists.push([inner, 'attributes']);
  return lists;
}

export interface Judged {
  /** Requests by scope, in which only what may leave under that scope is left, injected attribute included. */
  readonly byScope: Map<string, Plain>;
  readonly rejected: number;
}

/** `allowed` and `fallback` as in Binding; on_missing: inject. */
export function judgeScopes(signal: Signal, request: Plain, allowed: readonly string[], fallback: string | undefined): Judged {
  const byScope = new Map<string, Plain>();
  let rejected = 0;
  for (const group of request[GROUPS[signal]] ?? []) {
    const total = countItems(signal, { [GROUPS[signal]]: [group] });
    const named = claims(group.resource);
    const scope = named.length > 0 ? named[0] : allowed.length === 1 ? allowed[0] : fallback;
    if (scope === undefined || !allowed.includes(scope) || named.some((claim) => claim !== scope)) {
      rejected += total;
      continue;
    }
    const kept = keepItems(signal, group, (lists) =>
      lists.every(([owner, list]) => claims(owner, list).every((claim) => claim === scope)),
    );
    const left = countItems(signal, { [GROUPS[signal]]: [kept] });
    rejected += total - left;
    if (left === 0 && total > 0) continue;
    inject(kept, scope);
    const known = byScope.get(scope) ?? { [GROUPS[signal]]: [] };
    known[GROUPS[signal]].push(kept);
    byScope.set(scope, known);
  }
  for (const [scope, each] of byScope) if (countItems(signal, each) === 0) byScope.delete(scope);
  return { byScope, rejected };
}

function inject(group: Plain, scope: string): void {
  group['resource'] ??= {};
  const attributes: Plain[] = (group['resource'].attributes ??= []);
  if (!attributes.some((each) => each['key'] === 'periscope.scope'))
    attributes.push({ key: 'periscope.scope', value: { stringValue: scope } });
}

/** A copy of the group without the items whose lists fail, and without what is left empty by that. */
function keepItems(signal: Signal, group: Plain, good: (lists: [Plain, string][]) => boolean, copied = true): Plain {
  const copy = copied ? cloned(group) : group;
  const keep = (items: Plain[], outer: [Plain, string][]): Plain[] =>
    items.filter((item) => good([...outer, ...itemLists(item)]));
  const scopes: Plain[] = copy[SCOPES[signal]] ?? [];
  copy[SCOPES[signal]] = scopes.filter((each) => {
    const outer: [Plain, string][] = each['scope'] ? [[each['scope'], 'attributes']] : [];
    // A list that speaks for items goes even when there are none.
    if (!good(outer)) return false;
    if (signal === 'traces') return filterList(each, 'spans', countAll, (items) => keep(items, outer));
    if (signal === 'logs') return filterList(each, 'logRecords', countAll, (items) => keep(items, outer));
    return filterList(each, 'metrics', countPoints, (metrics) =>
      metrics.filter((metric) => {
        const data = dataOf(metric);
        if (!good([[metric, 'metadata']])) return false;
        return (
          data === undefined ||
          filterList(metric[data], 'dataPoints', countAll, (points) => keep(points, [...outer, [metric, 'metadata']]))
        );
      }),
    );
  });
  return copy;
}

const dataOf = (metric: Plain): string | undefined => DATA.find((name) => metric[name] !== undefined && metric[name] !== null);
const countAll = (list: Plain[]): number => list.length;
const countPoints = (metrics: Plain[]): number =>
  metrics.reduce((sum, metric) => sum + (metric[dataOf(metric) ?? '']?.dataPoints?.length ?? 0), 0);

/** False when the list had items and has none now. */
function filterList(owner: Plain, name: string, count: (list: Plain[]) => number, filter: (list: Plain[]) => Plain[]): boolean {
  const list: Plain[] = owner[name] ?? [];
  const before = count(list);
  const kept = filter(list);
  if (owner[name] !== undefined) owner[name] = kept;
  return before === 0 || count(kept) > 0;
}

export function countItems(signal: Signal, request: Plain): number {
  let count = 0;
  for (const group of request[GROUPS[signal]] ?? []) {
    for (const each of group[SCOPES[signal]] ?? []) {
      if (signal === 'traces') count += each.spans?.length ?? 0;
      else if (signal === 'logs') count += each.logRecords?.length ?? 0;
      else for (const metric of each.metrics ?? []) for (const name of DATA) count += metric[name]?.dataPoints?.length ?? 0;
    }
  }
  return count;
}

export interface CleanRules {
  readonly valueLength: number;
  readonly nestedLength: number;
  readonly nestedDepth: number;
  readonly exemptLength: number;
  readonly bodyLength: number;
}
export const CLEAN_DEFAULTS: CleanRules = {
  valueLength: 1024,
  nestedLength: 1024,
  nestedDepth: 8,
  exemptLength: 65_536,
  bodyLength: 65_536,
};

const isExempt = (key: string): boolean => /^(exception\.|url\.|code\.|db\.query\.text$)/.test(key);
const cut = (text: string, max: number): string => [...text].slice(0, max).join('');
const control = (text: string, keep: string): string =>
  [...text].map((c) => (c.codePointAt(0)! < 0x20 && !keep.includes(c) ? ' ' : c)).join('');

/** Mode clean on a decoded request. Drops what holds a value that nests too deep, and what is left empty by that. */
export function cleanRequest(signal: Signal, request: Plain, rules: CleanRules): Plain {
  const copy = cloned(request);
  const bad = new Set<Plain>();
  const clean = (owner: Plain | undefined, name = 'attributes'): void => {
    if (owner !== undefined && !cleanList(owner, name, rules)) bad.add(owner);
  };
  for (const group of copy[GROUPS[signal]] ?? []) {
    clean(group.resource);
    for (const each of group[SCOPES[signal]] ?? []) {
      clean(each.scope);
      for (const metric of each.metrics ?? []) clean(metric, 'metadata');
      for (const item of itemsIn(each)) {
        for (const [owner, name] of itemLists(item)) clean(owner, name);
        if (signal === 'logs') cleanBody(item, rules);
      }
    }
  }
  const groups: Plain[] = copy[GROUPS[signal]] ?? [];
  copy[GROUPS[signal]] = groups.flatMap((group) => {
    if (bad.has(group['resource'])) return [];
    const before = countItems(signal, { [GROUPS[signal]]: [group] });
    const kept = keepItems(signal, group, (lists) => lists.every(([owner]) => !bad.has(owner)), false);
    return before > 0 && countItems(signal, { [GROUPS[signal]]: [kept] }) === 0 ? [] : [kept];
  });
  return copy;
}

function itemsIn(each: Plain): Plain[] {
  const metrics: Plain[] = each['metrics'] ?? [];
  return [
    ...(each['spans'] ?? []),
    ...(each['logRecords'] ?? []),
    ...metrics.flatMap((metric) => metric[dataOf(metric) ?? '']?.dataPoints ?? []),
  ];
}

function cleanBody(record: Plain, rules: CleanRules): void {
  const text = record['body']?.stringValue;
  if (typeof text === 'string') record['body'].stringValue = cut(control(text, '\t\n\r'), rules.bodyLength);
}

/** False when a value nests too deep. */
function cleanList(owner: Plain | undefined, name: string, rules: CleanRules): boolean {
  const list: Plain[] = owner?.[name] ?? [];
  const all = new Set<string>();
  const changed = new Set<string>(list.some((each) => cleanKey(each['key'] ?? '') !== (each['key'] ?? '')) ? CLAIM_KEYS : []);
  const claimKeys = new Set(changed);
  const kept: Plain[] = [];
  for (const each of list) {
    const key: string = each['key'] ?? '';
    const newKey = cleanKey(key);
    const taken = key === newKey ? changed.has(newKey) && !claimKeys.has(newKey) : all.has(newKey) || claimKeys.has(newKey);
    all.add(newKey);
    if (key !== newKey) changed.add(newKey);
    if (taken) continue;
    each['key'] = newKey;
    if (!cleanValue(each, newKey, rules)) return false;
    kept.push(each);
  }
  if (owner?.[name] !== undefined) owner[name] = kept;
  return true;
}

function cleanKey(key: string): string {
  return [...key].map((c) => (/^[A-Za-z0-9_.-]$/.test(c) ? c : '_')).join('');
}

function cleanValue(attribute: Plain, key: string, rules: CleanRules): boolean {
  const value: Plain | undefined = attribute['value'];
  if (typeof value?.['stringValue'] === 'string') {
    const text = isExempt(key) ? control(value['stringValue'], '\t\n\r') : control(value['stringValue'], '');
    attribute['value'] = { stringValue: cut(text, isExempt(key) ? rules.exemptLength : rules.valueLength) };
  } else if (value?.['bytesValue'] !== undefined) {
    attribute['value'] = { bytesValue: value['bytesValue'].subarray(0, rules.valueLength) };
  } else if (value?.['arrayValue'] || value?.['kvlistValue']) {
    if (depth(value) > rules.nestedDepth) return false;
    attribute['value'] = { stringValue: cut(json(value), Math.min(rules.nestedLength, rules.valueLength)) };
  }
  return true;
}

function depth(value: Plain | undefined): number {
  const inner: Plain[] =
    value?.['arrayValue']?.values ?? value?.['kvlistValue']?.values?.map((each: Plain) => each['value']) ?? [];
  if (!value?.['arrayValue'] && !value?.['kvlistValue']) return 0;
  return 1 + Math.max(0, ...inner.map(depth));
}

function json(value: Plain | undefined): string {
  if (typeof value?.['stringValue'] === 'string') return JSON.stringify(value['stringValue']);
  if (value?.['arrayValue']) return `[${(value['arrayValue'].values ?? []).map(json).join(',')}]`;
  if (value?.['kvlistValue']) {
    return `{${(value['kvlistValue'].values ?? []).map((each: Plain) => `${JSON.stringify(each['key'] ?? '')}:${json(each['value'])}`).join(',')}}`;
  }
  if (value?.['boolValue'] !== undefined) return String(value['boolValue']);
  if (value?.['intValue'] !== undefined) return String(value['intValue']);
  if (value?.['doubleValue'] !== undefined)
    return Number.isFinite(value['doubleValue']) ? String(value['doubleValue']) : `"${value['doubleValue']}"`;
  if (value?.['bytesValue'] !== undefined) return `"${Buffer.from(value['bytesValue']).toString('base64')}"`;
  return 'null';
}
