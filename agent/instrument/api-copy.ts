import { nodeFs, nodePath, nodeUrl } from './builtins.ts';
import { apiGlobal } from './api-global.ts';
import { modulesFor, realPath } from './node-modules.ts';

const API = '@opentelemetry/api';
/** The first of 1.x in which there are metrics. */
const FIRST_MINOR = 3;

export interface ApiCopy {
  readonly version: string;
  /** Its folder, without symbolic links. */
  readonly path: string;
}

/**
 * The version in which the agent registers: that of the copy which the program, `main`, loads, as it sees what is registered then,
 * and can register a tracer of its own. Where it loads none that can measure, that of the copy beside the agent, which packages
 * of the program get. Undefined where there is neither.
 */
export function versionToRegister(main: string | undefined = process.argv[1], agent?: string): string | undefined {
  return measuring(resolvedApi(folderOf(main))) ?? measuring(resolvedApi(agent ?? here()));
}

function measuring(copy: ApiCopy | undefined): string | undefined {
  const numbers = copy === undefined ? undefined : numbersOf(copy.version);
  return numbers?.major === 1 && numbers.minor >= FIRST_MINOR ? copy?.version : undefined;
}

/**
 * What is to be told where the program, `main`, gets a copy of the API that does not see what is registered: what it measures
 * goes nowhere, and nothing says so. Undefined where it does, or where nothing can be known.
 */
export function deafCopy(main: string | undefined = process.argv[1]): string | undefined {
  const version = apiGlobal()?.version;
  const copy = resolvedApi(folderOf(main));
  if (version === undefined || copy === undefined) return undefined;
  const cause = mismatch(version, copy.version);
  return cause === undefined ? undefined : `cannot see the program's own measurements, by the API in ${copy.path}: ${cause}`;
}

/** Where the program looks for packages. */
function folderOf(main: string | undefined): string {
  const program = main === undefined ? undefined : realPath(main);
  return program === undefined ? process.cwd() : nodePath.dirname(program);
}

/** In one executable file there is none. */
function here(): string {
  try {
    return nodePath.dirname(nodeUrl.fileURLToPath(import.meta.url));
  } catch {
    return process.cwd();
  }
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
  const path = realPath(nodePath.join(modules, API));
  if (path === undefined) return undefined;
  try {
    const { version } = JSON.parse(nodeFs.readFileSync(nodePath.join(path, 'package.json'), 'utf8')) as { version?: unknown };
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
