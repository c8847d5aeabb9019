import { chmodSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { AuditTrail } from '../../../pipeline/audit.ts';
import type { Permission, Principal } from '../../../pipeline/auth.ts';
import { compress } from '../../../pipeline/compression/compress.ts';
import type { Context, Outcome, Receiver } from '../../../pipeline/component.ts';
import { IngestPoints } from '../../../pipeline/ingest.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { masterPerf } from '../../../receivers/master_perf/index.ts';
import { create } from '../../../receivers/master_perf/master_perf.ts';
import { quietContext } from '../../support/contexts.ts';
import { attributeOf, itemsOf } from '../../support/items.ts';
import { ManualClock, settle } from '../../support/manual-clock.ts';
import { RecordingIntake } from '../../support/recording-intake.ts';
import { decode } from '../../support/reference/otlp.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const running: Receiver[] = [];
afterEach(async () => {
  for (const receiver of running.splice(0)) await receiver.stop(0);
});

const METRIC = { category: 'R2', type: 'performance', topic: 'GetObject', subCat: 'Latency', id: 'r2.get', value: '12.34ms' };

async function start(options: object = { collection_interval: '0s' }, intake = new RecordingIntake()) {
  const clock = new ManualClock();
  const ingest = new IngestPoints();
  const quiet = quietContext(clock);
  const host = { audit: new AuditTrail(), ingest, storage: { directory: folder() } } as unknown as Context['host'];
  const receiver = create(masterPerf.config.parse(options), { ...quiet, host });
  running.push(receiver);
  await receiver.start(intake);
  const take = (values: readonly unknown[], scopes: readonly string[] = ['A'], chosen = '') => {
    const principal: Principal = { subject: 'agent', scopes, permissions: new Set<Permission>(['ingest']), method: 'token' };
    return ingest.find('master_perf')!.take(values, { principal, chosen, remoteAddress: '127.0.0.1' });
  };
  const records = () =>
    intake.batches.flatMap(({ scope, segments }) =>
      itemsOf('logs', decode('logs', segments)).map((item) => ({ scope, ...item })),
    );
  return { receiver, intake, take, records, clock, ingest, directory: host.storage.directory };
}

describe('rows that are brought', () => {
  it('become log records of the sender’s scope', async () => {
    const { take, records, intake } = await start();
    expect(await take([METRIC, { ...METRIC, id: 'r2.put', properties: { scope: 'A' } }])).toEqual({
      ok: true,
      accepted: 2,
      rejected: [],
    });
    expect(
      records().map(({ scope, item, resource }) => [
        scope,
        attributeOf(resource, 'periscope.scope'),
        attributeOf(item, 'perf.id'),
      ]),
    ).toEqual([
      ['A', 'A', 'r2.get'],
      ['A', 'A', 'r2.put'],
    ]);
    expect([intake.heldBytes, intake.underWay]).toEqual([0, 0]);
  });

  it('of another scope are rejected by name, the others taken', async () => {
    const { take, records } = await start();
    const rows = ['A', 'B', 'A', 'B'].map((scope, i) => ({ ...METRIC, id: `row${i}`, properties: { scope } }));
    const outcome = await take(rows);
    expect(outcome).toMatchObject({ ok: true, accepted: 2, rejected: [{ rows: [1, 3], items: 2, reason: 'scope_mismatch' }] });
    expect(records().map(({ item }) => attributeOf(item, 'perf.id'))).toEqual(['row0', 'row2']);
  });

  it('that contradict themselves are rejected', async () => {
    const { take, records } = await start();
    const torn = { ...METRIC, properties: { scope: 'A', 'periscope.scope': 'B' } };
    expect(await take([METRIC, torn])).toMatchObject({ accepted: 1, rejected: [{ rows: [1], reason: 'scope_mismatch' }] });
    expect(records()).toHaveLength(1);
  });

  it('of a gateway each say their scope, or the header does', async () => {
    const { take, records } = await start();
    const rows = [METRIC, { ...METRIC, properties: { scope: 'B' } }];
    expect(await take(rows, ['A', 'B'])).toMatchObject({ accepted: 1, rejected: [{ rows: [0], reason: 'scope_missing' }] });
    expect(await take([METRIC], ['A', 'B'], 'A')).toEqual({ ok: true, accepted: 1, rejected: [] });
    expect(records().map(({ scope }) => scope)).toEqual(['B', 'A']);
    expect(await take([METRIC], ['A', 'B'], 'C')).toMatchObject({ ok: false, code: 'SCOPE_FORBIDDEN' });
  });

  it('are for the scope of the receiver, where it has one', async () => {
    const { take } = await start({ collection_interval: '0s', scope: 'A' });
    expect(await take([METRIC], ['A', 'B'])).toMatchObject({ accepted: 1 });
    expect(await take([METRIC], ['B'])).toMatchObject({ ok: false, code: 'SCOPE_FORBIDDEN' });
  });

  it('that are none are named, and do not keep the others out', async () => {
    const { take } = await start();
    expect(await take([7, METRIC, { ...METRIC, category: '' }])).toMatchObject({
      accepted: 1,
      rejected: [
        { rows: [0], items: 1, reason: 'invalid', message: 'cannot accept the metric: it is no object' },
        { rows: [2], items: 1, reason: 'invalid', message: 'cannot accept the metric: category is missing' },
      ],
    });
  });

  it('are judged by the rules of mode reject, where that is set', async () => {
    const { take } = await start({ collection_interval: '0s', mode: 'reject' });
    expect(await take([{ ...METRIC, properties: { 'a b': '1' } }])).toMatchObject({ accepted: 0, rejected: [{ rows: [0] }] });
  });

  it('are refused as a whole when there is no room, no memory, no pipeline or too many of them', async () => {
    const intake = new RecordingIntake();
    const { take } = await start(undefined, intake);
    const full: Outcome = { ok: false, code: 'QUEUE_FULL', retryable: true, message: 'cannot queue' };
    intake.outcome = () => full;
    expect(await take([METRIC])).toEqual(full);
    intake.outcome = () => ({ ok: true });
    intake.limitBytes = 10;
    expect(await take([METRIC])).toMatchObject({ code: 'MEMORY_LIMIT' });
    intake.limitBytes = Infinity;
    intake.beginning = { ok: false, code: 'RATE_LIMITED', retryable: true, message: 'cannot take more' };
    expect(await take([METRIC])).toMatchObject({ code: 'RATE_LIMITED' });
    intake.beginning = undefined;
    expect(await take(Array.from({ length: LIMITS.perfRows + 1 }, () => METRIC))).toMatchObject({ code: 'BODY_TOO_LARGE' });
    intake.signals = ['metrics'];
    expect(await take([METRIC])).toMatchObject({ code: 'NOT_FOUND' });
    expect([intake.heldBytes, intake.underWay]).toEqual([0, 0]);
  });

  it('find nobody after a stop, which waits for those under way', async () => {
    const { take, intake, receiver, ingest } = await start();
    let settleOne: (outcome: Outcome) => void = () => {};
    intake.outcome = () => new Promise((resolve) => (settleOne = resolve));
    const answer = take([METRIC]);
    await settle();
    const stopped = receiver.stop(0);
    expect(ingest.find('master_perf')).toBeUndefined();
    settleOne({ ok: true });
    await stopped;
    expect(await answer).toMatchObject({ accepted: 1 });
    await receiver.stop(0);
  });
});

describe('rows of the process itself', () => {
  it('are made at the start and every interval, of the scope it runs as', async () => {
    const { records, clock } = await start({});
    compress('zstd', [Buffer.alloc(10_000)]);
    await clock.advance(0);
    const first = records();
    expect(new Set(first.map(({ scope }) => scope))).toEqual(new Set(['TEST']));
    const value = (id: string): string | undefined =>
      attributeOf(first.find(({ item }) => attributeOf(item, 'perf.id') === id)?.item, 'perf.value');
    expect(value('rss')).toMatch(/^\d+\.\d MiB$/);
    expect(value('utilization')).toMatch(/^\d+\.\d%$/);
    expect(value('audit')).toBe('DISABLED');
    expect(Number.parseFloat(value('compress.zstd') ?? '')).toBeGreaterThan(10);
    await clock.advance(10_000);
    expect(records().length).toBe(2 * first.length);
  });

  it('say what is so: a folder that others can read is not hardened', async () => {
    const { records, clock, directory } = await start({ sources: ['security'] });
    await clock.advance(0);
    chmodSync(directory, 0o755);
    await clock.advance(10_000);
    chmodSync(directory, 0o700);
    const rows = records().filter(({ item }) => attributeOf(item, 'perf.topic') === 'Path Hardening');
    expect(rows.map(({ item }) => attributeOf(item, 'perf.value'))).toEqual(['ENABLED', 'DISABLED']);
  });

  it('are not made where nobody wants them', async () => {
    const { records, clock } = await start({ sources: [] });
    await clock.advance(60_000);
    expect(records()).toEqual([]);
  });
});
