import { LIMITS } from '../pipeline/limits.ts';
import type { Fault, Position } from './fault.ts';
import { parseTree, type Entry, type ScalarTree, type Tree } from './tree.ts';

/** Where `${…}` gets its values. */
export interface ExpandSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Text of a file; throws as `readFileSync` does. */
  readonly readFile: (path: string) => string;
}

const VARIABLE_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

class ExpandError extends Error {}

/** What one `${…}` stands for. `raw` false: it has been expanded already (a default). */
interface Resolved {
  readonly text: string | null;
  readonly raw: boolean;
}

/**
 * Replaces `${env:NAME}`, `${NAME}`, `${env:NAME:-default}`, `${file:path}`, `${yaml:text}` in every scalar and `$$` by
 * `$`, as the Go collector does: a scalar that is one reference becomes the YAML it resolves to (a map, a number, …),
 * a reference inside other text is put in as text, results are expanded again. `path` of a fault is the scalar's.
 */
export class Expander {
  readonly faults: Fault[] = [];
  readonly #sources: ExpandSources;
  #left: number = LIMITS.configExpansions;
  #at: Position = { source: '', line: 1, column: 1 };
  #path = '';

  constructor(sources: ExpandSources) {
    this.#sources = sources;
  }

  expand(tree: Tree, path: readonly string[] = []): Tree {
    if (tree.kind === 'map') {
      const entries = new Map<string, Entry>();
      for (const [key, { keyAt, value }] of tree.entries) entries.set(key, { keyAt, value: this.expand(value, [...path, key]) });
      return { ...tree, entries };
    }
    if (tree.kind === 'list') {
      return { ...tree, items: tree.items.map((item, index) => this.expand(item, [...path, String(index)])) };
    }
    if (typeof tree.value !== 'string' || !tree.value.includes('$')) return tree;
    this.#at = tree.at;
    this.#path = path.join('::');
    try {
      return this.#expandScalar(tree, tree.value, path);
    } catch (error) {
      if (!(error instanceof ExpandError)) throw error;
      this.#fault('error', error.message);
      return { ...tree, value: null };
    }
  }

  #expandScalar(tree: ScalarTree, text: string, path: readonly string[]): Tree {
    const end = text.startsWith('${') ? closingBrace(text, 2) : -1;
    if (end !== text.length - 1) return { ...tree, value: this.#expandText(text) };
    const resolved = this.#resolve(text.slice(2, end));
    if (resolved.text === null) return { ...tree, value: null };
    const { text: found } = resolved;
    if (resolved.raw && found.includes('$')) {
      // A reference that resolves to one more reference stays "the whole value".
      const again = this.#expandScalar(tree, found.trim(), path);
      if (again.kind !== 'scalar' || typeof again.value !== 'string' || again.text !== undefined) return again;
      return this.#parseValue(tree, again.value, false, path);
    }
    return this.#parseValue(tree, found, resolved.raw, path);
  }

  /** The YAML that a whole-value reference resolved to, placed where the reference stands. */
  #parseValue(scalar: ScalarTree, text: string, raw: boolean, path: readonly string[]): Tree {
    const parsed = parseTree(text, this.#at.source);
    if (parsed.tree === undefined) return { ...scalar, value: text.trim(), text: text.trim() };
    const placed = placeAt(parsed.tree, scalar.at, text);
    return raw && placed.kind !== 'scalar' ? this.expand(placed, path) : placed;
  }

  #expandText(text: string): string {
    let out = '';
    let index = 0;
    while (index < text.length) {
      const dollar = text.indexOf('$', index);
      if (dollar === -1) return out + text.slice(index);
      out += text.slice(index, dollar);
      if (text[dollar + 1] === '$') {
        out += '$';
        index = dollar + 2;
      } else if (text[dollar + 1] === '{') {
        const end = closingBrace(text, dollar + 2);
        if (end === -1) return out + text.slice(dollar);
        const resolved = this.#resolve(text.slice(dollar + 2, end));
        out += resolved.raw && resolved.text !== null ? this.#expandText(resolved.text.trim()) : (resolved.text ?? '');
        index = end + 1;
      } else {
        out += '$';
        index = dollar + 1;
      }
    }
    return out;
  }

  #resolve(reference: string): Resolved {
    this.#left -= 1;
    if (this.#left < 0) {
      throw new ExpandError(
        `cannot expand "\${${reference}}": more than ${LIMITS.configExpansions} substitutions; does one name itself?`,
      );
    }
    const inner = reference.includes('${') ? this.#expandText(reference) : reference;
    const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?!-)/.exec(inner)?.[1];
    const body = scheme === undefined ? inner : inner.slice(scheme.length + 1);
    if (scheme === undefined || scheme === 'env') return this.#variable(body);
    if (scheme === 'file') return { text: this.#file(body), raw: true };
    if (scheme === 'yaml') return { text: body, raw: true };
    throw new ExpandError(`cannot expand "\${${inner}}": unknown source "${scheme}" (known: env, file, yaml)`);
  }

  #variable(body: string): Resolved {
    const split = body.indexOf(':-');
    const name = split === -1 ? body : body.slice(0, split);
    if (!VARIABLE_NAME.test(name)) {
      throw new ExpandError(
        `cannot expand "\${env:${name}}": a variable's name has letters, digits and _, and starts with no digit`,
      );
    }
    const value = this.#sources.environment[name];
    if (split !== -1 && (value === undefined || value === '')) return { text: body.slice(split + 2), raw: false };
    if (value !== undefined) return { text: value, raw: true };
    this.#fault(
      'warning',
      `environment variable ${name} is not set, so this is empty; \${env:${name}:-default} gives it a default`,
    );
    return { text: null, raw: false };
  }

  #file(path: string): string {
    try {
      return this.#sources.readFile(path);
    } catch (error) {
      throw new ExpandError(`cannot read file "${path}": ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  }

  #fault(severity: Fault['severity'], message: string): void {
    this.faults.push({ severity, message, path: this.#path, position: this.#at });
  }
}

/** Index of the `}` that closes a `${` whose inside starts at `start`; -1 when it is not closed. */
function closingBrace(text: string, start: number): number {
  let depth = 1;
  for (let index = start; index < text.length; index++) {
    if (text.startsWith('${', index)) {
      depth += 1;
      index += 1;
    } else if (text[index] === '}') {
      depth -= 1;
      if (depth === 0) return index;
    }
  }
  return -1;
}

function placeAt(tree: Tree, at: Position, text: string): Tree {
  if (tree.kind === 'scalar') return { ...tree, at, text: text.trimEnd() };
  if (tree.kind === 'list') return { ...tree, at, items: tree.items.map((item) => placeAt(item, at, textOf(item))) };
  const entries = new Map<string, Entry>();
  for (const [key, { value }] of tree.entries) entries.set(key, { keyAt: at, value: placeAt(value, at, textOf(value)) });
  return { ...tree, at, entries };
}

function textOf(tree: Tree): string {
  return tree.kind === 'scalar' ? (tree.text ?? String(tree.value ?? '')) : '';
}
