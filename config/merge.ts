import type { Entry, MapTree, Tree } from './tree.ts';

/** `later` over `earlier`, as the Go collector does: maps merge, everything else is replaced, an empty value erases. */
export function mergeTrees(earlier: Tree, later: Tree): Tree {
  if (earlier.kind !== 'map' || later.kind !== 'map') return later;
  const entries = new Map<string, Entry>(earlier.entries);
  for (const [key, entry] of later.entries) {
    const below = entries.get(key);
    entries.set(key, below === undefined ? entry : { keyAt: entry.keyAt, value: mergeTrees(below.value, entry.value) });
  }
  return { kind: 'map', entries, at: later.at } satisfies MapTree;
}
