import { describe, expect, it } from 'vitest';
import { sizesPage } from '../../../../agent/instrument/flags/sizes.ts';
import { FLAG_NAMES } from '../../../../agent/instrument/flags/registry.ts';
import { VARIANT_NAMES } from '../../../../agent/instrument/flags/variants.ts';

describe('the page of flags and variants', () => {
  it('has a row of each, with what it weighs', async () => {
    const rows = (await sizesPage()).split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    const cell = (name: string, column: number): number => Number(rows.find((row) => row[1] === `\`${name}\``)?.[column]);
    for (const variant of VARIANT_NAMES) {
      expect([variant, cell(variant, 3) > 0 && cell(variant, 3) <= cell(variant, 4)]).toEqual([variant, true]);
    }
    for (const flag of FLAG_NAMES) expect([flag, cell(flag, 3) > 0]).toEqual([flag, true]);
  });
});
