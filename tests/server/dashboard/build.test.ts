import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gzippedBytes, PAGE, pageFiles } from '../../../bench/page/page-size.ts';

const BYTES_MAX = 200_000;

const files = pageFiles();

describe.skipIf(files.length === 0)('the built page', () => {
  it(`has at most ${BYTES_MAX} bytes, gzipped, all of it`, () => {
    expect(gzippedBytes(files)).toBeLessThanOrEqual(BYTES_MAX);
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
