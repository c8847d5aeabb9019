import { readFileSync } from 'node:fs';
import type { Kind } from '../pipeline/component.ts';
import { deliveryOf } from '../pipeline/delivery.ts';
import { LIMITS } from '../pipeline/limits.ts';
import type { Delivery, Instance, PipelinePlan, Plan } from '../pipeline/plan.ts';
import type { DetectedScope } from '../pipeline/scope/detect.ts';
import type { ScopeMatrix } from '../pipeline/scope/matrix.ts';
import type { AuthConfig } from '../pipeline/auth.ts';
import { asksForTokens, readAuth } from './auth.ts';
import { checkValue } from './check.ts';
import { readComponents, type Declared } from './components.ts';
import { Expander } from './expand.ts';
import { sortFaults, type Fault } from './fault.ts';
import { isGateway } from './gateway.ts';
import { nearest } from './nearest.ts';
import { agreeOnReceivers, checkPipeline, type AllDeclared } from './pipelines.ts';
import { portFaults } from './ports.ts';
import { NOUN, REGISTRY, SECTIONS, type Registry, type Section } from './registry.ts';
import { scopeFaults } from './scope-names.ts';
import { readScopes } from './scopes.ts';
import { serviceSchema, type ServiceConfig } from './service.ts';
import { telemetryFaults } from './telemetry.ts';
import type { MetricsConfig } from './own-metrics.ts';
import { readSources, type ConfigSource } from './sources.ts';
import { storageDirectory, storageSchema, type StorageConfig } from './storage.ts';
import { lookUp, type MapTree, type Tree } from './tree.ts';

export interface LoadOptions {
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Leave out components that only the Go collector has, and pipelines that become empty. */
  readonly skipUnsupported?: boolean;
  readonly registry?: Registry;
}

export interface Loaded {
  readonly plan: Plan;
  /** How listeners with `auth:` decide who sends. */
  readonly auth: AuthConfig;
  readonly matrix: ScopeMatrix;
  readonly detected: DetectedScope;
  /** Merged and substituted, as written. */
  readonly tree: MapTree;
  readonly service: ServiceConfig;
  /** Something of it has its state under `storage.directory`, or somebody wrote where that is: a place for more. */
  readonly keepsState: boolean;
  readonly warnings: readonly Fault[];
}

const TOP_LEVEL = [...SECTIONS, 'service', 'scopes', 'storage', 'auth'];

/** Reads, merges, substitutes and checks. All faults come back at once, in the order of the text; nothing is started. */
export function loadConfig(sources: readonly ConfigSource[], options: LoadOptions = {}): Promise<Loaded | { faults: Fault[] }> {
  return Promise.resolve(load(sources, options));
}

function load(sources: readonly ConfigSource[], options: LoadOptions): Loaded | { faults: Fault[] } {
  const environment = options.environment ?? process.env;
  const read = readSources(sources);
  const faults = [...read.faults];
  const merged = read.tree;
  if (merged === undefined || merged.kind !== 'map') {
    if (faults.length === 0) faults.push({ severity: 'error', message: 'the configuration is empty', path: '' });
    return { faults };
  }
  const expander = new Expander({ environment, readFile: (path) => readFileSync(path, 'utf8') });
  const tree = expander.expand(merged) as MapTree;
  faults.push(...expander.faults, ...topLevelFaults(tree));
  const section = (name: string): Tree | undefined => {
    const found = tree.entries.get(name)?.value;
    return found?.kind === 'scalar' && found.value === null ? undefined : found;
  };
  const registry = options.registry ?? REGISTRY;
  const declared = Object.fromEntries(
    SECTIONS.map((name) => {
      const { declared: entries, faults: found } = readComponents(name, section(name), registry);
      faults.push(...found);
      return [name, entries];
    }),
  ) as Record<Section, Map<string, Declared>>;
  const scopes = readScopes(section('scopes'), environment);
  const checked = checkValue(serviceSchema, section('service'), ['service']);
  const service = (checked.value ?? serviceSchema.parse({})) as ServiceConfig;
  const storage = checkValue(storageSchema, section('storage'), ['storage']);
  faults.push(...telemetryFaults(section('service')));
  faults.push(...scopes.faults, ...checked.faults, ...storage.faults, ...scopeFaults(declared, scopes.plan.known));
  const { auth, faults: authFaults } = readAuth(section('auth'), scopes.plan.known, [
    ...declared.receivers.values(),
    ...declared.extensions.values(),
  ]);
  faults.push(...authFaults);
  const wired = checked.faults.length > 0 ? undefined : wire(service, declared, tree, options.skipUnsupported === true);
  faults.push(...(wired?.faults ?? []));
  const kept = options.skipUnsupported === true ? faults.map(asSkipped) : faults;
  if (wired === undefined || kept.some((fault) => fault.severity === 'error')) return { faults: sortFaults(kept) };
  const { matrix, detected } = scopes;
  const directory = storageDirectory(storage.value as StorageConfig, sources);
  const plan = { ...finish(service, wired, declared, scopes.plan), storage: { directory } };
  const parts = listeners(wired.pipelines, wired.extensions, declared);
  const { metrics } = service.telemetry;
  const keepsState =
    (storage.value as StorageConfig).directory !== undefined || parts.some(leavesState) || readersShowTokens(metrics);
  return { plan, auth, matrix, detected, tree, service, keepsState, warnings: sortFaults(kept) };
}

/** The audit log, the token of the API's owner, the key that tokens are signed with. */
function leavesState(entry: Declared): boolean {
  return entry.component?.type === 'audit' || entry.component?.type === 'dashboard' || asksForTokens(entry);
}

/** Own metrics that are served to whoever shows a token need the key that it is signed with, as a listener does. */
function readersShowTokens({ endpoint, auth }: MetricsConfig): boolean {
  return endpoint !== undefined && auth.includes('token');
}

/** A fault that `--skip-unsupported` has taken care of is still said. */
function asSkipped(fault: Fault): Fault {
  return fault.unsupported === undefined ? fault : { ...fault, severity: 'warning', message: `left out: ${fault.message}` };
}

function topLevelFaults(tree: MapTree): Fault[] {
  const faults: Fault[] = [];
  for (const [key, { keyAt }] of tree.entries) {
    if (TOP_LEVEL.includes(key)) continue;
    const message = `unknown section (known: ${TOP_LEVEL.join(', ')})`;
    faults.push({ severity: 'error', message, path: key, position: keyAt, suggestion: nearest(key, TOP_LEVEL) });
  }
  return faults;
}

interface Wired {
  readonly pipelines: readonly PipelinePlan[];
  readonly extensions: readonly string[];
  readonly faults: Fault[];
}

/** Pipelines and extensions against what is declared. */
function wire(service: ServiceConfig, declared: AllDeclared, root: MapTree, skip: boolean): Wired {
  const tree = root.entries.get('service')?.value;
  const at = (steps: readonly PropertyKey[]) => (tree === undefined ? root.at : lookUp(tree, steps).at);
  const faults: Fault[] = [];
  const plans: PipelinePlan[] = [];
  for (const [id, written] of Object.entries(service.pipelines)) {
    const { config, emptied } = skip ? withoutUnsupported(id, written, declared) : { config: written, emptied: undefined };
    if (emptied !== undefined) {
      const message = `left out: ${emptied}`;
      faults.push({ severity: 'warning', message, path: `service::pipelines::${id}`, position: at(['pipelines', id]) });
      continue;
    }
    const checked = checkPipeline(id, config, declared, tree);
    faults.push(...checked.faults);
    if (checked.plan !== undefined) plans.push(checked.plan);
  }
  if (plans.length === 0 && faults.every((fault) => fault.severity === 'warning')) {
    faults.push({
      severity: 'error',
      message: 'must have at least one pipeline',
      path: 'service::pipelines',
      position: at(['pipelines']),
    });
  }
  const agreed = agreeOnReceivers(plans, declared, tree);
  const extensions = service.extensions.filter((id) => !(skip && declared.extensions.get(id)?.unsupported === true));
  for (const id of extensions) {
    if (declared.extensions.has(id)) continue;
    const steps = ['extensions', service.extensions.indexOf(id)];
    const message = `references extension "${id}" which is not configured`;
    const suggestion = nearest(id, declared.extensions.keys());
    faults.push({ severity: 'error', message, path: ['service', ...steps].join('::'), position: at(steps), suggestion });
  }
  faults.push(...agreed.faults, ...unusedFaults(agreed.plans, extensions, declared));
  faults.push(...portFaults(listeners(agreed.plans, extensions, declared)));
  return { pipelines: agreed.plans, extensions, faults };
}

const FOREIGN_SIGNALS = ['profiles'];

/** A pipeline without the components we lack; `emptied` says why nothing of it can run. */
function withoutUnsupported(
  id: string,
  config: ServiceConfig['pipelines'][string],
  declared: AllDeclared,
): { config: ServiceConfig['pipelines'][string]; emptied: string | undefined } {
  const signal = id.split('/')[0] ?? '';
  if (FOREIGN_SIGNALS.includes(signal)) return { config, emptied: `Periscope has no signal ${signal}` };
  // A connector stands under exporters of one pipeline and receivers of another.
  const lacking = (section: Section, name: string): boolean =>
    declared[section].get(name)?.unsupported === true || declared.connectors.get(name)?.unsupported === true;
  const kept = {
    receivers: config.receivers.filter((name) => !lacking('receivers', name)),
    processors: config.processors.filter((name) => !lacking('processors', name)),
    exporters: config.exporters.filter((name) => !lacking('exporters', name)),
  };
  for (const role of ['receivers', 'exporters'] as const) {
    if (config[role].length > 0 && kept[role].length === 0) {
      return { config: kept, emptied: `none of its ${role} (${config[role].join(', ')}) is supported` };
    }
  }
  return { config: kept, emptied: undefined };
}

function listeners(plans: readonly PipelinePlan[], extensions: readonly string[], declared: AllDeclared): Declared[] {
  const receivers = used(plans, 'receivers').map((id) => declared.receivers.get(id));
  return [...receivers, ...extensions.map((id) => declared.extensions.get(id))].filter((entry) => entry !== undefined);
}

const used = (plans: readonly PipelinePlan[], role: 'receivers' | 'processors' | 'exporters'): string[] => [
  ...new Set(plans.flatMap((plan) => plan[role])),
];

function unusedFaults(plans: readonly PipelinePlan[], extensions: readonly string[], declared: AllDeclared): Fault[] {
  const faults: Fault[] = [];
  for (const section of SECTIONS) {
    const names = section === 'extensions' ? extensions : section === 'connectors' ? [] : used(plans, section);
    for (const { id, at, component } of declared[section].values()) {
      if (names.includes(id) || component === undefined) continue;
      const place = section === 'extensions' ? 'service::extensions does not list it' : 'no pipeline names it';
      faults.push({
        severity: 'warning',
        message: `${NOUN[section]} is not used: ${place}`,
        path: `${section}::${id}`,
        position: at,
      });
    }
  }
  return faults;
}

/** Only what is used gets into the plan, so only that is loaded and started. */
function finish(service: ServiceConfig, wired: Wired, declared: AllDeclared, scope: Plan['scope']): Omit<Plan, 'storage'> {
  const take = <K extends Kind>(section: Section, ids: readonly string[]): Instance<K>[] =>
    ids.map((id) => declared[section].get(id)?.instance).filter((instance) => instance !== undefined) as unknown as Instance<K>[];
  const { pipelines } = wired;
  const receivers = used(pipelines, 'receivers');
  const listening = receivers.map((id) => declared.receivers.get(id)).filter((entry) => entry !== undefined);
  const scopeShare = isGateway(listening) ? LIMITS.queueScopeShare : 1;
  return {
    receivers: take('receivers', receivers),
    processors: take('processors', used(pipelines, 'processors')),
    exporters: take<'exporter'>('exporters', used(pipelines, 'exporters')).map((instance) => ({
      ...instance,
      // Every exporter's schema spreads `deliveryFields`.
      delivery: deliveryOf(instance.config as Delivery, scopeShare),
    })),
    extensions: take('extensions', wired.extensions),
    pipelines,
    service: { ack: service.ack, shutdownTimeoutMs: service.shutdown_timeout },
    scope,
  };
}
