import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import * as entry from '../../../pipeline/scope/index.ts';
import { parse, read } from '../../support/tree.ts';

it('the entry ./scope has the helpers by the names users know', () => {
  for (const name of [
    'detectScope',
    'domainToFeature',
    'scopedFeatures',
    'getScopedFeatureFlags',
    'assignScope',
    'validateMetricScope',
    'sanitizeProperties',
  ] as const)
    expect(Object.entries(entry).find(([each]) => each === name)?.[1]).toBeTypeOf('function');
  expect(entry.SCOPE_MATRIX).toHaveLength(11);
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, string> };
  expect(exports['./scope']).toBe('./dist/pipeline/scope/index.js');
});

it('the entry ./scope is light: a dozen small files of ours and no package', () => {
  const seen = new Set<string>();
  const packages: string[] = [];
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { target, specifier, typeOnly } of parse(path).imports) {
      if (typeOnly) continue;
      if (target === undefined) packages.push(specifier);
      else visit(target);
    }
  };
  visit('pipeline/scope/index.ts');
  expect(packages).toEqual([]);
  expect([...seen].filter((path) => dirname(path) !== 'pipeline/scope')).toEqual(['pipeline/otlp/attribute-text.ts']);
});
