import { generateKeyPairSync } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHAIN_START, seal } from '../../../extensions/audit/chain.ts';
import { checkpointLine, signerOf, type Checkpoint } from '../../../extensions/audit/checkpoint.ts';
import { checkpointsIn } from '../../../extensions/audit/recovery.ts';
import { CHECKPOINTS, indexPath, segmentPath, segmentsIn } from '../../../extensions/audit/segment.ts';
import { verifyLog } from '../../../extensions/audit/verify.ts';
import { change, FINGERPRINT, KEYS, openLog, verified, writeLog } from '../../support/audit-logs.ts';

let folder: string;
let copies: Checkpoint[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
  await writeLog(
    folder,
    Array.from({ length: 40 }, (_, n) => change(n)),
    { max_segment_size: 3000, batch_size: 5 },
  );
  copies = await checkpointsIn(folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const linesOf = async (segment: number): Promise<string[]> =>
  (await readFile(segmentPath(folder, segment), 'utf8')).split('\n').slice(0, -1);
const setLines = (segment: number, lines: readonly string[]): Promise<void> =>
  writeFile(segmentPath(folder, segment), lines.map((line) => `${line}\n`).join(''));
const firstFault = async (): Promise<string | undefined> => (await verified(folder)).firstFault;
const seqOf = (line: string): number => (JSON.parse(line) as { seq: number }).seq;
const last = async (): Promise<number> => (await segmentsIn(folder)).at(-1)!;

test('a log that nobody touched is as it was written', async () => {
  expect(await last()).toBe(4);
  expect(await verified(folder)).toMatchObject({ ok: true, firstFault: undefined, notes: [], records: 42 + (await last()) });
});

describe('the first bad record is named', () => {
  test('when any one byte of any segment is another', async () => {
    const segments = await segmentsIn(folder);
    const wholes = await Promise.all(segments.map((segment) => readFile(segmentPath(folder, segment))));
    await fc.assert(
      fc.asyncProperty(fc.nat(segments.length - 1), fc.nat(), fc.integer({ min: 1, max: 255 }), async (which, at, flip) => {
        const whole = wholes[which]!;
        const place = at % whole.length;
        const changed = Buffer.from(whole);
        changed[place]! ^= flip;
        await writeFile(segmentPath(folder, segments[which]!), changed);
        const report = await verified(folder);
        await writeFile(segmentPath(folder, segments[which]!), whole);
        const line = whole.subarray(0, place).filter((byte) => byte === 10).length + 1;
        const seq = seqOf(whole.toString().split('\n')[line - 1]!);
        expect(report.ok).toBe(false);
        expect(report.firstFault).toMatch(new RegExp(`segment-0*${segments[which]}\\.jsonl line ${line}: `));
        if (line > 1) expect(report.firstFault).toContain(`record ${seq}`);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  test('when one is deleted', async () => {
    const lines = await linesOf(2);
    await setLines(2, lines.toSpliced(3, 1));
    const seq = seqOf(lines[3]!);
    expect(await firstFault()).toBe(
      `segment-00000002.jsonl line 4: record ${seq}: record ${seq} is missing or stand elsewhere: record ${seq + 1} comes next`,
    );
  });

  test('when one is put in, also with a hash that fits what stands before it', async () => {
    const lines = await linesOf(2);
    const before = JSON.parse(lines[2]!) as { seq: number; hash: string };
    const draft = { type: 'AUTH', severity: 'INFO', action: 'forged', result: 'SUCCESS', atMs: Date.now() } as const;
    const forged = seal(draft, before).line.toString().trimEnd();
    await setLines(2, lines.toSpliced(3, 0, forged));
    const seq = seqOf(lines[3]!);
    expect(await firstFault()).toMatch(
      new RegExp(`^segment-00000002.jsonl line 5: record ${seq + 1}: record ${seq} stands where record ${seq + 1} belongs`),
    );
    await setLines(2, lines.toSpliced(3, 0, lines[1]!));
    expect(await firstFault()).toMatch(/line 4: record \d+: record \d+ stands where record \d+ belongs: it was put in/);
  });

  test('when two change places', async () => {
    const lines = await linesOf(3);
    await setLines(3, [...lines.slice(0, 2), lines[3]!, lines[2]!, ...lines.slice(4)]);
    const seq = seqOf(lines[2]!);
    expect(await firstFault()).toMatch(new RegExp(`^segment-00000003.jsonl line 3: record ${seq}: `));
  });

  test('when the first line of a segment is gone', async () => {
    await setLines(2, (await linesOf(2)).slice(1));
    expect(await firstFault()).toMatch(/^segment-00000002.jsonl line 1: .*opens no segment/);
  });

  test('when two segments change places', async () => {
    const [second, third] = await Promise.all([linesOf(2), linesOf(3)]);
    await setLines(2, third);
    await setLines(3, second);
    expect(await firstFault()).toMatch(/^segment-00000002.jsonl line 1: the file holds segment 3: segments were swapped/);
  });

  test('when a segment of another log stands in', async () => {
    const other = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
    try {
      await writeLog(
        other,
        Array.from({ length: 40 }, (_, n) => change(n)),
        { max_segment_size: 3000, batch_size: 5 },
      );
      await copyFile(segmentPath(other, 2), segmentPath(folder, 2));
      expect(await firstFault()).toMatch(/^segment-00000002.jsonl line 1: it belongs to another log/);
    } finally {
      await rm(other, { recursive: true });
    }
  });

  test('when a segment is gone, from the middle or the beginning', async () => {
    const away = join(folder, 'away');
    await rename(segmentPath(folder, 3), away);
    expect(await firstFault()).toBe('segment-00000003.jsonl: the segment is missing');
    await rename(away, segmentPath(folder, 3));
    await rm(segmentPath(folder, 1));
    expect(await firstFault()).toBe('segment-00000001.jsonl: the segment is missing, and no record says that it was deleted');
  });
});

describe('a tail that is gone', () => {
  test('shows in the middle of a record', async () => {
    const path = segmentPath(folder, await last());
    const bytes = await readFile(path);
    await truncate(path, bytes.length - 10);
    expect(await firstFault()).toMatch(
      /only \d+ bytes of it are there: the process was killed while it wrote, or the tail was cut off$/,
    );
  });

  test('shows at a record, by the checkpoint that vouches for what followed', async () => {
    const lines = await linesOf(await last());
    await setLines(await last(), lines.slice(0, -2));
    const seq = seqOf(lines.at(-2)!);
    expect(await firstFault()).toMatch(
      new RegExp(`^record ${seq}: the log ends before it, but the checkpoint of .* signed record ${seq + 1} `),
    );
  });

  test('shows when it is the whole last segment, or everything', async () => {
    await rm(segmentPath(folder, await last()));
    expect(await firstFault()).toMatch(/the tail or the last segment is gone$/);
    for (const segment of await segmentsIn(folder)) await rm(segmentPath(folder, segment));
    expect(await firstFault()).toMatch(/^record 0: the log ends before it/);
  });

  test('shows by a copy of a checkpoint when those in the folder are gone too', async () => {
    await rm(segmentPath(folder, await last()));
    const own = copies.filter(({ segment }) => segment < copies.at(-1)!.segment);
    await writeFile(join(folder, CHECKPOINTS), own.map(checkpointLine).join(''));
    expect(await verified(folder)).toMatchObject({ ok: true });
    const report = await verifyLog(folder, { publicKey: KEYS.publicKey, fingerprint: FINGERPRINT, checkpoints: copies });
    expect(report.firstFault).toMatch(/the tail or the last segment is gone$/);
  });

  test('of a process that was killed is noted, as is what no checkpoint vouches for', async () => {
    const other = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
    try {
      const { log } = await openLog(other);
      await log.record(change(1, { severity: 'CRITICAL' }));
      const { ok, notes } = await verified(other);
      expect([ok, notes.length]).toEqual([true, 2]);
      expect(notes[0]).toContain('the process was killed, or the tail was cut off at a record');
      expect(notes[1]).toContain('no checkpoint signs records 0 to 2');
      await log.close(1000);
    } finally {
      await rm(other, { recursive: true });
    }
  });
});

describe('a chain that was rewritten whole', () => {
  /** What somebody does who knows how hashes are made, but has not the key. */
  async function rewrite(): Promise<void> {
    let end = CHAIN_START;
    for (const segment of await segmentsIn(folder)) {
      const lines = await linesOf(segment);
      const forged = lines.map((line) => {
        const {
          seq: _,
          hash: __,
          time,
          from: ___,
          details = {},
          ...record
        } = JSON.parse(line) as Record<string, never> & { time: string };
        const previous = { ...(details as object), ...('previous' in (details as object) && { previous: end.hash }) };
        const changed = { ...previous, ...('n' in (details as object) && (details as { n: number }).n >= 7 && { n: 99 }) };
        const sealed = seal(
          { ...(record as unknown as ReturnType<typeof change>), details: changed, atMs: Date.parse(time) },
          end,
        );
        end = sealed.end;
        return sealed.line.toString().trimEnd();
      });
      await setLines(segment, forged);
    }
  }

  test('does not fit the checkpoints, and cannot be given new ones', async () => {
    await rewrite();
    const report = await verified(folder);
    expect(report.firstFault).toMatch(
      /it has another hash than the checkpoint of .* signed: it or a record before it was rewritten/,
    );
    const stranger = signerOf(generateKeyPairSync('ed25519').privateKey);
    const { key: _, signature: __, ...content } = copies[0]!;
    await writeFile(join(folder, CHECKPOINTS), checkpointLine(stranger.sign(content)));
    expect(await firstFault()).toMatch(/it was signed by another key/);
    await writeFile(join(folder, CHECKPOINTS), checkpointLine({ ...copies[0]!, hash: 'f'.repeat(64) }));
    expect(await firstFault()).toMatch(/its signature is wrong: it was changed$/);
  });
});

test('a checkpoint of another log is no proof for this one', async () => {
  const { key: _, signature: __, ...content } = copies[0]!;
  const foreign = signerOf(KEYS.privateKey).sign({ ...content, stream: 'another' });
  const report = await verifyLog(folder, { publicKey: KEYS.publicKey, fingerprint: FINGERPRINT, checkpoints: [foreign] });
  expect(report.firstFault).toContain('it belongs to another log (another)');
});

test('an index that does not fit its segment may hide records, and is noted', async () => {
  const bytes = await readFile(indexPath(folder, 1));
  bytes[bytes.length - 8]! ^= 1;
  await writeFile(indexPath(folder, 1), bytes);
  expect(await verified(folder)).toMatchObject({
    ok: true,
    notes: [expect.stringContaining('the indexes of segment-00000001.jsonl do not fit')],
  });
});
