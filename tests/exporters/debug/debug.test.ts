import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { config } from '../../../exporters/debug/config.ts';
import { countsOf } from '../../../exporters/debug/counts.ts';
import { create } from '../../../exporters/debug/debug.ts';
import { debugExporter } from '../../../exporters/debug/index.ts';
import { StreamOutput } from '../../../exporters/debug/output.ts';
import { Sampler } from '../../../exporters/debug/sampler.ts';
import type { Clock } from '../../../pipeline/clock.ts';
import { StartError } from '../../../pipeline/errors.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { quietContext } from '../../support/contexts.ts';
import { protobufOf, scopedBatch, scopedBatchOf } from '../../support/scoped-batches.ts';
import { logs, metrics, traces } from './requests.ts';

const never = new AbortController().signal;
const frozen: Clock = { now: () => Date.parse('2026-11-21T10:00:00Z'), after: () => () => undefined };
const folders: string[] = [];
async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'periscope-debug-'));
  folders.push(path);
  return path;
}
afterEach(async () => {
  for (const path of folders.splice(0)) await rm(path, { recursive: true });
});

describe('basic', () => {
  test('logs one line of counts per batch, with its scope, and no data', async () => {
    const context = quietContext();
    const exporter = create(config.parse({}), context);
    await exporter.start();
    for (const [signal, request, items] of [
      ['metrics', metrics, 5],
      ['traces', traces, 1],
      ['logs', logs, 3],
    ] as const) {
      expect(await exporter.send(scopedBatchOf(signal, request, items, 'ENTERPRISE'), never)).toEqual({ ok: true });
    }
    expect(context.lines).toEqual([
      { level: 'info', message: 'Metrics', fields: { scope: 'ENTERPRISE', 'resource metrics': 1, metrics: 6, 'data points': 5 } },
      { level: 'info', message: 'Traces', fields: { scope: 'ENTERPRISE', 'resource spans': 1, spans: 1 } },
      { level: 'info', message: 'Logs', fields: { scope: 'ENTERPRISE', 'resource logs': 1, 'log records': 3 } },
    ]);
    await exporter.stop(0);
  });

  test('counts are right wherever the segments are cut', () => {
    const bytes = Buffer.concat([protobufOf('metrics', metrics), protobufOf('metrics', metrics)]);
    for (let cut = 0; cut <= bytes.length; cut += 13) {
      const batch = scopedBatch('metrics', [bytes.subarray(0, cut), bytes.subarray(cut)], 10);
      expect(countsOf(batch)).toMatchObject({ 'resource metrics': 2, metrics: 12, 'data points': 10 });
    }
  });
});

describe('output_paths', () => {
  test('files get the counts and the items, appended in order', async () => {
    const path = join(await folder(), 'debug.txt');
    const options = { verbosity: 'normal', output_paths: [path] };
    for (let i = 0; i < 2; i += 1) {
      const exporter = create(config.parse(options), quietContext(frozen));
      await exporter.start();
      await Promise.all([
        exporter.send(scopedBatchOf('traces', traces, 1), never),
        exporter.send(scopedBatchOf('logs', logs, 3), never),
      ]);
      await exporter.stop(1000);
    }
    const lines = (await readFile(path, 'utf8')).split('\n');
    expect(lines[0]).toBe('2026-11-21T10:00:00.000Z\tinfo\tTraces\t{"scope": "TEST", "resource spans": 1, "spans": 1}');
    expect(lines[1]).toBe('ResourceTraces #0 service.name=shop');
    expect(lines.filter((line) => line.includes('\tinfo\t')).map((line) => line.split('\t')[2])).toEqual([
      'Traces',
      'Logs',
      'Traces',
      'Logs',
    ]);
  });

  test('basic goes there too when the internal logger is off', async () => {
    const path = join(await folder(), 'debug.txt');
    const context = quietContext(frozen);
    const exporter = create(config.parse({ use_internal_logger: false, output_paths: [path] }), context);
    await exporter.start();
    await exporter.send(scopedBatchOf('logs', logs, 3), never);
    await exporter.stop(1000);
    expect(await readFile(path, 'utf8')).toBe(
      '2026-11-21T10:00:00.000Z\tinfo\tLogs\t{"scope": "TEST", "resource logs": 1, "log records": 3}\n',
    );
    expect(context.lines).toEqual([]);
  });

  test('a path that cannot be opened stops the start with one line', async () => {
    const exporter = create(config.parse({ verbosity: 'normal', output_paths: ['/nowhere/at/all.txt'] }), quietContext());
    const error: unknown = await exporter.start().catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(StartError);
    expect((error as Error).message).toMatch(/^cannot open \/nowhere\/at\/all\.txt: /);
  });
});

describe('a stream that is slow or gone', () => {
  async function withReader(run: (child: ChildProcessWithoutNullStreams) => Promise<void>): Promise<void> {
    // It never reads, so the pipe fills.
    const child = spawn('sleep', ['60']);
    try {
      await run(child);
    } finally {
      child.kill('SIGKILL');
    }
  }

  test('writes wait beyond a bounded buffer, and an abort ends the wait', async () => {
    await withReader(async (child) => {
      const output = new StreamOutput('stdout', child.stdin);
      const text = 'x'.repeat(LIMITS.debugBufferBytes);
      expect(await output.write(text, never)).toEqual({ ok: true });
      expect(await output.write(text, never)).toEqual({ ok: true });
      const abort = new AbortController();
      const third = output.write(text, abort.signal);
      setImmediate(() => abort.abort());
      expect(await third).toMatchObject({ ok: false, code: 'DEADLINE_EXCEEDED', retryable: false });
      expect(child.stdin.writableLength).toBeLessThanOrEqual(2 * text.length);
      await output.close(1);
    });
  });

  test('a reader that leaves is a refusal, not a crash, for those who wait too', async () => {
    await withReader(async (child) => {
      const output = new StreamOutput('stdout', child.stdin);
      const text = 'x'.repeat(LIMITS.debugBufferBytes * 2);
      await output.write(text, never);
      const waiting = output.write(text, never);
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      expect(await waiting).toMatchObject({ ok: false, code: 'STORAGE_FAILED', retryable: false });
      expect(await output.write('more', never)).toMatchObject({
        ok: false,
        message: expect.stringContaining('cannot write to stdout'),
      });
      await output.close(1000);
    });
  });
});

describe('sampling', () => {
  const shown = (sampler: Sampler, count: number, nowMs: number): string =>
    Array.from({ length: count }, () => (sampler.shows('k', nowMs) ? 'x' : '.')).join('');

  test('the first of each second are shown, then every nth, then it begins anew', () => {
    const sampler = new Sampler(2, 3);
    expect(shown(sampler, 10, 5000)).toBe('xx..x..x..');
    expect(shown(sampler, 4, 5999)).toBe('x..x');
    expect(shown(sampler, 4, 6000)).toBe('xx..');
  });

  test('0 shows none of the others, 1 all, and keys are apart', () => {
    expect(shown(new Sampler(1, 0), 4, 0)).toBe('x...');
    expect(shown(new Sampler(0, 1), 4, 0)).toBe('xxxx');
    const sampler = new Sampler(1, 0);
    expect([sampler.shows('a', 0), sampler.shows('b', 0), sampler.shows('a', 0)]).toEqual([true, true, false]);
  });

  test('what is not shown is not held back', async () => {
    const context = quietContext(frozen);
    const exporter = create(config.parse({ sampling_initial: 1, sampling_thereafter: 0 }), context);
    await exporter.start();
    for (let i = 0; i < 5; i += 1) expect(await exporter.send(scopedBatchOf('logs', logs, 3), never)).toEqual({ ok: true });
    expect(context.lines).toHaveLength(1);
  });
});

test('a full queue drops here unless told otherwise, and the old name is known', async () => {
  expect(config.parse(undefined).sending_queue.on_full).toBe('drop');
  expect(debugExporter.aliases).toEqual(['logging']);
  expect(await debugExporter.load?.()).toHaveProperty('create');
});

test('stop is safe twice and without start', async () => {
  const exporter = create(config.parse({ verbosity: 'detailed' }), quietContext());
  await exporter.stop(0);
  await exporter.start();
  await exporter.stop(0);
  await exporter.stop(0);
});
