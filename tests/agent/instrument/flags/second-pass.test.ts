import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { REQUIRE, secondPass, type SecondPassOptions } from '../../../../agent/instrument/flags/second-pass.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'periscope-second-pass-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What comes of modules, `index.js` being the entry. */
async function made(
  modules: Readonly<Record<string, string>>,
  options: Partial<Pick<SecondPassOptions, 'apart' | 'entries' | 'firstLine'>> = {},
): Promise<Record<string, string>> {
  const from = mkdtempSync(join(folder, 'from-'));
  const to = join(folder, 'to');
  for (const [name, text] of Object.entries(modules)) writeFileSync(join(from, name), text);
  await secondPass({ from, entries: ['index'], folder: to, ...options });
  return Object.fromEntries(readdirSync(to).map((name) => [name, readFileSync(join(to, name), 'utf8')]));
}

const SHARED = `
var size = 3, table = new Int32Array(size), used = 0;
class Counter { count(at) { used += 1; return (table[at] += 1); } get used() { return used; } }
export { Counter, size };`;

describe('the second pass', () => {
  it('leaves constants and classes as const, what is assigned to as it was, and a number where it is used', async () => {
    const { 'index.js': index = '' } = await made({
      'index.js': "import { Counter, size } from './shared-a1b2c3d4.js';\nexport const start = () => [new Counter(), size];",
      'shared-a1b2c3d4.js': SHARED,
    });
    expect(index).toMatch(/const (\w+)=new Int32Array\(3\)/);
    expect(index).toMatch(/const (\w+)=class\{/);
    expect(index).not.toMatch(/var \w+=(class|new)/);
    expect(index).toMatch(/\[new \w+,3\]/);
  });

  it('keeps exports, what is loaded later, and the file that both need, under a name that says what is in it', async () => {
    const files = await made({
      'index.js':
        "import { Counter } from './shared-a1b2c3d4.js';\nexport const one = () => new Counter();\nexport const later = () => import('./later-a1b2c3d4.js');",
      'later-a1b2c3d4.js': "import { Counter, size } from './shared-a1b2c3d4.js';\nexport const two = [new Counter(), size];",
      'shared-a1b2c3d4.js': SHARED,
    });
    const names = Object.keys(files).toSorted();
    expect(names.map((name) => name.replace(/-[0-9a-z]{8}\./, '-#.'))).toEqual(['index.js', 'later-#.js', 'shared-#.js']);
    const index = (await import(pathToFileURL(join(folder, 'to', 'index.js')).href)) as {
      one: () => { count: (at: number) => number };
      later: () => Promise<{ two: [{ used: number }, number] }>;
    };
    expect(index.one().count(1)).toBe(1);
    expect((await index.later()).two[0].used).toBe(1);
    expect((await index.later()).two[1]).toBe(3);
  });

  it('makes an entry by itself of all that it holds, and leaves another to be loaded later', async () => {
    const modules = {
      'index.js':
        "import { Counter } from './shared-a1b2c3d4.js';\nexport const one = () => new Counter();\nexport const later = () => import('./later.js');",
      'later.js': "import { Counter, size } from './shared-a1b2c3d4.js';\nexport const two = [new Counter(), size];",
      'shared-a1b2c3d4.js': SHARED,
    };
    const files = {
      ...(await made(modules, { apart: ['later'] })),
      ...(await made(modules, { entries: ['later'], apart: ['index'] })),
    };
    expect(Object.keys(files).toSorted()).toEqual(['index.js', 'later.js']);
    expect(files['index.js']).toMatch(/import\(["`]\.\/later\.js["`]\)/);
    const index = (await import(pathToFileURL(join(folder, 'to', 'index.js')).href)) as {
      one: () => { count: (at: number) => number };
      later: () => Promise<{ two: [{ used: number }, number] }>;
    };
    expect(index.one().count(1)).toBe(1);
    // A copy, which counts by itself.
    expect((await index.later()).two[0].used).toBe(0);
    expect((await index.later()).two[1]).toBe(3);
  });

  it('writes ASCII alone, and the strings, patterns and templates stay what they were', async () => {
    const texts = fc.array(fc.string({ unit: 'binary' }), { minLength: 1, maxLength: 50 });
    await fc.assert(
      fc.asyncProperty(texts, async (given) => {
        const { 'index.js': index = '' } = await made({
          'index.js': `export const texts = ${JSON.stringify(given)};\nexport const circle = (of) => [\`\u25cb \${of} \u{1f300}\`, /^[\u25cf\u25c6]$/u];`,
        });
        expect(index).toMatch(/^[\0-\x7f]*$/);
        const loaded = (await import(`data:text/javascript,${encodeURIComponent(index)}`)) as {
          texts: string[];
          circle: (of: number) => [string, RegExp];
        };
        expect(loaded.texts).toEqual(given);
        const [text, pattern] = loaded.circle(1);
        expect([text, pattern.test('\u25c6'), pattern.test('\u25cb')]).toEqual(['\u25cb 1 \u{1f300}', true, false]);
      }),
      { endOnFailure: true, numRuns: 20 },
    );
  });

  it('keeps licences, and puts its first line before all else', async () => {
    const files = await made(
      { 'index.js': '/*! (c) somebody */\nexport const value = Math.random();\n' },
      { firstLine: '// @bun\n' },
    );
    expect(files['index.js']).toMatch(/^\/\/ @bun\n\/\*! \(c\) somebody \*\//);
  });

  it('leaves outside what is no file of the bundle', async () => {
    const { 'index.js': index } = await made({
      'index.js': "import { join } from 'path';\nimport { trace } from '@opentelemetry/api';\nexport const both = [join, trace];",
    });
    expect(index).toContain('from"path"');
    expect(index).toContain('from"@opentelemetry/api"');
  });

  it('leaves `require` to whoever bundles it with an application', async () => {
    const { 'index.js': index } = await made({
      'index.js': `export const load = () => ${REQUIRE}('@opentelemetry/api').metrics;`,
    });
    expect(index).toMatch(/=>require\(["`]@opentelemetry\/api["`]\)/);
    expect(index).not.toContain('createRequire');
  });

  it('makes files of the same names of the same modules, wherever they are', async () => {
    const modules = { 'index.js': "export const later = () => import('./later-a1b2c3d4.js');", 'later-a1b2c3d4.js': SHARED };
    expect(await made(modules)).toEqual(await made(modules));
  });

  it('rejects what cannot be read', async () => {
    await expect(made({ 'index.js': 'var = ;' })).rejects.toThrow();
  });
});
