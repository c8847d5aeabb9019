import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const API = '@opentelemetry/api';
/** Packages within packages, and folders in all: a tree is looked through, not a disk. */
const DEPTH_MAX = 8;
const FOLDERS_MAX = 50_000;

export interface ApiCopy {
  readonly version: string;
  /** Its folder, without symbolic links. */
  readonly path: string;
}

/** Every copy of @opentelemetry/api that a file in `folder`, or a package that it can reach, may get. */
export function findApiCopies(folder: string): readonly ApiCopy[] {
  const copies = new Map<string, ApiCopy>();
  const seen = new Set<string>();
  const visit = (modules: string, depth: number): void => {
    const path = realPath(modules);
    if (path === undefined || seen.has(path) || depth > DEPTH_MAX || seen.size > FOLDERS_MAX) return;
    seen.add(path);
    const copy = apiIn(path);
    if (copy !== undefined) copies.set(copy.path, copy);
    for (const name of packagesIn(path)) visit(join(path, name, 'node_modules'), depth + 1);
  };
  for (let above = folder; ; above = dirname(above)) {
    visit(join(above, 'node_modules'), 0);
    if (dirname(above) === above) return [...copies.values()];
  }
}

/** The copy that a file in `folder` gets. */
export function resolvedApi(folder: string): ApiCopy | undefined {
  for (let above = folder; ; above = dirname(above)) {
    const copy = apiIn(join(above, 'node_modules'));
    if (copy !== undefined) return copy;
    if (dirname(above) === above) return undefined;
  }
}

function apiIn(modules: string): ApiCopy | undefined {
  const path = realPath(join(modules, API));
  if (path === undefined) return undefined;
  try {
    const { version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? { version, path } : undefined;
  } catch {
    return undefined;
  }
}

/** Folders below a node_modules that may have a node_modules of their own: packages, and the stores of pnpm and Bun. */
function packagesIn(modules: string): readonly string[] {
  return foldersIn(modules).flatMap((name) => {
    if (name === '.pnpm' || name === '.bun' || name.startsWith('@'))
      return foldersIn(join(modules, name)).map((each) => join(name, each));
    return name.startsWith('.') ? [] : [name];
  });
}

function foldersIn(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  } catch {
    return [];
  }
}

function realPath(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Why instruments made by copy `caller` do nothing when copy `registered` holds the agent; undefined when they work. The rule is
 * the API's own (src/internal/semver.ts): the same major version, and no newer minor than that of who registered.
 */
export function mismatch(registered: string, caller: string): string | undefined {
  const [ours, theirs] = [numbersOf(registered), numbersOf(caller)];
  if (ours === undefined || theirs === undefined) return registered === caller ? undefined : 'its version cannot be compared';
  if (ours.major !== theirs.major)
    return `what it measures goes nowhere: major version ${theirs.major} does not see what ${registered} registers`;
  if (theirs.minor > ours.minor) {
    return `what it measures goes nowhere: ${caller} is newer than ${registered}, with which the agent registers; install @opentelemetry/api ${theirs.major}.${theirs.minor} beside the agent`;
  }
  return undefined;
}

function numbersOf(version: string): { readonly major: number; readonly minor: number } | undefined {
  const match = /^(\d+)\.(\d+)\./.exec(version);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

/** `path` as somebody in `folder` writes it. */
export function pathFrom(folder: string, path: string): string {
  const short = relative(folder, path);
  return short.startsWith('..') || short === '' ? path : short;
}
