import type { Instance } from '../pipeline/plan.ts';
import { checkValue } from './check.ts';
import type { Fault, Position } from './fault.ts';
import { foreignTypes, replacementFor } from './foreign.ts';
import { nearest } from './nearest.ts';
import { componentTypes, findComponent, NOUN, type AnyComponent, type Registry, type Section } from './registry.ts';
import type { Tree } from './tree.ts';

/** One entry of `receivers:`, `processors:`, …, good or bad: pipelines may name it either way. */
export interface Declared {
  readonly id: string;
  readonly section: Section;
  readonly at: Position;
  readonly tree: Tree;
  /** Absent when it has faults. */
  readonly instance?: Instance | undefined;
  readonly component?: AnyComponent | undefined;
  /** A component of the Go collector that Periscope lacks. */
  readonly unsupported: boolean;
}

// As the Go collector: component/identifiable.go.
const TYPE = /^[a-zA-Z][0-9a-zA-Z_]{0,62}$/;
export const NAME = /^[^\s\p{Cc}\p{S}]{1,1024}$/u;

/** Reads one section of the configuration. */
export function readComponents(
  section: Section,
  tree: Tree | undefined,
  registry: Registry,
): { declared: Map<string, Declared>; faults: Fault[] } {
  const declared = new Map<string, Declared>();
  if (tree === undefined || (tree.kind === 'scalar' && tree.value === null)) return { declared, faults: [] };
  if (tree.kind !== 'map') {
    return {
      declared,
      faults: [{ severity: 'error', message: `must be a map of ${section}`, path: section, position: tree.at }],
    };
  }
  const faults: Fault[] = [];
  for (const [id, { keyAt, value }] of tree.entries) {
    const read = readComponent({ id, section, at: keyAt, tree: value, unsupported: false }, registry);
    declared.set(id, read.declared);
    faults.push(...read.faults);
  }
  return { declared, faults };
}

function readComponent(entry: Declared, registry: Registry): { declared: Declared; faults: Fault[] } {
  const { id, section, at } = entry;
  const path = `${section}::${id}`;
  const fault = (message: string, more: Partial<Fault> = {}): Fault => ({
    severity: 'error',
    message,
    path,
    position: at,
    ...more,
  });
  const slash = id.indexOf('/');
  const type = (slash === -1 ? id : id.slice(0, slash)).trim();
  const name = slash === -1 ? undefined : id.slice(slash + 1).trim();
  if (!TYPE.test(type)) {
    return {
      declared: entry,
      faults: [fault(`"${type}" is no component type: letters, digits and _, a letter first, at most 63`)],
    };
  }
  if (name !== undefined && !NAME.test(name)) {
    return { declared: entry, faults: [fault(`"${name}" is no component name: 1 to 1024 characters, no spaces or symbols`)] };
  }
  const component = findComponent(registry, section, type);
  if (component === undefined) return unknownComponent(entry, type, registry, fault);
  const { value, faults } = checkValue(component.config, entry.tree, [section, id]);
  const instance = faults.length === 0 ? { id, component, config: value } : undefined;
  return { declared: { ...entry, component, instance }, faults };
}

function unknownComponent(
  entry: Declared,
  type: string,
  registry: Registry,
  fault: (message: string, more?: Partial<Fault>) => Fault,
): { declared: Declared; faults: Fault[] } {
  const { id, section } = entry;
  const noun = NOUN[section];
  const replacement = replacementFor(section, type);
  if (replacement !== undefined) {
    const message = `Periscope has no ${noun} "${type}"; instead: ${replacement}`;
    return {
      declared: { ...entry, unsupported: true },
      faults: [fault(message, { unsupported: { kind: noun, id, replacement } })],
    };
  }
  const types = componentTypes(registry, section);
  const known = types.length === 0 ? 'there are none' : `known: ${types.join(', ')}`;
  const suggestion = nearest(type, types) ?? nearest(type, foreignTypes(section));
  return { declared: entry, faults: [fault(`unknown ${noun} "${type}" (${known})`, { suggestion })] };
}
