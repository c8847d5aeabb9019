import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AuditRecord } from '../../../extensions/audit/record.ts';
import { searchLog, type Query } from '../../../extensions/audit/search.ts';
import { indexPath, segmentPath, segmentsIn } from '../../../extensions/audit/segment.ts';
import { decodeIndex, encodeIndex, IndexBuilder } from '../../../extensions/audit/segment-index.ts';
import { scanSegment } from '../../../extensions/audit/segment-scan.ts';
import { AUDIT_SEVERITIES, AUDIT_TYPES, type AuditEvent } from '../../../pipeline/audit.ts';
import { change, openLog, recordsIn, writeLog } from '../../support/audit-logs.ts';
import { ManualClock } from '../../support/manual-clock.ts';

let folder: string;
let all: AuditRecord[];
let times: number[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
  const clock = new ManualClock();
  const { log } = await openLog(folder, { max_segment_size: 12_000, batch_size: 20 }, clock);
  for (let n = 0; n < 400; n++) {
    log.record(eventOf(n));
    if (n % 7 === 0) await clock.advance(1500);
  }
  await log.close(10_000);
  all = await recordsIn(folder);
  times = all.map(({ time }) => Date.parse(time));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function eventOf(n: number): AuditEvent {
  return {
    type: AUDIT_TYPES[n % 5]!,
    severity: AUDIT_SEVERITIES[(n * 7) % 4]!,
    action: 'a',
    result: 'SUCCESS',
    ...(n % 3 > 0 && { scope: ['A', 'B', 'C'][n % 3]! }),
    ...(n % 4 > 0 && { client: `10.0.0.${n % 11}` }),
    ...(n % 2 > 0 && { user: `user ${n % 5}` }),
    items: n,
  };
}

/** Reads every record and compares every field: the naive twin. */
function naive(query: Query): AuditRecord[] {
  return all.filter((record) => {
    const atMs = Date.parse(record.time);
    return (
      (query.scope === undefined || record.scope === query.scope) &&
      (query.type === undefined || record.type === query.type) &&
      (query.client === undefined || record.client === query.client) &&
      (query.user === undefined || record.user === query.user) &&
      (query.severity === undefined || AUDIT_SEVERITIES.indexOf(record.severity) >= AUDIT_SEVERITIES.indexOf(query.severity)) &&
      (query.sinceMs === undefined || atMs >= query.sinceMs) &&
      (query.untilMs === undefined || atMs < query.untilMs)
    );
  });
}

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined });
const queries = () =>
  fc.record({
    scope: maybe(fc.constantFrom('A', 'B', 'C', 'none')),
    type: maybe(fc.constantFrom(...AUDIT_TYPES, 'LOG' as const)),
    client: maybe(fc.constantFrom('10.0.0.1', '10.0.0.7', '::ffff:10.0.0.7', 'none')),
    user: maybe(fc.constantFrom('user 1', 'none')),
    severity: maybe(fc.constantFrom(...AUDIT_SEVERITIES)),
    sinceMs: maybe(fc.nat(times.length - 1).map((at) => times[at]!)),
    untilMs: maybe(fc.nat(times.length - 1).map((at) => times[at]!)),
  });

describe('a search', () => {
  test('finds what reading everything finds, and counts it', async () => {
    expect((await segmentsIn(folder)).length).toBeGreaterThan(3);
    await fc.assert(
      fc.asyncProperty(queries(), fc.nat(20), async (query, limit) => {
        const expected = naive({ ...query, client: query.client?.replace('::ffff:', '') });
        const found = await searchLog(folder, query, limit);
        expect(found.records).toEqual(limit === 0 ? [] : expected.slice(-limit));
        expect([found.matches, found.searched]).toEqual([expected.length, all.length]);
        expect(found.events).toBe(expected.reduce((sum, { events }) => sum + (events ?? 1), 0));
        expect(found.items).toBe(expected.reduce((sum, { items }) => sum + (items ?? 0), 0));
      }),
      { numRuns: 200, endOnFailure: true },
    );
  });

  test('needs no index, and believes no torn one', async () => {
    const copy = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
    try {
      await cp(folder, copy, { recursive: true });
      await rm(indexPath(copy, 1));
      await truncate(indexPath(copy, 2), 100);
      expect(await searchLog(copy, { scope: 'B' }, 1000)).toEqual(await searchLog(folder, { scope: 'B' }, 1000));
    } finally {
      await rm(copy, { recursive: true });
    }
  });

  test('believes no index of a segment that was written on, as after a crash between the index and the next segment', async () => {
    const own = await mkdtemp(join(tmpdir(), 'periscope-audit-'));
    try {
      await writeLog(own, [change(1)]);
      const bytes = await readFile(segmentPath(own, 1));
      const builder = new IndexBuilder();
      scanSegment(bytes, undefined, (record, offset) => builder.add(record, offset));
      await writeFile(indexPath(own, 1), encodeIndex(builder.build(bytes.length)));
      expect((await searchLog(own, { type: 'CONFIG_CHANGE' }, 10)).matches).toBe(1);
      await writeLog(own, [change(2)]);
      expect((await searchLog(own, { type: 'CONFIG_CHANGE' }, 10)).matches).toBe(2);
    } finally {
      await rm(own, { recursive: true });
    }
  });

  test('of a folder that is not there rejects', async () => {
    await expect(searchLog(join(folder, 'none'), {}, 1)).rejects.toThrow(/ENOENT/);
  });
});

describe('an index', () => {
  test('that was written reads back, wherever its bytes lie, and is what its segment gives', async () => {
    for (const segment of (await segmentsIn(folder)).slice(0, -1)) {
      const written = await readFile(indexPath(folder, segment));
      const builder = new IndexBuilder();
      const bytes = await readFile(segmentPath(folder, segment));
      scanSegment(bytes, undefined, (record, offset) => builder.add(record, offset));
      const index = builder.build(bytes.length);
      expect(encodeIndex(index).equals(written)).toBe(true);
      for (const shift of [0, 1, 8]) {
        const moved = Buffer.concat([Buffer.alloc(shift), written]).subarray(shift);
        expect(decodeIndex(moved)).toEqual(index);
      }
    }
  });

  test('that is cut off anywhere, or is something else, is none', async () => {
    const bytes = await readFile(indexPath(folder, 1));
    fc.assert(
      fc.property(fc.nat(bytes.length - 9), (length) => {
        expect(decodeIndex(bytes.subarray(0, length))).toBeUndefined();
      }),
      { endOnFailure: true },
    );
    expect(decodeIndex(Buffer.from('something else entirely'))).toBeUndefined();
  });
});
