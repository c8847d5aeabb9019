import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LIMITS } from '../pipeline/limits.ts';
import { configJsonSchema } from './json-schema.ts';
import { componentsPage, errorsPage, limitsPage, optionTable } from './reference.ts';
import { REGISTRY, SECTIONS } from './registry.ts';
import { scopePage } from './scope-page.ts';

const START = '<!-- options:start -->';
const END = '<!-- options:end -->';

export interface Generated {
  /** Path below the repository → text. */
  readonly files: ReadonlyMap<string, string>;
  /** READMEs that have no place for their option table. */
  readonly unmarked: readonly string[];
}

/** Everything that is made from code. */
export function generate(root: string): Generated {
  const files = new Map<string, string>();
  const unmarked: string[] = [];
  // One space: it is deep, and two of them were 80 kB.
  files.set('config/schema.json', `${JSON.stringify(configJsonSchema(), null, 1)}\n`);
  files.set('docs/reference/errors.md', errorsPage());
  files.set('docs/reference/components.md', componentsPage(REGISTRY));
  files.set('docs/reference/limits.md', limitsPage(LIMITS, readFileSync(join(root, 'pipeline/limits.ts'), 'utf8')));
  files.set('docs/reference/scope-matrix.md', scopePage());
  for (const section of SECTIONS) {
    for (const component of REGISTRY[section]) {
      const path = `${section}/${component.type}/README.md`;
      const text = withTable(textOf(root, path), optionTable(component));
      if (text === undefined) unmarked.push(path);
      else files.set(path, text);
    }
  }
  return { files, unmarked };
}

function withTable(text: string, table: string): string | undefined {
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start === -1 || end < start) return undefined;
  return `${text.slice(0, start + START.length)}\n${table}\n${text.slice(end)}`;
}

const textOf = (root: string, path: string): string =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '';

/** What `--check` reports, a line each: files that are not what the code says, READMEs without a place for a table. */
export function driftOf(root: string): string[] {
  const { files, unmarked } = generate(root);
  const drifted = [...files].filter(([path, text]) => textOf(root, path) !== text).map(([path]) => path);
  return [...drifted, ...unmarked.map((path) => `${path} (it lacks the lines ${START} and ${END})`)];
}

function check(root: string): number {
  const drift = driftOf(root);
  if (drift.length === 0) return 0;
  console.error(
    `these files are not what the code says; run npm run docs and commit them:\n${drift.map((line) => `  ${line}`).join('\n')}`,
  );
  return 1;
}

/** Writes what has changed; gives the exit code. */
export function write(root: string): number {
  const { files, unmarked } = generate(root);
  for (const [path, text] of files) {
    if (textOf(root, path) === text) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
    console.log(path);
  }
  for (const path of unmarked) console.error(`cannot write the options into ${path}: it lacks the lines ${START} and ${END}`);
  return unmarked.length === 0 ? 0 : 1;
}

/** The repository, from dist/config/ as from config/. */
function repositoryRoot(): string {
  const above = dirname(dirname(fileURLToPath(import.meta.url)));
  return existsSync(join(above, 'package.json')) ? above : dirname(above);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const root = repositoryRoot();
  process.exitCode = process.argv.includes('--check') ? check(root) : write(root);
}
