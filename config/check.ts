import type { z } from 'zod';
import type { Fault } from './fault.ts';
import { nearest } from './nearest.ts';
import { keysOf, schemasAt, type Schema } from './schema-walk.ts';
import { lookUp, plainOf, type Tree } from './tree.ts';

type Issue = z.core.$ZodIssue;

/** Zod's view of a value, or faults with their places. `tree` undefined = nothing was written: all defaults. */
export function checkValue(
  schema: z.ZodType,
  tree: Tree | undefined,
  path: readonly string[],
): { value: unknown; faults: Fault[] } {
  let input = tree === undefined ? undefined : plainOf(tree);
  // A mend may uncover the next value that needs one; each pass mends at least one place.
  for (;;) {
    const result = schema.safeParse(input);
    if (result.success) return { value: result.data, faults: [] };
    const mended = tree === undefined ? undefined : mend(input, tree, result.error.issues);
    if (mended === undefined)
      return { value: undefined, faults: result.error.issues.flatMap((issue) => faultsOf(issue, schema, tree, path)) };
    input = mended.input;
  }
}

/**
 * The Go collector's two leniences: an option left empty means its default, and a substituted value that YAML reads as
 * a number stays the text it was where an option wants text (a password `0123`).
 */
function mend(input: unknown, tree: Tree, issues: readonly Issue[]): { input: unknown } | undefined {
  let changed = false;
  const root = { input };
  for (const issue of issues) {
    const { found } = lookUp(tree, issue.path);
    if (found?.kind !== 'scalar') continue;
    const steps: PropertyKey[] = ['input', ...issue.path];
    const last = steps.pop();
    const parent = steps.reduce<unknown>((value, step) => (value as Record<PropertyKey, unknown> | undefined)?.[step], root);
    if (last === undefined || parent === null || typeof parent !== 'object') continue;
    const holder = parent as Record<PropertyKey, unknown>;
    if (holder[last] === null && !Array.isArray(parent)) {
      holder[last] = undefined;
      changed = true;
    } else if (found.text !== undefined && typeof holder[last] !== 'string' && wantsText(issue)) {
      holder[last] = found.text;
      changed = true;
    }
  }
  return changed ? root : undefined;
}

function wantsText(issue: Issue): boolean {
  if (issue.code === 'invalid_type') return issue.expected === 'string';
  return (
    issue.code === 'invalid_union' &&
    issue.errors.some((branch) => branch.some((inner) => inner.path.length === 0 && wantsText(inner)))
  );
}

function faultsOf(issue: Issue, schema: Schema, tree: Tree | undefined, path: readonly string[]): Fault[] {
  const fullPath = [...path, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    const valid = schemasAt(schema, issue.path).flatMap(keysOf);
    return issue.keys.map((key) => ({
      severity: 'error' as const,
      message: valid.length === 0 ? 'unknown option' : `unknown option (known: ${[...new Set(valid)].join(', ')})`,
      path: [...fullPath, key].join('::'),
      position: placeOf(tree, [...issue.path, key]),
      suggestion: nearest(key, valid),
    }));
  }
  if (issue.code === 'invalid_union' && issue.message === 'Invalid input') {
    // The branch that came furthest is the one that was meant.
    const branches = issue.errors.filter((branch) => branch.length > 0);
    const deepest = branches.toSorted((left, right) => depth(right) - depth(left) || left.length - right.length)[0];
    if (deepest !== undefined) {
      return deepest.flatMap((inner) =>
        faultsOf({ ...inner, path: [...issue.path, ...inner.path] } as Issue, schema, tree, path),
      );
    }
  }
  const suggestion = issue.code === 'invalid_value' ? suggestValue(issue, tree) : undefined;
  return [
    {
      severity: 'error',
      message: messageOf(issue, tree),
      path: fullPath.join('::'),
      position: placeOf(tree, issue.path),
      suggestion,
    },
  ];
}

const depth = (issues: readonly Issue[]): number => Math.max(...issues.map((issue) => issue.path.length));

function placeOf(tree: Tree | undefined, path: readonly PropertyKey[]) {
  return tree === undefined ? undefined : lookUp(tree, path).at;
}

function messageOf(issue: Issue, tree: Tree | undefined): string {
  if (issue.code === 'invalid_type' && issue.message.startsWith('Invalid input')) {
    const found = tree === undefined ? undefined : lookUp(tree, issue.path).found;
    const wanted = TYPE_NAMES[issue.expected] ?? issue.expected;
    if (found === undefined || (found.kind === 'scalar' && found.value === null)) return `is missing; it must be ${wanted}`;
    return `must be ${wanted}, not ${kindOf(found)}`;
  }
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  return issue.message.replace(/^Invalid (input|string): /, '').replace(/^Too (small|big): expected \w+ to be /, 'must be ');
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map',
  record: 'a map',
  array: 'a list',
};

/** Types only: the value may be a secret. */
function kindOf(tree: Tree): string {
  if (tree.kind === 'map') return 'a map';
  if (tree.kind === 'list') return 'a list';
  return TYPE_NAMES[typeof tree.value] ?? 'empty';
}

function suggestValue(issue: Extract<Issue, { code: 'invalid_value' }>, tree: Tree | undefined): string | undefined {
  const found = tree === undefined ? undefined : lookUp(tree, issue.path).found;
  if (found?.kind !== 'scalar' || typeof found.value !== 'string') return undefined;
  return nearest(found.value, issue.values.map(String));
}
