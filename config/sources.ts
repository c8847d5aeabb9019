import { readFileSync } from 'node:fs';
import { LIMITS } from '../pipeline/limits.ts';
import { StartError } from '../pipeline/errors.ts';
import type { Fault } from './fault.ts';
import { mergeTrees } from './merge.ts';
import { parseTree, type Entry, type Tree } from './tree.ts';

/** One `--config` or `--set`, in the order in which they merge. */
export type ConfigSource =
  /** `shipped`: ours, not the user's; nothing is kept beside it. */
  | { readonly kind: 'file'; readonly path: string; readonly shipped?: boolean }
  /** `name` is what faults call it. */
  | { readonly kind: 'text'; readonly name: string; readonly text: string }
  /** `a.b=c`, or `a::b=c` when a key has a dot in it. */
  | { readonly kind: 'set'; readonly assignment: string };

/** A `--config` value as the Go collector reads it: a path, `file:path`, `env:NAME`, or `yaml:a::b: c`. */
export function parseConfigUri(uri: string, environment: Readonly<Record<string, string | undefined>>): ConfigSource {
  if (uri.startsWith('file:')) return { kind: 'file', path: uri.slice('file:'.length).replace(/^\/\/(?=\/)/, '') };
  if (uri.startsWith('yaml:')) {
    const text = uri.slice('yaml:'.length);
    const nested = /^\s*([^\s:]+(?:::[^\s:]+)+):\s+(.*)$/s.exec(text);
    if (nested !== null) return { kind: 'set', assignment: `${nested[1]}=${nested[2]}` };
    return { kind: 'text', name: '--config yaml:', text };
  }
  if (uri.startsWith('env:')) {
    const name = uri.slice('env:'.length);
    const text = environment[name];
    if (text === undefined) throw new StartError(`cannot read configuration: environment variable ${name} is not set`);
    return { kind: 'text', name: `environment variable ${name}`, text };
  }
  return { kind: 'file', path: uri };
}

/** Reads, parses and merges all sources. With no tree at all (nothing could be read) only faults come back. */
export function readSources(sources: readonly ConfigSource[]): { tree: Tree | undefined; faults: Fault[] } {
  if (sources.length > LIMITS.configSources) {
    const message = `cannot merge ${sources.length} configurations: at most ${LIMITS.configSources} are taken`;
    return { tree: undefined, faults: [{ severity: 'error', message, path: '' }] };
  }
  const faults: Fault[] = [];
  let merged: Tree | undefined;
  for (const source of sources) {
    const read = source.kind === 'set' ? readAssignment(source.assignment) : readText(source);
    faults.push(...read.faults);
    if (read.tree === undefined || isEmpty(read.tree)) continue;
    if (read.tree.kind !== 'map') {
      const message = 'cannot read configuration: it is not a map of receivers, processors, exporters, service';
      faults.push({ severity: 'error', message, path: '', position: read.tree.at });
      continue;
    }
    merged = merged === undefined ? read.tree : mergeTrees(merged, read.tree);
  }
  return { tree: merged, faults };
}

const isEmpty = (tree: Tree): boolean => tree.kind === 'scalar' && tree.value === null;

function readText(source: Exclude<ConfigSource, { kind: 'set' }>): { tree: Tree | undefined; faults: Fault[] } {
  if (source.kind === 'text') return parseTree(source.text, source.name);
  try {
    return parseTree(readFileSync(source.path, 'utf8'), source.path);
  } catch (error) {
    return {
      tree: undefined,
      faults: [{ severity: 'error', message: `cannot read "${source.path}": ${reason(error)}`, path: '' }],
    };
  }
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file';
  if (code === 'EACCES') return 'permission denied';
  if (code === 'EISDIR') return 'it is a folder';
  return error instanceof Error ? error.message : String(error);
}

function readAssignment(assignment: string): { tree: Tree | undefined; faults: Fault[] } {
  const equals = assignment.indexOf('=');
  const name = `--set ${assignment}`;
  const at = { source: '--set', line: 1, column: 1 };
  const left = equals === -1 ? '' : assignment.slice(0, equals).trim();
  const keys = left.includes('::') ? left.split('::') : left.split('.');
  if (keys.some((key) => key === '')) {
    return {
      tree: undefined,
      faults: [{ severity: 'error', message: `cannot read "${name}": write it as a.b=value`, path: '', position: at }],
    };
  }
  const parsed = parseTree(assignment.slice(equals + 1), '--set');
  if (parsed.tree === undefined) return parsed;
  let tree: Tree = parsed.tree;
  for (const key of keys.toReversed())
    tree = { kind: 'map', entries: new Map<string, Entry>([[key, { keyAt: at, value: tree }]]), at };
  return { tree, faults: parsed.faults };
}
