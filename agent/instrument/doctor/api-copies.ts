import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { type ApiCopy, apiIn } from '../api-copy.ts';
import { modulesFor, realPath } from '../node-modules.ts';

/** Packages within packages, and folders in all: a tree is looked through, not a disk. */
const DEPTH_MAX = 8;
const FOLDERS_MAX = 50_000;

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
  for (const modules of modulesFor(folder)) visit(modules, 0);
  return [...copies.values()];
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

/** `path` as somebody in `folder` writes it. */
export function pathFrom(folder: string, path: string): string {
  const short = relative(folder, path);
  return short.startsWith('..') || short === '' ? path : short;
}
