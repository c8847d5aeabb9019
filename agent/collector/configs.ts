import { relative, resolve } from 'node:path';
import { StartError } from '../../pipeline/errors.ts';
import type { Loaded } from '../../config/load.ts';
import { formatFault, type Fault } from '../../config/fault.ts';
import { parseConfigUri, type ConfigSource } from '../../config/sources.ts';
import { defaultConfigPath } from './package-root.ts';

/** The options that every command with a configuration has. */
export interface ConfigOptions {
  readonly config: readonly string[];
  readonly set: readonly string[];
  readonly skipUnsupported?: boolean;
}

/** Of `run`. */
export interface RunOptions extends ConfigOptions {
  /** A shop sends, so that there is something to see. */
  readonly demo?: boolean;
  /** What the shop's story is drawn from. */
  readonly demoSeed?: string;
}

/** The sources in the order in which they merge, and how the person would name them. */
export function sourcesOf(options: ConfigOptions): { sources: ConfigSource[]; names: string[] } {
  const path = defaultConfigPath();
  const shortest = [path, relative('', path)].toSorted((left, right) => left.length - right.length)[0] ?? path;
  const uris = options.config.length === 0 ? [shortest] : options.config;
  const sources = uris.map((uri) => parseConfigUri(uri, process.env)).map(markShipped);
  const sets = options.set.map((assignment): ConfigSource => ({ kind: 'set', assignment }));
  return { sources: [...sources, ...sets], names: [...uris, ...options.set.map((assignment) => `--set ${assignment}`)] };
}

function markShipped(source: ConfigSource): ConfigSource {
  const shipped = source.kind === 'file' && resolve(source.path) === resolve(defaultConfigPath());
  return shipped ? { ...source, shipped } : source;
}

/** Faults for a person: one line each, warnings marked. */
export function faultLines(faults: readonly Fault[]): string[] {
  return faults.map((fault) => `${fault.severity === 'warning' ? 'warning: ' : ''}${formatFault(fault)}`);
}

/** A configuration that can be read again and again: `load` stops with all faults at once. */
export interface ConfigOrigin {
  readonly sources: readonly ConfigSource[];
  /** How the person would name them. */
  readonly names: readonly string[];
  load(): Promise<Loaded>;
}

export function originOf(options: ConfigOptions): ConfigOrigin {
  const { sources, names } = sourcesOf(options);
  return { sources, names, load: () => loadSources(sources, options.skipUnsupported === true) };
}

/** Rejects with all faults at once. */
export async function loadSources(sources: readonly ConfigSource[], skipUnsupported: boolean): Promise<Loaded> {
  const { loadConfig } = await import('../../config/load.ts');
  const loaded = await loadConfig(sources, { skipUnsupported });
  if ('plan' in loaded) return loaded;
  throw refusal(loaded.faults);
}

/** Loads, or stops the start with all faults at once. */
export async function loadOrRefuse(options: ConfigOptions): Promise<{ loaded: Loaded; names: readonly string[] }> {
  const { names, load } = originOf(options);
  return { loaded: await load(), names };
}

/** Stops a command: all faults at once, for a person. */
export function refusal(faults: readonly Fault[]): StartError {
  const errors = faults.filter((fault) => fault.severity === 'error').length;
  const hint = faults.some((fault) => fault.unsupported !== undefined)
    ? '\n--skip-unsupported leaves out what Periscope does not have and runs the rest'
    : '';
  const indented = faultLines(faults)
    .map((line) => `  ${line}`)
    .join('\n');
  return new StartError(`cannot use the configuration: ${errors} ${errors === 1 ? 'fault' : 'faults'}\n${indented}${hint}`);
}
