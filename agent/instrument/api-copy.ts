import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { modulesFor, realPath } from './node-modules.ts';

const API = '@opentelemetry/api';
/** Where the API keeps what was registered, for all of its copies of one major version. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');

export interface ApiCopy {
  readonly version: string;
  /** Its folder, without symbolic links. */
  readonly path: string;
}

/**
 * What is to be told where the program, `main`, gets a copy of the API that does not see what this one registers: what it
 * measures goes nowhere, and nothing says so. Undefined where it does, or where nothing can be known.
 */
export function deafCopy(main: string | undefined = process.argv[1]): string | undefined {
  const { version } = (globalThis as { [REGISTERED]?: { readonly version?: string } })[REGISTERED] ?? {};
  const program = main === undefined ? undefined : realPath(main);
  const copy = resolvedApi(program === undefined ? process.cwd() : dirname(program));
  if (version === undefined || copy === undefined) return undefined;
  const cause = mismatch(version, copy.version);
  return cause === undefined ? undefined : `cannot see the program's own measurements, by the API in ${copy.path}: ${cause}`;
}

/** The copy that a file in `folder` gets. */
export function resolvedApi(folder: string): ApiCopy | undefined {
  for (const modules of modulesFor(folder)) {
    const copy = apiIn(modules);
    if (copy !== undefined) return copy;
  }
  return undefined;
}

/** The copy in a folder node_modules. */
export function apiIn(modules: string): ApiCopy | undefined {
  const path = realPath(join(modules, API));
  if (path === undefined) return undefined;
  try {
    const { version } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? { version, path } : undefined;
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
