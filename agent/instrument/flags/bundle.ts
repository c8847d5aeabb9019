import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, parse } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FLAGS, type Flag, type FlagName } from './registry.ts';
import { REQUIRE, secondPass } from './second-pass.ts';

export const TARGETS = ['node', 'bun'] as const;
export type Target = (typeof TARGETS)[number];

/** The repository, from agent/instrument/flags/ as from dist/agent/instrument/flags/. */
export const REPOSITORY = ((): string => {
  const above = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
  return existsSync(join(above, 'agent/instrument/package.json')) ? above : dirname(above);
})();
export const AGENT = join(REPOSITORY, 'agent/instrument');

const BUN = join(REPOSITORY, 'node_modules/.bin/bun');

/** That it is Bun which runs a bundle for Bun is known, so code for Node alone is not in it; which Bun is not. Bundles for Node
 *  ask, as an app that is one file with the agent may be run by either. */
const KNOWN = { node: [], bun: ['process.versions.bun="bun"'] } as const;

/** Bun runs a file with this line as it is; others it goes through first. */
const FIRST_LINE = { node: {}, bun: { firstLine: '// @bun\n' } } as const;

/** Never part of a bundle: an app has one copy of the API, or its instruments do nothing; the SDK is loaded where an app asks
 *  for it, which then has it installed. */
export const EXTERNAL: readonly string[] = [
  '@opentelemetry/api',
  '@opentelemetry/sdk-metrics',
  '@opentelemetry/exporter-metrics-otlp-http',
  '@opentelemetry/resources',
];

export interface BundleOptions {
  /** Source files. */
  readonly entries: readonly string[];
  readonly flags: readonly FlagName[];
  readonly target: Target;
  /** Each entry becomes a file of its name in here; what several of them hold is a file of its own that they import. */
  readonly folder: string;
  /** One of the entries, which is loaded as one file: it has a copy of what others hold, too. */
  readonly whole?: string;
  /** Of the file of an only entry; default: its own. */
  readonly name?: string;
}

/** One bundle: `bun build` puts it together and leaves out what no flag asks for, a second pass makes it small. Rejects with what
 *  Bun said. */
export async function bundle({ entries, whole, flags, target, folder, name }: BundleOptions): Promise<void> {
  const features = flagsFor(target, flags).map((flag) => `--feature=${flag}`);
  const externals = EXTERNAL.map((external) => `--external=${external}`);
  const from = mkdtempSync(join(tmpdir(), 'periscope-bundle-'));
  try {
    const defines = [`require=${REQUIRE}`, ...KNOWN[target]].map((define) => `--define=${define}`);
    const output = [`--outdir=${from}`, `--entry-naming=${name ?? '[name]'}.[ext]`, '--splitting', ...defines];
    await run(BUN, ['build', ...entries, ...output, `--target=${target}`, '--minify-syntax', ...externals, ...features]);
    const nameOf = (entry: string): string => name ?? parse(entry).name;
    const sharing = entries.filter((entry) => entry !== whole);
    for (const together of [...(whole === undefined ? [] : [[whole]]), sharing]) {
      const apart = entries.filter((entry) => !together.includes(entry)).map(nameOf);
      if (together.length > 0) await secondPass({ from, entries: together.map(nameOf), apart, folder, ...FIRST_LINE[target] });
    }
  } finally {
    rmSync(from, { recursive: true, force: true });
  }
}

/** Those of `flags` whose code can run there. */
export function flagsFor(target: Target, flags: readonly FlagName[]): readonly FlagName[] {
  return flags.filter((flag) => ((FLAGS[flag] as Flag).only ?? target) === target);
}

function run(program: string, options: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, options, { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.once('error', (error) => reject(new Error(`cannot bundle the agent: ${error.message}; npm ci installs Bun`)));
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`cannot bundle the agent: ${said.trim()}`))));
  });
}
