import { stringify } from 'yaml';
import { loadConfig } from '../../config/load.ts';
import { printConfig } from '../../config/print.ts';
import { NOUN, REGISTRY, SECTIONS } from '../../config/registry.ts';
import { faultLines, loadOrRefuse, sourcesOf, type ConfigOptions } from './configs.ts';
import { packageVersion } from './package-root.ts';
import { table } from './tables.ts';

/** The commands that print and leave. Each resolves to what goes to stdout; a StartError goes to stderr. */

/** All faults and warnings, or that there is none. `ok` false = exit 1. */
export async function validate(options: ConfigOptions): Promise<{ ok: boolean; text: string }> {
  const { sources, names } = sourcesOf(options);
  const loaded = await loadConfig(sources, { skipUnsupported: options.skipUnsupported === true });
  if ('plan' in loaded) {
    const pipelines = loaded.plan.pipelines.map(({ id }) => id).join(', ');
    return { ok: true, text: [...faultLines(loaded.warnings), `${names.join(', ')}: valid; pipelines: ${pipelines}`].join('\n') };
  }
  const lines = faultLines(loaded.faults);
  const errors = loaded.faults.filter(({ severity }) => severity === 'error').length;
  const lacking = loaded.faults.filter(({ unsupported }) => unsupported !== undefined).length;
  lines.push(`${names.join(', ')}: ${errors} ${errors === 1 ? 'fault' : 'faults'}`);
  if (lacking > 0)
    lines.push(`${lacking} of them name what Periscope does not have: --skip-unsupported leaves it out and checks the rest`);
  return { ok: false, text: lines.join('\n') };
}

/** Every component of this build with what it takes. */
export function components(format: 'table' | 'yaml'): string {
  const rows = SECTIONS.flatMap((section) =>
    REGISTRY[section].map((component) => ({
      kind: NOUN[section],
      type: component.type,
      aliases: [...(component.aliases ?? [])],
      signals: { ...component.signals },
      summary: component.summary,
    })),
  );
  if (format === 'yaml') return stringify({ version: packageVersion(), components: rows }).trimEnd();
  return table(
    ['KIND', 'TYPE', 'ALSO', 'SIGNALS', 'SUMMARY'],
    rows.map(({ kind, type, aliases, signals, summary }) => [
      kind,
      type,
      aliases.join(', ') || '-',
      Object.entries(signals)
        .map(([signal, stability]) => `${signal} (${stability})`)
        .join(', ') || '-',
      summary,
    ]),
  );
}

/** The merged and substituted configuration, without secrets. */
export async function printConfiguration(options: ConfigOptions & { readonly withDefaults?: boolean }): Promise<string> {
  const { loaded } = await loadOrRefuse(options);
  return printConfig(loaded.tree, options.withDefaults === true).trimEnd();
}
