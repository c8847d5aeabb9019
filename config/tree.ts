import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type ParsedNode,
} from 'yaml';
import { LIMITS } from '../pipeline/limits.ts';
import type { Fault, Position } from './fault.ts';

/**
 * A YAML value that still knows where it was written. Configurations are merged, substituted and checked as trees, so
 * that every fault can name its line.
 */
export type Tree = MapTree | ListTree | ScalarTree;
export interface MapTree {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly at: Position;
}
export interface Entry {
  readonly keyAt: Position;
  readonly value: Tree;
}
export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly at: Position;
}
export interface ScalarTree {
  readonly kind: 'scalar';
  readonly value: string | number | boolean | null;
  /** Set when the value came out of a substitution: what a string option gets, whatever YAML makes of it. */
  readonly text?: string | undefined;
  readonly at: Position;
}

class TreeBuilder {
  readonly #document: Document<ParsedNode>;
  readonly #position: (node: Node) => Position;
  /** Keys that their map has already, by place: a map with an anchor is built where it is used, too. */
  readonly #repeated = new Map<string, Fault>();
  #nodes = 0;

  constructor(document: Document<ParsedNode>, position: (node: Node) => Position) {
    this.#document = document;
    this.#position = position;
  }

  get faults(): readonly Fault[] {
    return [...this.#repeated.values()];
  }

  build(node: Node | null, at: Position): Tree {
    this.#nodes += 1;
    if (this.#nodes > LIMITS.configValues) throw new RangeError(`more than ${LIMITS.configValues} values; do anchors multiply?`);
    if (isAlias(node)) return this.build(node.resolve(this.#document) ?? null, at);
    if (isMap(node)) return this.#map(node.items, this.#position(node));
    if (isSeq(node)) {
      const listAt = this.#position(node);
      return { kind: 'list', items: node.items.map((item) => this.build(item as Node, listAt)), at: listAt };
    }
    if (!isScalar(node)) return { kind: 'scalar', value: null, at };
    return { kind: 'scalar', value: scalarValue(node.value), at: node.range === undefined ? at : this.#position(node) };
  }

  #map(items: readonly unknown[], at: Position): MapTree {
    const entries = new Map<string, Entry>();
    const inherited = new Map<string, Entry>();
    const seen = new Set<string>();
    for (const pair of items) {
      if (!isPair(pair)) continue;
      const keyNode = pair.key as Node;
      const key = isScalar(keyNode) ? String(keyNode.value) : String(keyNode);
      const keyAt = this.#position(keyNode);
      if (seen.has(key)) this.#repeat(key, keyAt);
      seen.add(key);
      const value = this.build(pair.value as Node | null, keyAt);
      if (key === '<<') for (const [name, entry] of mergeEntries(value)) inherited.set(name, entry);
      else entries.set(key, { keyAt, value });
    }
    for (const [name, entry] of inherited) if (!entries.has(name)) entries.set(name, entry);
    return { kind: 'map', entries, at };
  }

  #repeat(key: string, position: Position): void {
    const message = `cannot read YAML: Map keys must be unique; "${key}" is repeated`;
    this.#repeated.set(`${position.line}:${position.column}`, { severity: 'error', message, path: '', position });
  }
}

/** The entries that a `<<` key brings: of a map, or of a list of maps, the first of which wins. */
function mergeEntries(value: Tree): [string, Entry][] {
  if (value.kind === 'map') return [...value.entries];
  if (value.kind === 'list') return value.items.toReversed().flatMap(mergeEntries);
  return [];
}

function scalarValue(value: unknown): string | number | boolean | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  // Whole numbers beyond 2^53 stay readable text; nothing we configure needs them as numbers.
  return value === undefined ? null : String(value);
}

/** Reads one YAML text. Syntax faults come back as faults with their place; `tree` is then undefined. */
export function parseTree(text: string, source: string): { tree: Tree | undefined; faults: Fault[] } {
  if (text.length > LIMITS.configChars) {
    const message = `cannot read YAML: ${text.length} characters; at most ${LIMITS.configChars} are taken`;
    return { tree: undefined, faults: [{ severity: 'error', message, path: '', position: { source, line: 1, column: 1 } }] };
  }
  const lines = new LineCounter();
  // Whether keys are unique is asked by the builder: the parser compares each with all before it.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: false, uniqueKeys: false });
  const place = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { source, line: Math.max(1, line), column: Math.max(1, col) };
  };
  // What follows a syntax fault is guesswork of the parser.
  const faults: Fault[] = [...document.errors.slice(0, 1), ...document.warnings].map((error) => ({
    severity: document.errors.includes(error as never) ? 'error' : 'warning',
    message: `cannot read YAML: ${error.message}`,
    path: '',
    position: place(error.pos[0]),
  }));
  if (document.errors.length > 0) return { tree: undefined, faults };
  try {
    const builder = new TreeBuilder(document, (node) => place(node.range?.[0] ?? 0));
    const tree = builder.build(document.contents, place(0));
    return builder.faults.length === 0 ? { tree, faults } : { tree: undefined, faults: [...faults, ...builder.faults] };
  } catch (error) {
    const message = `cannot read YAML: ${error instanceof Error ? error.message : String(error)}`;
    return { tree: undefined, faults: [...faults, { severity: 'error', message, path: '', position: place(0) }] };
  }
}

/** The plain value of a tree. */
export function plainOf(tree: Tree): unknown {
  if (tree.kind === 'scalar') return tree.value;
  if (tree.kind === 'list') return tree.items.map(plainOf);
  const plain: Record<string, unknown> = {};
  for (const [key, { value }] of tree.entries) {
    // Not by assignment: a key `__proto__` is data like any other.
    Object.defineProperty(plain, key, { value: plainOf(value), enumerable: true, configurable: true, writable: true });
  }
  return plain;
}

/** The tree at `path` below `tree`, with the place of its key; the nearest place above when there is nothing. */
export function lookUp(tree: Tree, path: readonly PropertyKey[]): { found: Tree | undefined; at: Position } {
  let found: Tree | undefined = tree;
  let at = tree.at;
  for (const step of path) {
    if (found?.kind === 'map') {
      const entry: Entry | undefined = found.entries.get(String(step));
      found = entry?.value;
      at = entry?.keyAt ?? at;
    } else if (found?.kind === 'list') {
      found = found.items[Number(step)];
      at = found?.at ?? at;
    } else {
      return { found: undefined, at };
    }
  }
  return { found, at };
}
