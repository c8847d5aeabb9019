import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { REPOSITORY } from '../ingest/contenders.ts';

/** Where the build puts the page. */
export const PAGE: string = join(REPOSITORY, 'dist/server/page');

/** Paths of all its files; none where it is not built. */
export function pageFiles(): string[] {
  if (!existsSync(PAGE)) return [];
  const entries = readdirSync(PAGE, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

/** Bytes of these files, each gzipped by itself as it is sent. */
export const gzippedBytes = (paths: readonly string[]): number =>
  paths.reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0);
