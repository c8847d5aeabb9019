import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildVariant } from './build.ts';
import { BundleFiles } from './bundle-files.ts';
import { REPOSITORY, TARGETS, type Target } from './bundle.ts';
import { FLAGS, FLAG_NAMES, type Flag, type FlagName } from './registry.ts';
import { flagsOf, VARIANT_NAMES, VARIANTS } from './variants.ts';

const PAGE = 'docs/reference/agent-flags.md';

type Built = (flags: readonly FlagName[], target: Target) => Promise<BundleFiles>;

/** Builds a bundle once, however often it is weighed. */
function buildingOnce(): Built {
  const builds = new Map<string, Promise<BundleFiles>>();
  return (flags, target) => {
    const inOrder = FLAG_NAMES.filter((name) => flags.includes(name));
    const key = [target, ...inOrder].join(' ');
    const known = builds.get(key) ?? build(inOrder, target);
    builds.set(key, known);
    return known;
  };
}

async function build(flags: readonly FlagName[], target: Target): Promise<BundleFiles> {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-sizes-'));
  try {
    await buildVariant(folder, target, flags);
    return new BundleFiles(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(1);

/** Markdown: every flag with what it adds, every variant with what it weighs. Sizes are of minified files, 1 kB = 1000 bytes. */
export async function sizesPage(): Promise<string> {
  const lines = [
    '# Flags and variants of the agent',
    '',
    "Made by `npm run docs` from `agent/instrument/flags`; sizes are those of the minified files that `npm run build` makes, in kB of 1000 bytes. How to bundle with flags of one's own: [agent/instrument](../../agent/instrument/README.md).",
    '',
    '## Variants',
    '',
    '`@periscope-otel/agent` is `production`; the others are `@periscope-otel/agent/<variant>`. *Loaded* is what the thread of the application loads at its start; the rest is for the thread that exports, or for an application without one. All files are those without `config-file.cjs`, which is loaded where OTEL_CONFIG_FILE is set alone: what CONFIG_FILE adds.',
    '',
    '| variant | for | Node: loaded | all files | Bun: loaded | all files |',
    '|---|---|---:|---:|---:|---:|',
  ];
  const built = buildingOnce();
  for (const name of VARIANT_NAMES) {
    const weights: string[] = [];
    for (const target of TARGETS) {
      const { loaded, textWithoutConfigFile } = await built(flagsOf(name), target);
      weights.push(kilobytes(Buffer.byteLength(loaded)), kilobytes(Buffer.byteLength(textWithoutConfigFile)));
    }
    lines.push(`| \`${name}\` | ${VARIANTS[name].about} | ${weights.join(' | ')} |`);
  }
  lines.push(
    '',
    '## Flags',
    '',
    '*Adds* is by how many bytes a bundle with all flags is larger than one without this one (and without what brings it).',
    '',
    '| flag | what a bundle has with it | adds, bytes | needs | variants |',
    '|---|---|---:|---|---|',
  );
  for (const name of FLAG_NAMES) lines.push(await flagRow(name, built));
  return `${lines.join('\n')}\n`;
}

async function flagRow(name: FlagName, built: Built): Promise<string> {
  const { about, needs = [], only = 'node' } = FLAGS[name] as Flag;
  const others = FLAG_NAMES.filter((other) => other !== name && !((FLAGS[other] as Flag).brings ?? []).includes(name));
  const [having, without] = await Promise.all([built([...others, name], only), built(others, only)]);
  const adds = Buffer.byteLength(having.text) - Buffer.byteLength(without.text);
  const where = VARIANT_NAMES.filter((variant) => flagsOf(variant).includes(name));
  const variants = where.length === VARIANT_NAMES.length - 1 ? 'all but minimal' : where.join(', ');
  return `| \`${name}\` | ${about}${only === 'bun' ? ' (Bun only)' : ''} | ${adds} | ${needs.join(', ')} | ${variants} |`;
}

/** Writes the page, or says that it is not what the bundles are; gives the exit code. */
async function main(check: boolean): Promise<number> {
  const page = await sizesPage();
  const path = join(REPOSITORY, PAGE);
  if (!check) {
    writeFileSync(path, page);
    return 0;
  }
  if (readFileSync(path, 'utf8') === page) return 0;
  process.stderr.write(`${PAGE} is not what the bundles are; run npm run docs and commit it\n`);
  return 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = await main(process.argv.includes('--check'));
}
