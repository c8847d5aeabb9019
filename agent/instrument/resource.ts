import { nodeFs, nodePath } from './builtins.ts';
import type { AttributeValue } from '@opentelemetry/api';
import { bunGlobal, IS_BUN } from './instrumentations/bun.ts';
import { EXPORT_LIMITS } from './limits.ts';
import { programFolder } from './node-modules.ts';
import { scopeAttributes } from './scope-tags.ts';
import type { Detector, Settings } from './settings.ts';
import { AGENT_NAME, AGENT_VERSION } from './version.ts';

export type ResourceAttributes = Readonly<Record<string, AttributeValue | undefined>>;

const RUNTIME = IS_BUN ? 'bun' : 'nodejs';
/** Names of semantic conventions for those of Node. */
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: 'x86', arm: 'arm32', ppc: 'ppc32' };
const OPERATING_SYSTEMS: Readonly<Record<string, string>> = { win32: 'windows', sunos: 'solaris' };

const nodeOs = () => process.getBuiltinModule('node:os');
const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/;

const DETECT: Readonly<Record<Exclude<Detector, 'env'>, () => ResourceAttributes>> = {
  serviceinstance: () => ({ 'service.instance.id': randomUuid() }),
  host: () => ({ 'host.name': nodeOs().hostname(), 'host.arch': ARCHITECTURES[process.arch] ?? process.arch }),
  os: () => ({ 'os.type': OPERATING_SYSTEMS[process.platform] ?? process.platform, 'os.version': nodeOs().release() }),
  // Not its arguments, which may hold secrets.
  process: () => ({
    'process.pid': process.pid,
    'process.executable.name': nodePath.basename(process.execPath),
    'process.executable.path': process.execPath,
    'process.runtime.name': RUNTIME,
    'process.runtime.version': IS_BUN ? bunGlobal()?.version : process.versions.node,
  }),
};

/**
 * Attributes of the resource of this process. What the environment says wins over what is found; what cannot be found is
 * left out. Another process has another `service.instance.id`, one that was forked from this one, too.
 * `main` is the program that runs; undefined without one.
 */
export function detectResource(settings: Settings, main: string | undefined = process.argv[1]): ResourceAttributes {
  const { detectors, resourceAttributes, serviceName } = settings;
  const found: Record<string, AttributeValue | undefined> = {};
  for (const detector of detectors) if (detector !== 'env') Object.assign(found, detected(detector));
  const given = detectors.includes('env') ? resourceAttributes : {};
  const program = packageOf(main);
  return {
    'service.name': program?.name ?? `unknown_service:${IS_BUN ? 'bun' : 'node'}`,
    'service.version': program?.version,
    ...found,
    ...withoutUndefined(scopeAttributes(settings.scope)),
    ...given,
    ...(serviceName === undefined ? {} : { 'service.name': serviceName }),
    'telemetry.sdk.name': AGENT_NAME,
    'telemetry.sdk.language': 'nodejs',
    'telemetry.sdk.version': AGENT_VERSION,
    'telemetry.distro.name': AGENT_NAME,
    'telemetry.distro.version': AGENT_VERSION,
  };
}

function detected(detector: Exclude<Detector, 'env'>): ResourceAttributes {
  try {
    return DETECT[detector]();
  } catch {
    return {};
  }
}

/** Linux makes one in 0.1 ms. The first of node:crypto takes 3 ms on Node 20 and 14 on Node 24, which load most of it for that. */
function randomUuid(): string {
  try {
    const uuid = nodeFs.readFileSync('/proc/sys/kernel/random/uuid', 'utf8').trim();
    if (UUID.test(uuid)) return uuid;
  } catch {
    // Another system, or no such file in this one.
  }
  return crypto.randomUUID();
}

export function withoutUndefined(attributes: ResourceAttributes): ResourceAttributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

interface Program {
  readonly name: string;
  readonly version: string | undefined;
}

/** The next package.json above the program that has a name. */
function packageOf(main: string | undefined): Program | undefined {
  let folder = programFolder(main);
  for (let level = 0; level < EXPORT_LIMITS.packageLevels; level++) {
    const found = programIn(folder);
    if (found !== undefined) return found;
    const above = nodePath.dirname(folder);
    if (above === folder) return undefined;
    folder = above;
  }
  return undefined;
}

function programIn(folder: string): Program | undefined {
  try {
    const { name, version } = JSON.parse(nodeFs.readFileSync(nodePath.join(folder, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    if (typeof name !== 'string' || name === '') return undefined;
    return { name, version: typeof version === 'string' ? version : undefined };
  } catch {
    return undefined;
  }
}
