import { describe, expect, it } from 'vitest';
import { FLAGS, FLAG_NAMES, isFlag, type Flag } from '../../../../agent/instrument/flags/registry.ts';
import { flagsOf, VARIANT_NAMES, VARIANTS } from '../../../../agent/instrument/flags/variants.ts';
import manifest from '../../../../agent/instrument/package.json' with { type: 'json' };

describe('the flags', () => {
  it.each(Object.entries<Flag>(FLAGS))(
    '%s says what it is for, has a marker of its own and needs what there is',
    (name, flag) => {
      expect(name).toMatch(/^_?[A-Z][A-Z0-9_]*$/);
      expect(flag.about.length).toBeGreaterThan(20);
      expect(flag.marker.length).toBeGreaterThan(5);
      expect((flag.needs ?? []).filter((other) => !isFlag(other) || other === name)).toEqual([]);
      expect(Object.values<Flag>(FLAGS).filter(({ marker }) => marker.includes(flag.marker))).toHaveLength(1);
    },
  );

  it('none is named after what every object has', () => {
    expect(isFlag('toString')).toBe(false);
  });
});

describe('the variants', () => {
  it.each(VARIANT_NAMES)('%s has what its flags need', (name) => {
    const flags = flagsOf(name);
    const missing = flags.flatMap((flag) => ((FLAGS[flag] as Flag).needs ?? []).filter((need) => !flags.includes(need as never)));
    expect(missing).toEqual([]);
  });

  it('minimal has none, full has all', () => {
    expect(flagsOf('minimal')).toEqual([]);
    expect(flagsOf('full')).toEqual(FLAG_NAMES);
  });

  it('can be built with more flags and with fewer', () => {
    expect(flagsOf('minimal', { add: ['DEBUG'] })).toEqual(['DEBUG']);
    expect(flagsOf('full', { remove: ['DEBUG'] })).toEqual(FLAG_NAMES.filter((name) => name !== 'DEBUG'));
  });

  it.each(VARIANT_NAMES.flatMap((name) => VARIANTS[name].held.map((flag) => [name, flag] as const)))(
    '%s cannot be built without %s',
    (name, flag) => {
      expect(flagsOf(name)).toContain(flag);
      expect(() => flagsOf(name, { remove: [flag] })).toThrow(`cannot build ${name} without ${flag}`);
    },
  );

  it('each is an entry of the package, for Node and for Bun', () => {
    for (const name of VARIANT_NAMES) {
      expect(manifest.exports[`./${name}`]).toMatchObject({
        bun: `./dist/bun/${name}/index.js`,
        default: `./dist/node/${name}/index.js`,
      });
    }
  });
});
