import { join, resolve, sep } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixedFolder, pathOf, scopedTemplate, scopeName } from '../../../exporters/file/path.ts';
import { backupPath } from '../../../exporters/file/rotation.ts';

const scopes = fc.oneof(
  fc.string({ maxLength: 12, unit: fc.constantFrom('a', 'A', 'b', 'B', '.', '-', '_', '~', '%', '@', '/', '\\', '2', 'E') }),
  fc.string({ maxLength: 200, unit: 'grapheme' }),
  fc.constantFrom('ENTERPRISE', 'enterprise', 'LOCAL-SANDBOX', '..', '.', 'con', 'CON', '~dcon', 'global'),
);

describe('the name of a scope in a path', () => {
  test('is itself for ordinary scopes', () => {
    for (const scope of ['ENTERPRISE', 'LOCAL-SANDBOX', 'global', 'team_7']) expect(scopeName(scope, false)).toBe(scope);
  });

  test.each([
    ['../../etc/passwd', '%2E%2E%2F%2E%2E%2Fetc%2Fpasswd'],
    ['a b', 'a%20b'],
    ['é', '%C3%A9'],
    ['', '~d'],
  ])('%s becomes %s', (scope, name) => expect(scopeName(scope, false)).toBe(name));

  test.each([false, true])('is one per scope and a plain name, whether the file system folds case (%s)', (folds) => {
    fc.assert(
      fc.property(scopes, scopes, (a, b) => {
        const [first, second] = [scopeName(a, folds), scopeName(b, folds)];
        expect(first).toMatch(/^[A-Za-z0-9_%~-]{1,130}$/);
        if (a !== b) expect(folds ? first.toLowerCase() : first).not.toBe(folds ? second.toLowerCase() : second);
      }),
      { numRuns: 2000 },
    );
  });

  test('long scopes stay apart', () => {
    const long = 'x'.repeat(500);
    expect(scopeName(`${long}a`, false)).not.toBe(scopeName(`${long}b`, false));
  });

  test('no scope has the name of a rotated file of another', () => {
    const file = pathOf('out.{scope}.jsonl', 'a', 'logs', 'linux');
    const backup = backupPath(file, 0, false);
    fc.assert(
      fc.property(scopes, (scope) => {
        expect(pathOf('out.{scope}.jsonl', scope, 'logs', 'linux')).not.toBe(backup);
      }),
    );
    expect(pathOf('out.{scope}.jsonl', 'a@1970-01-01T00-00-00.000', 'logs', 'linux')).not.toBe(backup);
  });
});

test('a path without {scope} gets the scope before its ending', () => {
  expect(scopedTemplate('out.jsonl')).toBe('out.{scope}.jsonl');
  expect(scopedTemplate(join('a.b', 'out'))).toBe(join('a.b', 'out.{scope}'));
  expect(scopedTemplate('/out.jsonl')).toBe(`${sep}out.{scope}.jsonl`);
  expect(scopedTemplate('x/{scope}/m.jsonl')).toBe('x/{scope}/m.jsonl');
});

test('a path never leaves the folder in front of the scope', () => {
  fc.assert(
    fc.property(scopes, (scope) => {
      expect(pathOf('telemetry/{scope}/{signal}.jsonl', scope, 'logs', 'linux').startsWith(resolve('telemetry') + sep)).toBe(
        true,
      );
    }),
  );
});

test('the fixed folder ends before the first placeholder', () => {
  expect(fixedFolder('a/b/{scope}/x')).toBe(resolve('a/b'));
  expect(fixedFolder('a/b/out.{scope}.jsonl')).toBe(resolve('a/b'));
  expect(fixedFolder('out.{scope}.jsonl')).toBe(resolve('.'));
  expect(fixedFolder('{scope}/x')).toBe(resolve('.'));
  expect(fixedFolder('/{scope}/x')).toBe(resolve('/'));
});
