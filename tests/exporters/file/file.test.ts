import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, open, readdir, readFile, readlink, rm, statfs, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { config } from '../../../exporters/file/config.ts';
import { create } from '../../../exporters/file/file.ts';
import { fileExporter } from '../../../exporters/file/index.ts';
import { recordOf } from '../../../exporters/file/record.ts';
import { endsWhole } from '../../../exporters/file/tail.ts';
import type { Clock } from '../../../pipeline/clock.ts';
import type { Exporter, Outcome } from '../../../pipeline/component.ts';
import { decompress } from '../../../pipeline/compression/decompress.ts';
import { StartError } from '../../../pipeline/errors.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { jsonToProtobuf } from '../../../pipeline/otlp/json-to-protobuf.ts';
import { quietContext } from '../../support/contexts.ts';
import { protobufOf, scopedBatch, scopedBatchOf } from '../../support/scoped-batches.ts';

const never = new AbortController().signal;
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function folderOf(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'periscope-file-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
async function exporterOf(options: Record<string, unknown>, context = quietContext()): Promise<Exporter> {
  const exporter = create(config.parse(options), context);
  await exporter.start();
  closing.push(() => exporter.stop(1000));
  return exporter;
}
const log = (text: string): object => ({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: text } }] }] }] });
const send = (exporter: Exporter, text: string, scope = 'TEST', signal = never): Promise<Outcome> =>
  exporter.send(scopedBatchOf('logs', log(text), 1, scope), signal);

/** The body text of every line. */
async function textsIn(path: string): Promise<string[]> {
  const lines = (await readFile(path, 'utf8')).split('\n');
  expect(lines.pop()).toBe('');
  return lines.map(
    (line) =>
      (JSON.parse(line) as { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: string } }] }] }] })
        .resourceLogs[0].scopeLogs[0].logRecords[0].body.stringValue,
  );
}
function recordsIn(bytes: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    records.push(bytes.subarray(at + 4, at + 4 + length));
    expect(at + 4 + length).toBeLessThanOrEqual(bytes.length);
    at += 4 + length;
  }
  return records;
}

describe('formats', () => {
  test('json is one request per line, also where a value holds a newline', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, 'out.jsonl') });
    for (const text of ['one', 'two\nlines', 'three']) expect(await send(exporter, text)).toEqual({ ok: true });
    expect(await textsIn(join(folder, 'out.TEST.jsonl'))).toEqual(['one', 'two\nlines', 'three']);
  });

  test.each([
    ['proto', 'none'],
    ['proto', 'gzip'],
    ['proto', 'zstd'],
    ['json', 'gzip'],
    ['json', 'zstd'],
  ] as const)('%s with %s is a record behind its length', async (format, compression) => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, 'out.bin'), format, compression });
    for (const text of ['one', 'two']) await send(exporter, text);
    const records = recordsIn(await readFile(join(folder, 'out.TEST.bin'))).map(
      (record) => decompress(compression === 'none' ? '' : compression, record, 1 << 20) as Uint8Array,
    );
    const requests = format === 'proto' ? records : records.map((record) => jsonToProtobuf('logs', record) as Uint8Array);
    expect(requests.map((each) => Buffer.from(each))).toEqual(
      ['one', 'two'].map((text) => Buffer.from(protobufOf('logs', log(text)))),
    );
  });

  test('thousands of segments are one record', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, 'out.bin'), format: 'proto' });
    const segments = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(5, i));
    expect(await exporter.send(scopedBatch('logs', segments, 1), never)).toEqual({ ok: true });
    expect(recordsIn(await readFile(join(folder, 'out.TEST.bin')))[0]).toEqual(Buffer.concat(segments));
  });

  test('bytes are counted', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, 'out.jsonl') });
    await send(exporter, 'one');
    expect(exporter.stats?.()).toEqual({ bytesOut: (await readFile(join(folder, 'out.TEST.jsonl'))).length });
  });
});

describe('scopes', () => {
  test('every scope has its own file, and nothing of another in it', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, '{scope}', '{signal}.jsonl') });
    const scopes = ['A', 'a', '../A', 'A.', 'global'];
    await Promise.all(Array.from({ length: 50 }, (_, i) => send(exporter, scopes[i % 5] ?? '', scopes[i % 5])));
    const folders = await readdir(folder);
    expect(folders).toHaveLength(5);
    const texts = await Promise.all(folders.map((name) => textsIn(join(folder, name, 'logs.jsonl'))));
    expect(texts.map((each) => [each.length, new Set(each).size])).toEqual(Array.from({ length: 5 }, () => [10, 1]));
    expect(texts.map((each) => each[0]).sort()).toEqual([...scopes].sort());
  });

  test('a path that another exporter fills with another scope is refused', async () => {
    const folder = await folderOf();
    const first = await exporterOf({ path: join(folder, 'x.{scope}.jsonl') });
    const second = await exporterOf({ path: join(folder, '{scope}.b.jsonl') });
    await send(first, 'hello', 'b');
    // x.b.jsonl, which the first one has for scope b.
    expect(await send(second, 'hello', 'x')).toMatchObject({
      ok: false,
      retryable: false,
      message: expect.stringContaining("another scope's data"),
    });
    expect(await textsIn(join(folder, 'x.b.jsonl'))).toEqual(['hello']);
  });

  test('more scopes than files may be open lose nothing', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, '{scope}.jsonl') });
    const count = LIMITS.openFiles + 30;
    for (let round = 0; round < 2; round += 1) {
      for (let i = 0; i < count; i += 1) expect(await send(exporter, `t${i}`, `s${i}`)).toEqual({ ok: true });
    }
    const descriptors = (await readdir('/proc/self/fd').catch(() => [])).length;
    expect(descriptors).toBeLessThan(LIMITS.openFiles + 60);
    for (let i = 0; i < count; i += 1) expect(await textsIn(join(folder, `s${i}.jsonl`))).toEqual([`t${i}`, `t${i}`]);
  });
});

describe('restart', () => {
  test('one that takes over from another goes on where that one is, whatever append says', async () => {
    const path = join(await folderOf(), 'out.jsonl');
    const old = await exporterOf({ path, append: false });
    await send(old, 'one');
    const next = await exporterOf({ path, append: false, flush_interval: '2s' });
    await old.stop(1000);
    await send(next, 'two');
    expect(await textsIn(path.replace('.jsonl', '.TEST.jsonl'))).toEqual(['one', 'two']);
    await next.stop(1000);
    const later = await exporterOf({ path, append: false });
    await send(later, 'three');
    expect(await textsIn(path.replace('.jsonl', '.TEST.jsonl'))).toEqual(['three']);
  });

  test('appends, or empties the file once when append is off', async () => {
    const folder = await folderOf();
    for (const [append, expected] of [
      [true, ['a']],
      [true, ['a', 'a']],
      [false, ['a']],
      [true, ['a', 'a']],
    ] as const) {
      const exporter = await exporterOf({ path: join(folder, 'out.jsonl'), append });
      await send(exporter, 'a');
      await exporter.stop(1000);
      expect(await textsIn(join(folder, 'out.TEST.jsonl'))).toEqual(expected);
    }
  });

  test.each([
    ['json', Buffer.from('{"resourceLogs":[{"sco')],
    ['proto', Buffer.from([0, 0, 0, 9, 1, 2])],
    ['proto', Buffer.from([0, 0])],
  ] as const)('a torn %s record that a crash left is moved aside', async (format, torn) => {
    const folder = await folderOf();
    const options = { path: join(folder, 'out.dat'), format };
    const first = await exporterOf(options);
    await send(first, 'before');
    await first.stop(1000);
    await appendFile(join(folder, 'out.TEST.dat'), torn);
    const context = quietContext();
    const second = await exporterOf(options, context);
    await send(second, 'after');
    await second.stop(1000);
    expect(await readdir(folder)).toHaveLength(2);
    expect(context.lines).toMatchObject([{ level: 'limited', message: expect.stringContaining('torn record') }]);
    const kept = await readFile(join(folder, (await readdir(folder)).find((name) => name.includes('@')) ?? ''));
    expect(kept.subarray(-torn.length)).toEqual(torn);
    expect(kept.toString('latin1')).toContain('before');
    const file = await open(join(folder, 'out.TEST.dat'));
    expect(await endsWhole(file, (await file.stat()).size, format === 'json')).toBe(true);
    await file.close();
  });
});

describe('rotation', () => {
  const half = 'x'.repeat(600_000);
  let nowMs = Date.parse('2026-11-21T10:00:00Z');
  const clock: Clock = { now: () => (nowMs += 1000), after: () => () => undefined };

  test('by size, whole records only, the oldest deleted beyond max_backups', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf(
      { path: join(folder, 'out.jsonl'), rotation: { max_megabytes: 1, max_backups: 2 } },
      quietContext(clock),
    );
    for (const text of ['1', '2', '3', '4', '5']) expect(await send(exporter, text + half)).toEqual({ ok: true });
    const names = (await readdir(folder)).sort();
    expect(names).toHaveLength(3);
    expect(names.slice(1).every((name) => /^out\.TEST@2026-11-21T10-\d\d-\d\d\.\d{3}\.jsonl$/.test(name))).toBe(true);
    const kept = await Promise.all(names.map((name) => textsIn(join(folder, name))));
    expect(kept.map((texts) => texts.map((text) => text[0]).join(''))).toEqual(['5', '3', '4']);
  });

  test('by age', async () => {
    const folder = await folderOf();
    const ancient = join(folder, 'out.TEST@2026-11-01T10-00-00.000.jsonl');
    const foreign = join(folder, 'out.TEST@notes.jsonl');
    await writeFile(ancient, '{}\n');
    await writeFile(foreign, 'mine');
    const exporter = await exporterOf(
      { path: join(folder, 'out.jsonl'), rotation: { max_megabytes: 1, max_days: 7, localtime: true } },
      quietContext(clock),
    );
    for (const text of ['1', '2']) await send(exporter, text + half);
    const names = await readdir(folder);
    expect(names).toHaveLength(3);
    expect(names).toContain('out.TEST@notes.jsonl');
    expect(names).not.toContain('out.TEST@2026-11-01T10-00-00.000.jsonl');
  });

  test('a record larger than a file gets one for itself', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, 'out.jsonl'), rotation: { max_megabytes: 1 } }, quietContext(clock));
    for (const text of ['a', 'x'.repeat(2_000_000), 'b']) expect(await send(exporter, text)).toEqual({ ok: true });
    expect(await readdir(folder)).toHaveLength(3);
  });
});

/** A file system of 1 MiB, where this user may mount one. */
async function mountTiny(): Promise<string | undefined> {
  const folder = await folderOf();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  closing.push(async () => void execFileSync('umount', ['-l', folder]));
  return folder;
}

describe('a full disk', () => {
  test.for(['json', 'proto'] as const)(
    '%s: is a refusal that may be tried again, leaves no torn record, and writing resumes',
    async (format, { skip }) => {
      const folder = await mountTiny();
      if (folder === undefined) return skip('needs the right to mount a tmpfs');
      expect((await statfs(folder)).blocks * (await statfs(folder)).bsize).toBe(1 << 20);
      const path = join(folder, 'out.TEST.dat');
      const exporter = await exporterOf({ path: join(folder, 'out.dat'), format });
      let kept = 0;
      let outcome: Outcome = { ok: true };
      while (outcome.ok) {
        outcome = await send(exporter, `${kept}`.padEnd(30_000, '.'));
        if (outcome.ok) kept += 1;
      }
      expect(kept).toBeGreaterThan(10);
      expect(outcome).toEqual({
        ok: false,
        code: 'STORAGE_FULL',
        retryable: true,
        message: `cannot write ${path}: the disk is full`,
      });
      const full = await readFile(path);
      expect(format === 'json' ? (await textsIn(path)).length : recordsIn(full).length).toBe(kept);
      expect(await send(exporter, 'x'.repeat(30_000))).toMatchObject({ ok: false, code: 'STORAGE_FULL' });
      expect((await readFile(path)).equals(full)).toBe(true);
      execFileSync('mount', ['-o', 'remount,size=2m', folder]);
      expect(await send(exporter, 'again')).toEqual({ ok: true });
      expect((await readFile(path)).subarray(0, full.length).equals(full)).toBe(true);
      return undefined;
    },
  );

  test('/dev/full: every attempt is refused, and the collector lives', async () => {
    const folder = await folderOf();
    await symlink('/dev/full', join(folder, 'out.TEST.jsonl'));
    const exporter = await exporterOf({ path: join(folder, 'out.jsonl') });
    for (let i = 0; i < 3; i += 1)
      expect(await send(exporter, 'x')).toMatchObject({ ok: false, code: 'STORAGE_FULL', retryable: true });
  });

  test('a path that becomes impossible while running is a refusal, and mends itself', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, '{scope}', 'x.jsonl') });
    await writeFile(join(folder, 'B'), 'in the way');
    expect(await send(exporter, 'x', 'B')).toMatchObject({
      ok: false,
      code: 'STORAGE_FAILED',
      retryable: true,
      message: expect.stringContaining('a part of the path is a file'),
    });
    await rm(join(folder, 'B'));
    expect(await send(exporter, 'x', 'B')).toEqual({ ok: true });
  });
});

describe('life', () => {
  test('a folder that cannot be made stops the start with one line', async () => {
    const folder = await folderOf();
    await writeFile(join(folder, 'file'), '');
    const error: unknown = await create(config.parse({ path: join(folder, 'file', 'x', 'out.jsonl') }), quietContext())
      .start()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).toBe(`cannot write to ${join(folder, 'file', 'x')}: a part of the path is a file`);
  });

  test('folders are made', async () => {
    const folder = await folderOf();
    await send(await exporterOf({ path: join(folder, 'deep', 'er', 'out.jsonl') }), 'x');
    expect(await textsIn(join(folder, 'deep', 'er', 'out.TEST.jsonl'))).toEqual(['x']);
  });

  test('an aborted batch is not written', async () => {
    const folder = await folderOf();
    const exporter = await exporterOf({ path: join(folder, 'out.jsonl') });
    expect(await send(exporter, 'x', 'TEST', AbortSignal.abort())).toMatchObject({
      ok: false,
      code: 'DEADLINE_EXCEEDED',
      retryable: true,
    });
    await send(exporter, 'y');
    expect(await textsIn(join(folder, 'out.TEST.jsonl'))).toEqual(['y']);
  });

  test('stop writes what was sent, closes the files, is safe twice and without start; later sends are refused', async () => {
    const folder = await folderOf();
    const path = join(folder, 'out.jsonl');
    await create(config.parse({ path }), quietContext()).stop(100);
    const exporter = await exporterOf({ path });
    const sends = ['a', 'b', 'c'].map((text) => send(exporter, text));
    await exporter.stop(1000);
    await exporter.stop(1000);
    expect(await Promise.all(sends)).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    expect(await send(exporter, 'late')).toMatchObject({ ok: false, code: 'SHUTTING_DOWN' });
    expect(await textsIn(join(folder, 'out.TEST.jsonl'))).toEqual(['a', 'b', 'c']);
    const links = await readdir('/proc/self/fd').catch(() => []);
    const targets = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
    expect(targets.filter((target) => target.startsWith(folder))).toEqual([]);
  });

  test('flush_interval 0 and the timer both force to the disk without harm', async () => {
    const folder = await folderOf();
    let tick: (() => void) | undefined;
    const clock: Clock = { now: Date.now, after: (_ms, task) => ((tick = task), () => (tick = undefined)) };
    const eager = await exporterOf({ path: join(folder, 'eager.jsonl'), flush_interval: 0 }, quietContext(clock));
    expect(await send(eager, 'x')).toEqual({ ok: true });
    expect(tick).toBeUndefined();
    const lazy = await exporterOf({ path: join(folder, 'lazy.jsonl'), flush_interval: '1s' }, quietContext(clock));
    await send(lazy, 'x');
    tick?.();
    await send(lazy, 'y');
    expect(await textsIn(join(folder, 'lazy.TEST.jsonl'))).toEqual(['x', 'y']);
  });
});

describe('config', () => {
  const faults = (options: unknown): string =>
    config
      .safeParse(options)
      .error?.issues.map((issue) => issue.message)
      .join('\n') ?? '';
  test.each([
    [{ path: 'a/{tenant}/b' }, '{tenant} is no placeholder'],
    [{ path: 'folder/' }, 'must name a file'],
    [{ compression: 'gzip', compression_params: { level: 10 } }, 'gzip has levels 1 to 9'],
  ])('%j is refused: %s', (options, fault) => expect(faults(options)).toContain(fault));

  test('nothing given is a config too', async () => {
    expect(config.parse(undefined)).toMatchObject({ format: 'json', compression: 'none', append: true, flush_interval: 1000 });
    expect(config.parse({ rotation: {} }).rotation).toEqual({
      max_megabytes: 100,
      max_days: 0,
      max_backups: 100,
      localtime: false,
    });
    expect(await fileExporter.load?.()).toHaveProperty('create');
  });
});

test("a record is made of the batch's own segments", async () => {
  const segment = protobufOf('logs', log('x'));
  expect(recordOf(scopedBatch('logs', [segment], 1), { format: 'proto', compression: 'none' })[1]).toBe(segment);
});
