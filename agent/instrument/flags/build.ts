import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AGENT, bundle, TARGETS, type Target } from './bundle.ts';
import { buildConfigFile } from './config-file-bundle.ts';
import { FLAG_NAMES, isFlag, type FlagName } from './registry.ts';
import { flagsOf, VARIANT_NAMES, type VariantName } from './variants.ts';

/** Where the bundles of a variant are, below the package. */
export const folderOf = (target: Target, variant: VariantName): string => join('dist', target, variant);

const ENTRY = join(AGENT, 'index.ts');
/** What exports is found beside the entry when the agent runs. */
const EXPORTING = ['worker.ts', 'export/main-export.ts'].map((source) => join(AGENT, source));
const SPAN_SENDING = join(AGENT, 'traces/span-sending.ts');

/** The bundle with `flags` into `folder`, and nothing else in there. */
export async function buildVariant(folder: string, target: Target, flags: readonly FlagName[]): Promise<void> {
  // The names of files that others import change with what is in them.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Without metrics there is nothing to export.
  const entries = [ENTRY, ...(flags.includes('METRICS') ? EXPORTING : []), ...(flags.includes('TRACES') ? [SPAN_SENDING] : [])];
  // An application waits for each file that the entry imports.
  await bundle({ entries, whole: ENTRY, flags, target, folder });
  if (flags.includes('CONFIG_FILE')) await buildConfigFile(folder);
}

/**
 * Every variant for both runtimes; of the two a target at a time, as small machines have two cores.
 *
 *   node dist/agent/instrument/flags/build.js
 *   node dist/agent/instrument/flags/build.js enterprise --feature=DEBUG --no-feature=MOCK_API
 */
async function main(options: readonly string[]): Promise<void> {
  const named = options.filter((option) => !option.startsWith('--'));
  const unknown = named.find((name) => !VARIANT_NAMES.includes(name as VariantName));
  if (unknown !== undefined) throw new Error(`cannot build variant ${unknown}: there are ${VARIANT_NAMES.join(', ')}`);
  const changes = { add: flagsIn(options, '--feature='), remove: flagsIn(options, '--no-feature=') };
  const variants = named.length > 0 ? (named as VariantName[]) : VARIANT_NAMES;
  if (named.length === 0) for (const target of TARGETS) rmSync(join(AGENT, 'dist', target), { recursive: true, force: true });
  const flags = new Map(variants.map((variant) => [variant, flagsOf(variant, changes)] as const));
  await Promise.all(
    TARGETS.map(async (target) => {
      for (const [variant, ofVariant] of flags) await buildVariant(join(AGENT, folderOf(target, variant)), target, ofVariant);
    }),
  );
  // A program of its own: it runs beside an application, not in it.
  const folder = join(AGENT, 'dist');
  await bundle({ entries: [join(AGENT, 'doctor/main.ts')], flags: [], target: 'node', folder, name: 'doctor' });
  await buildConfigFile(folder);
  chmodSync(join(folder, 'doctor.js'), 0o755);
}

function flagsIn(options: readonly string[], prefix: string): FlagName[] {
  const names = options.filter((option) => option.startsWith(prefix)).map((option) => option.slice(prefix.length));
  return names.map((name) => {
    if (isFlag(name)) return name;
    throw new Error(`cannot build with flag ${name}: there are ${FLAG_NAMES.join(', ')}`);
  });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  main(process.argv.slice(2)).catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
