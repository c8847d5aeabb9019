import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { driftOf, generate, write } from '../../config/generate.ts';
import { REGISTRY, SECTIONS } from '../../config/registry.ts';

const repository = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const readmes = SECTIONS.flatMap((section) => REGISTRY[section].map(({ type }) => `${section}/${type}/README.md`));

describe('the generated files', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'periscope-generate-'));
    mkdirSync(join(root, 'pipeline'));
    cpSync(join(repository, 'pipeline/limits.ts'), join(root, 'pipeline/limits.ts'));
    for (const path of readmes) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), '# x\n\nprose\n\n<!-- options:start -->\nold\n<!-- options:end -->\n\nmore prose\n');
    }
    vi.spyOn(console, 'log').mockImplementation(() => {});
    vi.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(root, { recursive: true });
  });

  it('are written once and then are what the code says', () => {
    expect(driftOf(root)).toContain('config/schema.json');
    expect(write(root)).toBe(0);
    expect(driftOf(root)).toEqual([]);
    expect(existsSync(join(root, 'docs/reference/limits.md'))).toBe(true);
  });

  it('a change of one by hand is found', () => {
    write(root);
    writeFileSync(join(root, 'docs/reference/errors.md'), 'mine');
    expect(driftOf(root)).toEqual(['docs/reference/errors.md']);
  });

  it('keep the prose around an option table', () => {
    write(root);
    const text = readFileSync(join(root, 'extensions/health_check/README.md'), 'utf8');
    expect(text).toMatch(/^# x\n\nprose\n\n<!-- options:start -->\n\| option/);
    expect(text).toMatch(/<!-- options:end -->\n\nmore prose\n$/);
    expect(text).not.toContain('old');
  });

  it('a README without a place for its table is reported, the others are written', () => {
    writeFileSync(join(root, readmes[0] ?? ''), 'no markers');
    expect(generate(root).unmarked).toEqual([readmes[0]]);
    expect(write(root)).toBe(1);
    expect(driftOf(root)).toEqual([expect.stringContaining(readmes[0] ?? '')]);
  });
});
