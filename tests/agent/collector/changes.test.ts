import { expect, it } from 'vitest';
import { changesBetween } from '../../../agent/collector/changes.ts';
import { parseTree, type MapTree } from '../../../config/tree.ts';

const tree = (text: string): MapTree => parseTree(text, 'test.yaml').tree as MapTree;
const EXPORTER = (more: string): string => `exporters:\n  otlp_http:\n    endpoint: http://localhost:1\n${more}`;

it('names each setting with what it was and what it is, new order first, what went last', () => {
  const before = tree(`${EXPORTER('    timeout: 5s\n')}  debug:\n`);
  const after = tree(EXPORTER('    timeout: 10s\n    compression: none\n'));
  expect(changesBetween(before, after)).toEqual([
    'exporters.otlp_http.timeout: 5s -> 10s',
    'exporters.otlp_http.compression: nothing -> none',
    'exporters.debug: null -> nothing',
  ]);
});

it('comments, blanks and the order of a map are no change; the order of a list is one', () => {
  const before = tree('service:\n  extensions: [a, b]\n  ack: queued\n');
  expect(changesBetween(before, tree('# a word\nservice:\n  ack: queued\n\n  extensions: [a, b]\n'))).toEqual([]);
  expect(changesBetween(before, tree('service:\n  ack: queued\n  extensions: [b, a]\n'))).toEqual([
    'service.extensions: ["a","b"] -> ["b","a"]',
  ]);
});

it('tells that a secret has changed, and nothing of it', () => {
  const header = (value: string): MapTree => tree(EXPORTER(`    headers:\n      authorization: ${value}\n`));
  const [change, ...others] = changesBetween(header('Bearer one'), header('Bearer two'));
  expect(others).toEqual([]);
  expect(change).toBe('exporters.otlp_http.headers.authorization: changed');
});

it('a long text is cut', () => {
  const [change] = changesBetween(tree('service:\n  a: b\n'), tree(`service:\n  a: ${'x'.repeat(5000)}\n`));
  expect(change!.length).toBeLessThan(200);
});
