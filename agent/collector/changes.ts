import { isDeepStrictEqual } from 'node:util';
import { parse } from 'yaml';
import { printConfig } from '../../config/print.ts';
import { plainOf, type MapTree } from '../../config/tree.ts';

const TEXT_CHARS = 80;

/** What differs between two configurations, a line per setting: `exporters.otlp_http.timeout: 5s -> 10s`. Secrets are
 *  redacted; that one has changed is told all the same. In the order of the new one, what went last. */
export function changesBetween(before: MapTree, after: MapTree): string[] {
  const written = { before: settingsOf(plainOf(before)), after: settingsOf(plainOf(after)) };
  const shown = { before: settingsOf(redacted(before)), after: settingsOf(redacted(after)) };
  const changes: string[] = [];
  for (const path of new Set([...written.after.keys(), ...written.before.keys()])) {
    if (isDeepStrictEqual(written.before.get(path), written.after.get(path))) continue;
    const [old, now] = [textOf(shown.before.get(path)), textOf(shown.after.get(path))];
    changes.push(old === now ? `${path}: changed` : `${path}: ${old} -> ${now}`);
  }
  return changes;
}

function redacted(tree: MapTree): unknown {
  return parse(printConfig(tree, false));
}

/** By path; a list is one setting, and so is an empty map. */
function settingsOf(value: unknown, path = '', settings = new Map<string, unknown>()): Map<string, unknown> {
  const isMap = value !== null && typeof value === 'object' && !Array.isArray(value);
  const entries = isMap ? Object.entries(value) : [];
  if (entries.length === 0) settings.set(path, value);
  for (const [key, below] of entries) settingsOf(below, path === '' ? key : `${path}.${key}`, settings);
  return settings;
}

function textOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > TEXT_CHARS ? `${text.slice(0, TEXT_CHARS)}…` : text;
}
