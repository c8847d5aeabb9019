import type { Kind } from '../pipeline/component.ts';
import type { PipelinePlan } from '../pipeline/plan.ts';
import { SIGNALS, type Signal } from '../pipeline/signal.ts';
import { NAME, type Declared } from './components.ts';
import type { Fault } from './fault.ts';
import { nearest } from './nearest.ts';
import { NOUN, SECTIONS, type Section } from './registry.ts';
import type { PipelineConfig } from './service.ts';
import { lookUp, type Tree } from './tree.ts';

export type AllDeclared = Readonly<Record<Section, ReadonlyMap<string, Declared>>>;
const ROLES = ['receivers', 'processors', 'exporters'] as const;
type Role = (typeof ROLES)[number];

/** Checks one pipeline against what is declared. `tree` is the `service:` section, for places. */
export function checkPipeline(
  id: string,
  config: PipelineConfig,
  declared: AllDeclared,
  tree: Tree | undefined,
): { plan: PipelinePlan | undefined; faults: Fault[] } {
  const path = ['pipelines', id];
  const faults: Fault[] = [];
  const fault = (message: string, steps: readonly PropertyKey[], suggestion?: string): void => {
    const position = tree === undefined ? undefined : lookUp(tree, steps).at;
    faults.push({ severity: 'error', message, path: ['service', ...steps.map(String)].join('::'), position, suggestion });
  };
  const signal = id.split('/')[0] ?? '';
  if (!(SIGNALS as readonly string[]).includes(signal)) {
    fault(`unknown signal "${signal}" (known: ${SIGNALS.join(', ')})`, path, nearest(signal, SIGNALS));
    return { plan: undefined, faults };
  }
  const name = id.includes('/') ? id.slice(id.indexOf('/') + 1) : undefined;
  if (name === '') fault(`"${id}" has no name after its slash`, path);
  else if (name !== undefined && !NAME.test(name))
    fault(`"${name}" is no pipeline name: 1 to 1024 characters, no spaces or symbols`, path);
  for (const role of ['receivers', 'exporters'] as const) {
    if (config[role].length === 0) fault(`must have at least one ${NOUN[role]}`, [...path, role]);
  }
  for (const role of ROLES) {
    for (const [index, reference] of config[role].entries()) {
      const steps = [...path, role, index];
      if (config[role].indexOf(reference) < index) fault(`names ${NOUN[role]} "${reference}" twice`, steps);
      else
        checkReference(reference, role, signal as Signal, declared, (message, suggestion) => fault(message, steps, suggestion));
    }
  }
  checkOrder(config.processors, declared, (message, index) => fault(message, [...path, 'processors', index]));
  const { receivers, processors, exporters } = config;
  return { plan: { id, signal: signal as Signal, receivers, processors, exporters }, faults };
}

function checkReference(
  reference: string,
  role: Role,
  signal: Signal,
  declared: AllDeclared,
  fault: (message: string, suggestion?: string) => void,
): void {
  const entry = declared[role].get(reference);
  if (entry === undefined) {
    const elsewhere = SECTIONS.find((section) => section !== role && declared[section].has(reference));
    const hint = elsewhere === undefined ? '' : `; "${reference}" is a ${NOUN[elsewhere]}`;
    const suggestion = elsewhere === undefined ? nearest(reference, declared[role].keys()) : undefined;
    fault(`references ${NOUN[role]} "${reference}" which is not configured${hint}`, suggestion);
    return;
  }
  const { component } = entry;
  if (component !== undefined && component.signals[signal] === undefined) {
    const taken = Object.keys(component.signals).join(', ');
    fault(`${NOUN[role]} "${reference}" does not take ${signal} (it takes ${taken})`);
  }
}

const kindOf = (id: string, declared: AllDeclared): Kind | undefined => declared.processors.get(id)?.component?.kind;

/** memory_limiter and scope run in the receiver, so they may stand only before everything else. */
function checkOrder(processors: readonly string[], declared: AllDeclared, fault: (message: string, index: number) => void): void {
  const seen = new Set<Kind>();
  for (const [index, id] of processors.entries()) {
    const kind = kindOf(id, declared);
    if (kind === undefined) continue;
    if (kind !== 'processor' && seen.has('processor')) {
      fault(`"${id}" must stand before all other processors: it belongs to the receiver and runs first`, index);
    } else if (kind !== 'processor' && seen.has(kind)) {
      fault(`"${id}" is a second ${kind === 'admission' ? 'memory_limiter' : 'scope stage'} in one pipeline`, index);
    }
    seen.add(kind);
  }
}

/**
 * Pipelines that share a receiver must agree on its memory_limiter and scope stage. A pipeline that names no
 * memory_limiter gets that of the others, with a warning: the Go collector takes such configurations, and limiting more
 * is safe.
 */
export function agreeOnReceivers(
  plans: readonly PipelinePlan[],
  declared: AllDeclared,
  tree: Tree | undefined,
): { plans: PipelinePlan[]; faults: Fault[] } {
  const faults: Fault[] = [];
  const agreed = [...plans];
  const stageOf = (plan: PipelinePlan, kind: Kind): string | undefined =>
    plan.processors.find((id) => kindOf(id, declared) === kind);
  const report = (severity: Fault['severity'], plan: PipelinePlan, message: string): void => {
    const steps = ['pipelines', plan.id];
    const position = tree === undefined ? undefined : lookUp(tree, steps).at;
    faults.push({ severity, message, path: ['service', ...steps].join('::'), position });
  };
  // One round per pipeline is enough for a limiter to travel along any chain of shared receivers.
  for (let round = 0; round < plans.length; round++) {
    for (const [index, plan] of agreed.entries()) {
      if (stageOf(plan, 'admission') !== undefined) continue;
      const other = agreed.find((each) => shares(each, plan) && stageOf(each, 'admission') !== undefined);
      const limiter = other === undefined ? undefined : stageOf(other, 'admission');
      if (other === undefined || limiter === undefined) continue;
      agreed[index] = { ...plan, processors: [limiter, ...plan.processors] };
      report('warning', plan, `shares a receiver with ${other.id}, so its "${limiter}" applies here too; name it here as well`);
    }
  }
  for (const [index, plan] of agreed.entries()) {
    for (const kind of ['admission', 'scope'] as const) {
      const other = agreed.slice(0, index).find((each) => shares(each, plan) && stageOf(each, kind) !== stageOf(plan, kind));
      if (other === undefined) continue;
      const [mine, theirs] = [stageOf(plan, kind) ?? 'none', stageOf(other, kind) ?? 'none'];
      const what = kind === 'admission' ? 'memory_limiter' : 'scope stage';
      report(
        'error',
        plan,
        `shares a receiver with ${other.id}, so both must name the same ${what} (here ${mine}, there ${theirs})`,
      );
    }
  }
  return { plans: agreed, faults };
}

const shares = (left: PipelinePlan, right: PipelinePlan): boolean =>
  left !== right && left.receivers.some((id) => right.receivers.includes(id));
