import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realDisk } from '../../../extensions/audit/disk.ts';
import { expired, type Retention } from '../../../extensions/audit/retention.ts';
import { segmentPath } from '../../../extensions/audit/segment.ts';

const DAY_S = 86_400;
const NOW_S = 1_800_000_000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Segments of 1,000 bytes, so many days old. */
async function segments(...days: number[]): Promise<void> {
  for (const [at, old] of days.entries()) {
    const path = segmentPath(folder, at + 1);
    await writeFile(path, Buffer.alloc(1000));
    await utimes(path, NOW_S - old * DAY_S, NOW_S - old * DAY_S);
  }
}

const decide = async (limits: Partial<Retention>, current = 99): Promise<[number, unknown] | undefined> => {
  const all = { max_segment_size: 1000, max_days: 0, max_total_size: 0, ...limits };
  const found = await expired(folder, realDisk, current, NOW_S * 1000, all);
  return found === undefined ? undefined : [found.through, found.draft.details?.['reason']];
};

test('without bounds nothing goes', async () => {
  await segments(500, 400, 1);
  expect(await decide({})).toBeUndefined();
});

test('what is older than max_days goes, oldest first and without a gap', async () => {
  await segments(500, 401, 399, 500, 1);
  expect(await decide({ max_days: 400 })).toEqual([2, 'max_days']);
});

test('what is over max_total_size goes, with room kept for the segment that begins', async () => {
  await segments(5, 4, 3, 2);
  expect(await decide({ max_total_size: 5000 })).toBeUndefined();
  expect(await decide({ max_total_size: 4999 })).toEqual([1, 'max_total_size']);
  expect(await decide({ max_total_size: 2000 })).toEqual([3, 'max_total_size']);
});

test('the segment that begins, and what follows it, never goes', async () => {
  await segments(500, 500, 500);
  expect(await decide({ max_days: 400 }, 3)).toEqual([2, 'max_days']);
});
