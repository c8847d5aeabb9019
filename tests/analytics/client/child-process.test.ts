import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AnalyticsChild } from '../../../analytics/client/child-process.ts';
import type { WindowBounds } from '../../../pipeline/analytics.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

/** More than the data segment of any Node needs. */
const BOUNDS: WindowBounds = { maxAgeMs: 60_000, maxRows: 1000, maxBytes: 1 << 20, memoryBytes: 1 << 30, maxScopes: 1 };
let folder: string;
const before = process.env['MALLOC_ARENA_MAX'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'periscope-child-'));
});
afterEach(() => {
  if (before === undefined) delete process.env['MALLOC_ARENA_MAX'];
  else process.env['MALLOC_ARENA_MAX'] = before;
  delete process.env['PERISCOPE_TEST_SECRET'];
  rmSync(folder, { recursive: true, force: true });
});

/** What a child started now finds in its environment. */
async function environment(): Promise<Record<string, string>> {
  const program = join(folder, 'child.mjs');
  writeFileSync(program, 'process.send(process.env, () => process.exit(0));');
  let seen: unknown;
  const events = {
    report: (report: unknown) => (seen ??= report),
    reply: () => {},
    ended: () => {},
  };
  const child = new AnalyticsChild(events, BOUNDS, program);
  await child.exited;
  return seen as Record<string, string>;
}

describe('the environment of the analytics process', () => {
  test('has nothing of ours but what it needs, and few heaps, whose freed memory is used again', async () => {
    delete process.env['MALLOC_ARENA_MAX'];
    process.env['PERISCOPE_TEST_SECRET'] = 'secret';
    const seen = await environment();
    expect(seen['PERISCOPE_TEST_SECRET']).toBeUndefined();
    expect(seen).toMatchObject({ TZ: 'UTC', MALLOC_ARENA_MAX: String(LIMITS.analyticsHeaps) });
  });

  test('has as many heaps as who started us wants', async () => {
    process.env['MALLOC_ARENA_MAX'] = '7';
    expect(await environment()).toMatchObject({ MALLOC_ARENA_MAX: '7' });
  });
});
