import { expect, it } from 'vitest';
import { within } from '../../../agent/instrument/within.ts';

it('a wait for a promise gives what it resolves to, and something else where it rejects or takes too long', async () => {
  for (const keepsAlive of [true, false]) {
    expect(await within(Promise.resolve(7), 60_000, 'late', keepsAlive)).toBe(7);
    expect(await within(Promise.reject(new Error('no')), 60_000, 'late', keepsAlive)).toBe('late');
  }
  expect(await within(new Promise(() => {}), 5, 'late', true)).toBe('late');
});
