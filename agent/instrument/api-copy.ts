import { nodeFs, nodePath } from './builtins.ts';
import { apiGlobal } from './api-global.ts';
import { modulesFor, packagesFolder, realPath } from './node-modules.ts';

const API = '@opentelemetry/api';

export interface ApiCopy {
  readonly version: string;
  /** Its folder, without symbolic links. */
  readonly path: string;
}

/** The copy that the program, `main`, loads. */
export function programCopy(main?: string): ApiCopy | undefined {
  return resolvedApi(packagesFolder(main));
}

/**
 * The copy in whose version the agent registers: that of the program, which sees what is registered then, and can register a
 * tracer of its own, though one before 1.3 knows no metrics. Where the program has none of 1.x, the one beside the agent, which
 * packages of the program get. Undefined where there is neither.
 */
export function copyToRegister(program: ApiCopy | undefined, agent: string = here()): ApiCopy | undefined {
  const isUsable = (copy: ApiCopy | undefined): boolean => numbersOf(copy?.version ?? '')?.major === 1;
  if (isUsable(program)) return program;
  const beside = resolvedApi(agent);
  return isUsable(beside) ? beside : undefined;
}

/**
 * What is to be told where the copy of the program does not see what is registered: what it measures goes nowhere, and nothing
 * says so. Undefined where it does, or where nothing can be known.
 */
export function deafCopy(program: ApiCopy | undefined): string | undefined {
  const version = apiGlobal()?.version;
  if (version === undefined || program === undefined) return undefined;
  const cause = mismatch(version, program.version);
  return cause === undefined ? undefined : `cannot see the program's own measurements, by the API in ${program.path}: ${cause}`;
}

/** In one executable file there is none. */
function here(): string {
  try {
    return nodePath.dirname(process.getBuiltinModule('node:url').fileURLToPath(import.meta.url));
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
  const path = `${modules}/${API}`;
  const manifest = `${path}/package.json`;
  // As a rule it is not there, and an error is dear.
  if (!nodeFs.existsSync(manifest)) return undefined;
  try {
    const { version } = JSON.parse(nodeFs.readFileSync(manifest, 'utf8')) as { version?: unknown };
    return typeof version === 'string' ? { version, path: realPath(path) ?? path } : undefined;
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
  const why =
    ours.major !== theirs.major
      ? `major version ${theirs.major} does not see what ${registered} registers`
      : theirs.minor > ours.minor
        ? `${caller} is newer than ${registered}, with which the agent registers; use one version of ${API}`
        : undefined;
  return why === undefined ? undefined : `what it measures goes nowhere: ${why}`;
}

function numbersOf(version: string): { readonly major: number; readonly minor: number } | undefined {
  const match = /^(\d+)\.(\d+)\./.exec(version);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}
