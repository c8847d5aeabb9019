import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../support/tree.ts';

const PAGE = join(ROOT, 'dist/server/page');
const BYTES_MAX = 200_000;

describe.skipIf(!existsSync(PAGE))('the built page', () => {
  const files = existsSync(PAGE)
    ? readdirSync(PAGE, { recursive: true, withFileTypes: true }).flatMap((entry) =>
        entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
      )
    : [];

  it(`has at most ${BYTES_MAX} bytes, gzipped, all of it`, () => {
    const total = files.reduce((sum, path) => sum + gzipSync(readFileSync(path), { level: 9 }).length, 0);
    expect(total).toBeLessThanOrEqual(BYTES_MAX);
  });

  it('has no script, style or handler in its document, and names no other origin', () => {
    const html = readFileSync(join(PAGE, 'index.html'), 'utf8');
    expect(html).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|https?:/i);
  });

  it('brings the editor in a file of its own, which only the SQL page asks for', () => {
    const names = files.map((path) => path.slice(PAGE.length + 1));
    expect(names.filter((name) => /^assets\/editor-.*\.js$/.test(name))).toHaveLength(1);
    expect(readFileSync(join(PAGE, 'index.html'), 'utf8')).not.toContain('editor');
  });
});
