import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AuditEvent } from '../../../pipeline/audit.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { indexPath, segmentPath, segmentsIn } from '../../../extensions/audit/segment.ts';
import { change, eventually, openLog, recordsIn, verified, violation, writeLog } from '../../support/audit-logs.ts';
import { FaultyDisk } from '../../support/faulty-disk.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { countsOf, countsOfRecords } from '../../support/reference/audit-counts.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const actions = async (): Promise<string[]> => (await recordsIn(folder)).map(({ type, action }) => `${type} ${action}`);
const changes = async (): Promise<number> => (await recordsIn(folder)).filter(({ type }) => type === 'CONFIG_CHANGE').length;

describe('what is written, and when', () => {
  test('begins with its segment and its start, ends with its stop, and holds', async () => {
    await writeLog(folder, [change(1)]);
    expect(await actions()).toEqual(['LOG segment_opened', 'LOG started', 'CONFIG_CHANGE reloaded', 'LOG stopped']);
    expect((await recordsIn(folder)).map(({ seq }) => seq)).toEqual([0, 1, 2, 3]);
    expect(await verified(folder)).toMatchObject({ ok: true, records: 4, lastSeq: 3, anchoredSeq: 3, notes: [] });
  });

  test('goes on where it stopped, in the same segment', async () => {
    for (let run = 0; run < 3; run++) await writeLog(folder, [change(run)]);
    expect(await segmentsIn(folder)).toEqual([1]);
    expect((await recordsIn(folder)).map(({ seq }) => seq)).toEqual([...Array(10).keys()]);
    expect(await verified(folder)).toMatchObject({ ok: true, notes: [] });
  });

  test('records wait for a hundred others, or a second', async () => {
    const clock = new ManualClock();
    const { log } = await openLog(folder, {}, clock);
    for (let n = 0; n < 99; n++) log.record(change(n));
    await clock.advance(999);
    expect(await changes()).toBe(0);
    log.record(change(99));
    await eventually(async () => (await changes()) === 100);
    // A write under way takes along what comes meanwhile.
    await log.record(violation('10.0.0.1'));
    await settle();
    log.record(change(100));
    await clock.advance(999);
    expect(await changes()).toBe(100);
    await clock.advance(1);
    await eventually(async () => (await changes()) === 101);
    await log.close(1000);
  });

  test('a CRITICAL event is on the disk when its promise resolves, and takes along what waited', async () => {
    const disk = new FaultyDisk();
    const { log } = await openLog(folder, {}, new ManualClock(), disk);
    const before = disk.syncs;
    expect(log.record(change(1))).toBeUndefined();
    expect(await log.record(violation('10.0.0.1'))).toBeUndefined();
    expect(disk.syncs).toBe(before + 1);
    expect((await actions()).slice(-2)).toEqual(['CONFIG_CHANGE reloaded', 'SCOPE_VIOLATION scope_mismatch']);
    await log.close(1000);
  });

  test('CRITICAL events that come while the disk is busy share its next write', async () => {
    const disk = new FaultyDisk();
    const { log } = await openLog(folder, {}, new ManualClock(), disk);
    const before = disk.syncs;
    await Promise.all(Array.from({ length: 200 }, (_, n) => log.record(violation(`10.0.0.${n}`))));
    expect(disk.syncs - before).toBe(2);
    expect((await recordsIn(folder)).filter(({ type }) => type === 'SCOPE_VIOLATION')).toHaveLength(200);
    await log.close(1000);
  });

  test('of violations alike in a second only the first waits for the disk; the others are one count', async () => {
    const clock = new ManualClock();
    const { log } = await openLog(folder, {}, clock);
    await log.record(violation('10.0.0.1'));
    for (let n = 0; n < 9999; n++) expect(log.record(violation('10.0.0.1'))).toBeUndefined();
    await clock.advance(2000);
    const found = async () => (await recordsIn(folder)).filter(({ type }) => type === 'SCOPE_VIOLATION');
    await eventually(async () => (await found()).length === 2);
    expect((await found()).map(({ events, items }) => [events, items])).toEqual([
      [undefined, 3],
      [9999, 29_997],
    ]);
    // Counted when it is on the disk, which is later than when it can be read.
    await eventually(() => log.stats()['records'] === 4);
    expect(log.stats()).toEqual({
      events: 10_000,
      folded_events: 9999,
      records: 4,
      late_events: 0,
      lost_events: 0,
      write_errors: 0,
      checkpoint_errors: 0,
    });
    await log.close(1000);
    expect(log.stats()['records']).toBe((await recordsIn(folder)).length);
  });

  test('what was counted and not yet told is told at the stop', async () => {
    await writeLog(
      folder,
      Array.from({ length: 50 }, () => violation('10.0.0.1')),
    );
    const found = (await recordsIn(folder)).filter(({ type }) => type === 'SCOPE_VIOLATION');
    expect(found.map(({ events }) => events ?? 1)).toEqual([1, 49]);
  });

  test('a stopped log takes nothing, and stops twice', async () => {
    const { log } = await openLog(folder);
    await log.close(1000);
    await log.close(1000);
    expect(log.record(violation('10.0.0.1'))).toBeUndefined();
    expect((await actions()).filter((action) => action === 'LOG stopped')).toHaveLength(1);
  });

  test('whatever is recorded in whatever order, the log adds up to it and holds', async () => {
    const event = fc.record({
      type: fc.constantFrom('AUTH', 'SCOPE_VIOLATION', 'METRIC_MUTATION', 'CONFIG_CHANGE'),
      severity: fc.constantFrom('INFO', 'CRITICAL'),
      action: fc.constant('a'),
      result: fc.constant('FAILURE'),
      client: fc.constantFrom('10.0.0.1', '10.0.0.2'),
      items: fc.nat(9),
    }) as fc.Arbitrary<AuditEvent>;
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 300 }), fc.nat(2), async (events, restarts) => {
        const own = await mkdtemp(join(folder, 'run-'));
        const size = Math.ceil(events.length / (restarts + 1)) + 1;
        for (let run = 0; run <= restarts; run++)
          await writeLog(own, events.slice(run * size, (run + 1) * size), { max_segment_size: 4096 });
        expect(countsOfRecords(await recordsIn(own))).toEqual(countsOf(events));
        expect(await verified(own)).toMatchObject({ ok: true, notes: [] });
      }),
      { numRuns: 15, endOnFailure: true },
    );
  });
});

describe('segments', () => {
  test('are closed before they grow past their size, indexed, and chained to each other', async () => {
    await writeLog(
      folder,
      Array.from({ length: 300 }, (_, n) => change(n)),
      { max_segment_size: 8192, batch_size: 10 },
    );
    const segments = await segmentsIn(folder);
    expect(segments.length).toBeGreaterThan(5);
    for (const segment of segments.slice(0, -1)) {
      expect((await stat(segmentPath(folder, segment))).size).toBeLessThanOrEqual(8192);
      expect((await stat(indexPath(folder, segment))).size).toBeGreaterThan(0);
    }
    expect(await changes()).toBe(300);
    expect(await verified(folder)).toMatchObject({ ok: true, segments: segments.length, notes: [] });
  });

  test('are readable by their owner only', async () => {
    await writeLog(folder, [change(1)]);
    if (process.platform !== 'win32') expect((await stat(segmentPath(folder, 1))).mode & 0o077).toBe(0);
  });

  test('the oldest go when all are over the bound; a record said so before, and the rest holds', async () => {
    const settings = { max_segment_size: 4096, max_total_size: 16_384, batch_size: 5 };
    await writeLog(
      folder,
      Array.from({ length: 300 }, (_, n) => change(n)),
      settings,
    );
    const segments = await segmentsIn(folder);
    let bytes = 0;
    for (const segment of segments) bytes += (await stat(segmentPath(folder, segment))).size;
    expect(bytes).toBeLessThanOrEqual(16_384);
    expect(segments[0]).toBeGreaterThan(1);
    const last = (await recordsIn(folder)).findLast(({ action }) => action === 'deleted');
    expect(last?.details).toMatchObject({ through_segment: segments[0]! - 1, reason: 'max_total_size' });
    expect(await verified(folder)).toMatchObject({ ok: true, notes: [] });
  });
});

describe('a disk that fails', () => {
  test.each(['full', 'half'] as const)(
    '%s: what waits is written when it can be, once, and a record tells of it',
    async (fault) => {
      const clock = new ManualClock();
      const disk = new FaultyDisk();
      const { log, lines } = await openLog(folder, {}, clock, disk);
      log.record(change(0));
      disk.fault = fault;
      expect(await log.record(violation('10.0.0.1'))).toBeUndefined();
      expect(log.status()).toMatchObject({
        state: 'failed',
        message: expect.stringMatching(/ENOSPC.*2 records wait, 1 events were answered/),
      });
      expect(lines.filter(({ message }) => message.includes('cannot write the audit log: ENOSPC'))).not.toEqual([]);
      expect(await log.record(violation('10.0.0.2'))).toBeUndefined();
      expect(log.refusal()).toBeUndefined();
      // Each event is answered, and counted, once, however often its write fails.
      await clock.advance(LIMITS.auditRetryMs);
      await eventually(() => log.stats()['write_errors'] === 2);
      await settle();
      expect(log.status().message).toMatch(/3 records wait, 2 events were answered/);
      expect(log.stats()).toMatchObject({ events: 3, records: 2, late_events: 2, lost_events: 0, write_errors: 2 });
      disk.fault = 'none';
      await clock.advance(LIMITS.auditRetryMs);
      await eventually(() => log.status().state === 'ok');
      await log.close(1000);
      expect((await actions()).slice(2)).toEqual([
        'CONFIG_CHANGE reloaded',
        'SCOPE_VIOLATION scope_mismatch',
        'SCOPE_VIOLATION scope_mismatch',
        'LOG resumed',
        'LOG stopped',
      ]);
      expect((await recordsIn(folder)).find(({ action }) => action === 'resumed')).toMatchObject({
        severity: 'WARN',
        details: { late_events: 2 },
      });
      expect(await verified(folder)).toMatchObject({ ok: true, notes: [] });
    },
  );

  test('set to refuse: senders are refused until it can be written again', async () => {
    const clock = new ManualClock();
    const disk = new FaultyDisk();
    const { log } = await openLog(folder, { on_failure: 'refuse' }, clock, disk);
    disk.fault = 'full';
    const refusal = { ok: false, code: 'AUDIT_UNAVAILABLE', retryable: true, retryAfterMs: LIMITS.auditRetryMs };
    expect(await log.record(violation('10.0.0.1'))).toMatchObject(refusal);
    expect(log.refusal()).toMatchObject(refusal);
    expect(await log.record(violation('10.0.0.2'))).toMatchObject(refusal);
    disk.fault = 'none';
    await clock.advance(LIMITS.auditRetryMs);
    await eventually(() => log.refusal() === undefined);
    expect(await log.record(violation('10.0.0.3'))).toBeUndefined();
    await log.close(1000);
    expect(await verified(folder)).toMatchObject({ ok: true });
  });

  test('one that hangs counts as failing, and nobody waits for it longer than the limit', async () => {
    const clock = new ManualClock();
    const disk = new FaultyDisk();
    const { log } = await openLog(folder, { on_failure: 'refuse' }, clock, disk);
    disk.fault = 'hangs';
    const answer = log.record(violation('10.0.0.1'));
    await clock.advance(LIMITS.auditCommitMs);
    expect(await answer).toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(log.status().message).toContain('the disk does not answer');
    expect(log.stats()).toMatchObject({ late_events: 0, write_errors: 1 });
    disk.letGo();
    await eventually(() => log.status().state === 'ok');
    await log.close(1000);
    expect((await actions()).filter((action) => action.startsWith('SCOPE'))).toHaveLength(1);
    expect(await verified(folder)).toMatchObject({ ok: true });
  });

  test('what is over the bound of waiting records is lost, and a CRITICAL record says how much of what', async () => {
    const clock = new ManualClock();
    const disk = new FaultyDisk();
    const { log } = await openLog(folder, {}, clock, disk);
    disk.fault = 'full';
    await log.record(violation('10.0.0.1'));
    for (let n = 0; n < LIMITS.auditPending + 9; n++) log.record(change(n, { items: 2 }));
    expect(log.status().message).toContain(
      `${LIMITS.auditPending} records wait, 1 events were answered before they were written, 10 are lost`,
    );
    expect(log.stats()).toMatchObject({ events: LIMITS.auditPending + 10, late_events: 1, lost_events: 10 });
    disk.fault = 'none';
    await clock.advance(LIMITS.auditRetryMs);
    await eventually(() => log.status().state === 'ok');
    await log.close(10_000);
    const resumed = (await recordsIn(folder)).find(({ action }) => action === 'resumed');
    expect(resumed).toMatchObject({
      severity: 'CRITICAL',
      details: { lost_events_CONFIG_CHANGE: 10, lost_items_CONFIG_CHANGE: 20 },
    });
    expect(await changes()).toBe(LIMITS.auditPending - 1);
  });

  test('at a start is no reason not to start', async () => {
    const clock = new ManualClock();
    const disk = new FaultyDisk();
    disk.fault = 'full';
    const { log } = await openLog(folder, {}, clock, disk);
    expect(log.status().state).toBe('failed');
    disk.fault = 'none';
    await clock.advance(LIMITS.auditRetryMs);
    await eventually(() => log.status().state === 'ok');
    await log.close(1000);
    expect(await actions()).toEqual(['LOG segment_opened', 'LOG started', 'LOG resumed', 'LOG stopped']);
  });

  test('to the end: the stop keeps to its deadline and says how much is lost', async () => {
    const clock = new ManualClock();
    const disk = new FaultyDisk();
    const { log, lines } = await openLog(folder, {}, clock, disk);
    log.record(change(1));
    disk.fault = 'hangs';
    await clock.until(log.close(1000));
    expect(lines.at(-1)).toMatchObject({ level: 'error', message: expect.stringContaining('2 records are lost') });
    disk.letGo();
    // It ends in its own time, and is whole then.
    await eventually(async () => (await verified(folder)).anchoredSeq === 3);
  });
});
