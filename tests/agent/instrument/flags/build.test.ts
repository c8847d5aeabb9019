import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOf } from '../../../../agent/instrument/flags/build.ts';
import { AGENT, TARGETS } from '../../../../agent/instrument/flags/bundle.ts';
import { VARIANT_NAMES } from '../../../../agent/instrument/flags/variants.ts';
import manifest from '../../../../agent/instrument/package.json' with { type: 'json' };

const paths = (value: unknown): string[] => (typeof value === 'string' ? [value] : Object.values(value as object).flatMap(paths));

describe('what npm run build makes', () => {
  it('is every file that the package exports, and its one program: npx runs it by the name of the package', () => {
    expect(paths([manifest.exports, manifest.bin]).filter((path) => !existsSync(join(AGENT, path)))).toEqual([]);
    expect(Object.keys(manifest.bin)).toHaveLength(1);
  });

  it('is a bundle of each variant for each runtime', () => {
    const folders = TARGETS.flatMap((target) => VARIANT_NAMES.map((name) => folderOf(target, name)));
    expect(folders.filter((folder) => !existsSync(join(AGENT, folder, 'index.js')))).toEqual([]);
  });
});
