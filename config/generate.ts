import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { LIMITS } from '../pipeline/limits.ts';
import { configJsonSchema } from './json-schema.ts';
import { componentsPage, errorsPage, limitsPage, optionTable, scopesPage } from './reference.ts';
import { REGISTRY, SECTIONS } from './registry.ts';

const START = '<!-- options:start -->';
const END = '<!-- options:end -->';

/** Every generated file of the repository: its path below `root` and its text. */
export function generatedFiles(root: string): Map<string, string> {
  const files = new Map<string, string>();
  files.set('config/schema.json', `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
  files.set('docs/reference/errors.md', errorsPage());
  files.set('docs/reference/components.md', componentsPage(REGISTRY));
  files.set('docs/reference/limits.md', limitsPage(LIMITS, readFileSync(join(root, 'pipeline/limits.ts'), 'utf8')));
  files.set('docs/reference/scopes.md', scopesPage());
  for (const section of SECTIONS) {
    for (const component of REGISTRY[section]) {
      const path = `${section}/${component.type}/README.md`;
      files.set(path, withTable(path, textOf(root, path), optionTable(component)));
    }
  }
  return files;
}

function withTable(path: string, text: string, table: string): string {
  const [start, end] = [text.indexOf(START), text.indexOf(END)];
  if (start === -1 || end < start)
    throw new Error(`cannot write the options of ${path}: the markers ${START} and ${END} are missing`);
  return `${text.slice(0, start + START.length)}\n${table}\n${text.slice(end)}`;
}

const textOf = (root: string, path: string): string =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '';

/** The generated files that are not what the code says. */
export function driftedFiles(root: string): string[] {
  return [...generatedFiles(root)].filter(([path, text]) => textOf(root, path) !== text).map(([path]) => path);
}

function main(root: string, check: boolean): number {
  const drifted = driftedFiles(root);
  if (check) {
    if (drifted.length === 0) return 0;
    console.error(
      `these files are not what the code says; run npm run docs and commit them:\n${drifted.map((path) => `  ${path}`).join('\n')}`,
    );
    return 1;
  }
  const files = generatedFiles(root);
  for (const path of drifted) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), files.get(path) ?? '');
    console.log(path);
  }
  return 0;
}

/** The repository, from dist/config/ as from config/. */
function repositoryRoot(): string {
  const above = dirname(dirname(fileURLToPath(import.meta.url)));
  return existsSync(join(above, 'package.json')) ? above : dirname(above);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  process.exitCode = main(repositoryRoot(), process.argv.includes('--check'));
}
