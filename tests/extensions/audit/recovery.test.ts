import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CHECKPOINTS, segmentPath, segmentsIn } from '../../../extensions/audit/segment.ts';
import { change, openLog, recordsIn, verified, writeLog } from '../../support/audit-logs.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A log as a killed process leaves it: no stop, no checkpoint. */
async function killedLog(size: number, path: string = folder): Promise<Buffer> {
  const { log } = await openLog(path);
  for (let n = 0; n < size; n++) log.record(change(n));
  await log.record(change(size, { severity: 'CRITICAL' }));
  const bytes = await readFile(segmentPath(path, 1));
  await log.close(1000);
  await rm(join(path, CHECKPOINTS), { force: true });
  await writeFile(segmentPath(path, 1), bytes);
  return bytes;
}

test('a piece of a line that a killed process left, of any length, is cut off; the chain goes on and a record says so', async () => {
  const bytes = await killedLog(5);
  const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: lastLine, max: bytes.length - 1 }), async (length) => {
      await writeFile(segmentPath(folder, 1), bytes.subarray(0, length));
      await rm(join(folder, CHECKPOINTS), { force: true });
      await writeLog(folder, [change(99)]);
      const records = await recordsIn(folder);
      const recovered = records.find(({ action }) => action === 'recovered');
      expect(recovered).toMatchObject({ seq: 7, severity: 'WARN', details: { torn_bytes: length - lastLine, after_seq: 6 } });
      expect(await verified(folder)).toMatchObject({ ok: true, notes: [] });
    }),
    { numRuns: 25, endOnFailure: true },
  );
});

test('a process killed between two records is noted too, with nothing torn', async () => {
  await killedLog(3);
  await writeLog(folder, []);
  expect((await recordsIn(folder)).find(({ action }) => action === 'recovered')?.details).toEqual({
    torn_bytes: 0,
    after_seq: 5,
  });
});

test.each([0, 1, 100])('a process killed with %i bytes of its first line written begins anew', async (length) => {
  const bytes = await killedLog(1);
  await writeFile(segmentPath(folder, 1), bytes.subarray(0, length));
  await writeLog(folder, [change(1)]);
  expect((await recordsIn(folder)).map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
  expect(await verified(folder)).toMatchObject({ ok: true, notes: [] });
});

test.each([0, 50])('a process killed with %i bytes of a new segment written goes on in the one before', async (length) => {
  const bytes = await killedLog(2);
  await writeFile(segmentPath(folder, 2), bytes.subarray(0, length));
  await writeLog(folder, [change(1)]);
  expect(await segmentsIn(folder)).toEqual([1]);
  expect((await recordsIn(folder)).find(({ action }) => action === 'recovered')?.details).toMatchObject({ torn_bytes: length });
  expect(await verified(folder)).toMatchObject({ ok: true });
});

test('a record that was changed stays where it is; the log goes on behind a CRITICAL record, and verify still names it', async () => {
  await writeLog(folder, [change(1), change(2)]);
  const path = segmentPath(folder, 1);
  const text = (await readFile(path, 'utf8')).replace('"n":2', '"n":3');
  await writeFile(path, text);
  const { log, lines } = await openLog(folder);
  expect(lines).toMatchObject([
    { level: 'error', message: expect.stringContaining('chain_broken (segment segment-00000001.jsonl, line 4') },
  ]);
  await log.close(1000);
  expect(await readFile(path, 'utf8')).toBe(text);
  expect(await segmentsIn(folder)).toEqual([1, 2]);
  expect((await recordsIn(folder)).find(({ action }) => action === 'chain_broken')).toMatchObject({
    severity: 'CRITICAL',
    result: 'FAILURE',
  });
  expect((await verified(folder)).firstFault).toMatch(/^segment-00000001.jsonl line 4: record 3/);
});

test('a first line that was changed does not end the chain of the segments before', async () => {
  await writeLog(
    folder,
    Array.from({ length: 30 }, (_, n) => change(n)),
    { max_segment_size: 3000, batch_size: 5 },
  );
  const last = (await segmentsIn(folder)).at(-1)!;
  const path = segmentPath(folder, last);
  const text = await readFile(path, 'utf8');
  await writeFile(path, `x${text}`);
  await writeLog(folder, [change(1)]);
  const header = JSON.parse((await readFile(segmentPath(folder, last + 1), 'utf8')).split('\n')[0]!) as { seq: number };
  expect(header.seq).toBe((JSON.parse(text.split('\n')[0]!) as { seq: number }).seq);
  expect((await verified(folder)).firstFault).toContain(`segment-0000000${last}.jsonl line 1`);
});

test('a tail that a checkpoint vouches for and that is gone is found at the start', async () => {
  await writeLog(folder, [change(1), change(2)]);
  const path = segmentPath(folder, 1);
  const lines = (await readFile(path, 'utf8')).split('\n');
  await truncate(path, Buffer.byteLength(`${lines.slice(0, 3).join('\n')}\n`));
  const { log, lines: said } = await openLog(folder);
  await log.close(1000);
  expect(
    said.some(({ level, message }) => level === 'error' && message.includes('tail_missing (checkpoint_seq 4, found_seq 2)')),
  ).toBe(true);
  expect((await verified(folder)).ok).toBe(false);
});

test('a log that is gone while its checkpoints are there is begun anew, and that is said', async () => {
  await writeLog(folder, [change(1)]);
  await rm(segmentPath(folder, 1));
  await writeLog(folder, []);
  expect((await recordsIn(folder)).find(({ action }) => action === 'history_missing')).toMatchObject({
    severity: 'CRITICAL',
    details: { checkpoint_seq: 3 },
  });
  expect((await verified(folder)).ok).toBe(false);
});

test('a checkpoint that was cut off by a crash is none', async () => {
  await writeLog(folder, [change(1)]);
  await appendFile(join(folder, CHECKPOINTS), '{"stream":"x","segm');
  await writeLog(folder, [change(2)]);
  expect(await verified(folder)).toMatchObject({ ok: true, notes: [] });
});
