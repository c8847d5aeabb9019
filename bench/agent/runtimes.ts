import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { peersFolder, REPOSITORY } from '../ingest/contenders.ts';
import { RUNTIMES, type RuntimeName } from './record.ts';

export interface Runtime {
  readonly name: RuntimeName;
  readonly file: string;
  readonly version: string;
}

/** The runtimes that are here, and what is said of those that are not. This process's own Node is one of them. */
export function findRuntimes(wanted: readonly string[] = RUNTIMES): {
  readonly found: readonly Runtime[];
  readonly absent: string[];
} {
  const unknown = wanted.filter((name) => !RUNTIMES.some((one) => one === name));
  if (unknown.length > 0) throw new Error(`cannot measure on ${unknown.join(', ')}: the runtimes are ${RUNTIMES.join(', ')}`);
  const found: Runtime[] = [];
  const absent: string[] = [];
  for (const name of RUNTIMES.filter((one) => wanted.includes(one))) {
    const file = fileOf(name);
    const version = existsSync(file) ? versionOf(file) : '';
    if (version === '') absent.push(`skip ${name}: ${name === 'bun' ? 'npm ci installs it' : 'bench/peers.sh gets it'}`);
    else found.push({ name, file, version });
  }
  return { found, absent };
}

function fileOf(name: RuntimeName): string {
  if (name === 'bun') return join(REPOSITORY, 'node_modules/.bin/bun');
  const own = `node${process.versions.node.split('.')[0]}`;
  return name === own ? process.execPath : join(peersFolder(), 'bin', name);
}

function versionOf(file: string): string {
  return (spawnSync(file, ['--version'], { encoding: 'utf8' }).stdout ?? '').trim();
}
