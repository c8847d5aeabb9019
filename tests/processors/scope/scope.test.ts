import { expect, test } from 'vitest';
import { DEFAULT_SCOPE_STAGE } from '../../../pipeline/scope/stage.ts';
import { scope } from '../../../processors/scope/index.ts';

test('nothing given is what the stage does without an entry', () => {
  for (const given of [undefined, null, {}]) expect(scope.config.parse(given)).toEqual(DEFAULT_SCOPE_STAGE);
});

test('the keys of a claim, and data without one, can be set', () => {
  expect(scope.config.parse({ keys: ['tenant'], on_missing: 'reject' })).toEqual({ keys: ['tenant'], on_missing: 'reject' });
});

test.each([{ keys: [] }, { keys: [''] }, { on_missing: 'guess' }, { on_mismatch: 'inject' }])('%j is a fault', (given) => {
  expect(scope.config.safeParse(given).success).toBe(false);
});

test('it configures the receiver and makes nothing itself', () => {
  expect(scope.kind).toBe('scope');
  expect(scope.load).toBeUndefined();
});
