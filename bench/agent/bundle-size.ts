import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Bytes of a bundle's entry and of all files of the bundle that it imports, and these in turn: what an app loads at its start.
 *  What is imported by a call, when it is needed, is not among them. */
export function loadedBytes(entry: string, seen: Set<string> = new Set<string>()): number {
  if (seen.has(entry)) return 0;
  seen.add(entry);
  const text = readFileSync(entry, 'utf8');
  const imported = [...text.matchAll(/(?:from|import)\s*["'](\.[^"']+)["']/g)].map((match) => join(dirname(entry), match[1]!));
  return imported.reduce((sum, file) => sum + loadedBytes(file, seen), Buffer.byteLength(text));
}
