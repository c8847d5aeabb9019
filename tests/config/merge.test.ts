import { expect, it } from 'vitest';
import { mergeTrees } from '../../config/merge.ts';
import { lookUp, parseTree, plainOf, type Tree } from '../../config/tree.ts';

const tree = (text: string, source = 'a.yaml'): Tree => parseTree(text, source).tree!;
const merged = (earlier: string, later: string): unknown => plainOf(mergeTrees(tree(earlier), tree(later)));

it('maps merge, whatever their depth', () => {
  expect(merged('a: {b: {c: 1, d: 2}}', 'a: {b: {d: 3, e: 4}}')).toEqual({ a: { b: { c: 1, d: 3, e: 4 } } });
});

it('lists and scalars are replaced by the later source', () => {
  expect(merged('a: [1, 2, 3]\nb: x', 'a: [4]\nb: y')).toEqual({ a: [4], b: 'y' });
});

it('an empty value erases a map, an empty map does not', () => {
  expect(merged('processors: {batch: 1}', 'processors:')).toEqual({ processors: null });
  expect(merged('processors: {batch: 1}', 'processors: {}')).toEqual({ processors: { batch: 1 } });
});

it('a value keeps the place of the source that it came from', () => {
  const result = mergeTrees(tree('a:\n  b: 1\n  c: 2\n', 'first.yaml'), tree('a:\n  c: 3\n', 'second.yaml'));
  expect(lookUp(result, ['a', 'b']).at).toMatchObject({ source: 'first.yaml', line: 2 });
  expect(lookUp(result, ['a', 'c']).at).toMatchObject({ source: 'second.yaml', line: 2 });
});
