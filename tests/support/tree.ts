import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseAst } from 'vitest/node';

/** The repository as tests/tidy.test.ts judges it: its files, their imports and functions, by a real parser. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

const SKIPPED = new Set(['node_modules', 'dist', '.git', '.periscope']);

function walk(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (SKIPPED.has(entry.name)) return [];
    return entry.isDirectory() ? walk(path) : [path];
  });
}

/** Paths from the root: what git tracks, or everything where the sources came without git. */
export function trackedFiles(): string[] {
  if (!existsSync(join(ROOT, '.git'))) return walk('');
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 });
  return listed.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

export interface Import {
  /** As written: `../pipeline/errors.ts`, `node:fs`, `zod`. */
  readonly specifier: string;
  /** Path from the root when it names a file of ours, else undefined. */
  readonly target: string | undefined;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly functions: readonly { readonly name: string; readonly line: number; readonly lines: number }[];
  readonly nodeTypes: ReadonlySet<string>;
  /** `name.property` and `.method(` of every member expression, for bans such as `JSON.` or `.map(`. */
  readonly members: ReadonlySet<string>;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Node).type === 'string' &&
  typeof (value as Node).start === 'number';

function visit(node: Node, parent: Node | undefined, see: (node: Node, parent: Node | undefined) => void): void {
  see(node, parent);
  for (const value of Object.values(node)) {
    if (Array.isArray(value)) {
      for (const child of value) if (isNode(child)) visit(child, node, see);
    } else if (isNode(value)) visit(value, node, see);
  }
}

const nameOf = (node: unknown): string => (isNode(node) && typeof node['name'] === 'string' ? node['name'] : '');
const literal = (node: unknown): string | undefined =>
  isNode(node) && node.type === 'Literal' && typeof node['value'] === 'string' ? node['value'] : undefined;

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

function isTypeOnly(node: Node): boolean {
  if (node['importKind'] === 'type' || node['exportKind'] === 'type') return true;
  const specifiers = node['specifiers'];
  if (!Array.isArray(specifiers) || specifiers.length === 0) return false;
  return specifiers.every((each) => each.importKind === 'type' || each.exportKind === 'type');
}

function importOf(path: string, node: Node): Import | undefined {
  const specifier = literal(node['source']);
  if (specifier === undefined) return undefined;
  const target = specifier.startsWith('.') ? relative('/', join('/', dirname(path), specifier)) : undefined;
  return { specifier, target, typeOnly: isTypeOnly(node), dynamic: node.type === 'ImportExpression' };
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const IMPORTS = new Set(['ImportDeclaration', 'ExportNamedDeclaration', 'ExportAllDeclaration', 'ImportExpression']);

export function parse(path: string): Source {
  const text = read(path);
  // AssemblyScript has decorators on functions, TypeScript has none there.
  const program = parseAst(text.replace(/^@inline$/gm, ''), { lang: path.endsWith('x') ? 'tsx' : 'ts' }) as unknown as Node;
  const lineAt = lineCounter(text);
  const imports: Import[] = [];
  const functions: { name: string; line: number; lines: number }[] = [];
  const nodeTypes = new Set<string>();
  const members = new Set<string>();
  visit(program, undefined, (node, parent) => {
    nodeTypes.add(node.type);
    if (IMPORTS.has(node.type)) {
      const found = importOf(path, node);
      if (found !== undefined) imports.push(found);
    }
    if (FUNCTIONS.has(node.type)) {
      const line = lineAt(node.start);
      const name = nameOf(node['id']) || nameOf(parent?.['key']) || nameOf(parent?.['id']) || '(anonymous)';
      functions.push({ name, line, lines: lineAt(node.end) - line + 1 });
      if (node['async'] === true) nodeTypes.add('async');
    }
    if (node.type === 'MemberExpression') {
      const property = nameOf(node['property']);
      members.add(`${nameOf(node['object'])}.${property}`);
      if (parent?.type === 'CallExpression' && parent['callee'] === node) members.add(`.${property}(`);
    }
  });
  const lines = text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return { path, text, lines, imports, functions, nodeTypes, members };
}
