import { exporters } from '../exporters/index.ts';
import { extensions } from '../extensions/index.ts';
import type { Component, Kind } from '../pipeline/component.ts';
import { processors } from '../processors/index.ts';
import { receivers } from '../receivers/index.ts';

/** The maps of components at the top of a configuration, in the order in which people write them. */
export const SECTIONS = ['receivers', 'processors', 'exporters', 'connectors', 'extensions'] as const;
export type Section = (typeof SECTIONS)[number];

/** `receivers` → `receiver`: what one entry is called in a message. */
export const NOUN: Readonly<Record<Section, string>> = {
  receivers: 'receiver',
  processors: 'processor',
  exporters: 'exporter',
  connectors: 'connector',
  extensions: 'extension',
};

export type AnyComponent = Component<Kind, unknown>;
export type Registry = Readonly<Record<Section, readonly AnyComponent[]>>;

/** Every component of this build. Holds declarations only; `load` brings in the code. */
export const REGISTRY: Registry = {
  receivers: receivers as readonly AnyComponent[],
  processors: processors as readonly AnyComponent[],
  exporters: exporters as readonly AnyComponent[],
  connectors: [],
  extensions: extensions as readonly AnyComponent[],
};

/** By type or alias. */
export function findComponent(registry: Registry, section: Section, type: string): AnyComponent | undefined {
  return registry[section].find((component) => component.type === type || component.aliases?.includes(type));
}

/** Types and aliases of a section. */
export function componentTypes(registry: Registry, section: Section): string[] {
  return registry[section].flatMap((component) => [component.type, ...(component.aliases ?? [])]);
}
