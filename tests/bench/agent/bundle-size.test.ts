import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadedBytes } from '../../../bench/agent/bundle-size.ts';

test('what an app loads is an entry and the files that it imports, each once, without those that are imported by a call', () => {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-bundle-size-'));
  const files = {
    'index.js': 'import{a}from"./a.js";import"node:fs";const later=()=>import("./later.js");',
    'a.js': 'export * from \'./b.js\';import "./index.js";',
    'b.js': 'export const é = 1;',
    'later.js': 'never loaded',
  };
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const expected = [files['index.js'], files['a.js'], files['b.js']].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(loadedBytes(join(folder, 'index.js'))).toBe(expected);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
