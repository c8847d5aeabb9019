import { describe, expect, it } from 'vitest';
import * as entry from '../../../agent/perf/index.ts';
import { MasterPerfTracker } from '../../../agent/perf/tracker.ts';
import { judgePerfMetric } from '../../../pipeline/perf/record.ts';
import { parse, read } from '../../support/tree.ts';

const METRIC = { category: 'R2', type: 'performance', topic: 'GetObject', id: 'get', value: '1ms' };
const tracker = (options: ConstructorParameters<typeof MasterPerfTracker>[0] = {}): MasterPerfTracker =>
  new MasterPerfTracker({ scope: 'A', now: () => 1_795_258_800_000, ...options });

describe('a tracker', () => {
  it('keeps the latest of each thing, with its scope and its time', () => {
    const perf = tracker();
    expect(perf.addPerformanceMetric(METRIC)).toEqual({ accepted: true });
    perf.addPerformanceMetric({ ...METRIC, id: 'put', properties: { calls: 3 } });
    perf.addPerformanceMetric({ ...METRIC, value: '2ms', time: '2026-11-21T11:00:00.000000007Z' });
    expect(perf.getMasterPerfMetrics()).toMatchObject([
      { id: 'put', properties: { scope: 'A', calls: '3' }, time: '2026-11-21T11:00:00.000000000Z' },
      { id: 'get', value: '2ms', time: '2026-11-21T11:00:00.000000007Z' },
    ]);
  });

  it('refuses what claims another scope or is no metric, says why, and never throws', () => {
    const perf = tracker();
    expect(perf.addPerformanceMetric({ ...METRIC, properties: { scope: 'B' } })).toMatchObject({
      accepted: false,
      reason: expect.stringContaining('"B"'),
    });
    for (const wrong of [undefined, null, 7, 'x', [], {}, { ...METRIC, properties: [] }])
      expect(perf.addPerformanceMetric(wrong as never)).toMatchObject({
        accepted: false,
        reason: expect.stringContaining('cannot accept'),
      });
    expect(perf.getMasterPerfMetrics()).toEqual([]);
  });

  it('filters by category and type', () => {
    const perf = tracker();
    perf.addPerformanceMetric(METRIC);
    perf.addPerformanceMetric({ ...METRIC, category: 'Security', type: 'configuration' });
    expect(perf.getMasterPerfMetrics({ category: 'Security' }).map(({ category }) => category)).toEqual(['Security']);
    expect(perf.getMasterPerfMetrics({ type: 'benchmark' })).toEqual([]);
  });

  it('is bounded: the longest unchanged goes', () => {
    const perf = tracker({ rowsMax: 3 });
    for (const id of ['a', 'b', 'c', 'a', 'd']) perf.addPerformanceMetric({ ...METRIC, id });
    expect(perf.getMasterPerfMetrics().map(({ id }) => id)).toEqual(['c', 'a', 'd']);
  });

  it('hands out what a collector takes', () => {
    const perf = tracker();
    perf.addPerformanceMetric(METRIC);
    const [row] = JSON.parse(JSON.stringify(perf.getMasterPerfMetrics())) as unknown[];
    expect(judgePerfMetric(row, 0n)).toMatchObject({ ok: true, row: { timeUnixNano: 1_795_258_800_000_000_000n } });
  });

  it('prints a matrix for a person, and tab-separated values for a program', () => {
    const perf = tracker();
    perf.addPerformanceMetric(METRIC);
    const written: string[] = [];
    perf.printMasterPerfMatrix({ isTTY: true, columns: 120, write: (text) => written.push(text) });
    perf.printMasterPerfMatrix({ write: (text) => written.push(text) });
    expect(written[0]).toMatch(/CATEGORY[\s\S]*GetObject/);
    expect(written[1]).toMatch(/^category\ttype\t[\s\S]*\nR2\tperformance\t[^\n]*\n$/);
  });
});

describe('calls of a storage client', () => {
  it('become latency and throughput rows, the call’s result is handed on', async () => {
    const perf = tracker();
    const call = (): Promise<Uint8Array> => new Promise((resolve) => setTimeout(() => resolve(new Uint8Array(1000)), 2));
    for (let i = 0; i < 3; i++) expect(await perf.timeOperation('getObject', call, ({ length }) => length)).toHaveLength(1000);
    const [latency, throughput] = perf.getMasterPerfMetrics();
    expect(latency).toMatchObject({
      category: 'R2',
      topic: 'getObject',
      subCat: 'Latency',
      pattern: 'time_measurement',
      properties: { calls: '3', failures: '0' },
    });
    expect(latency?.value).toMatch(/^\d+\.\d\dms$/);
    expect(throughput).toMatchObject({ subCat: 'Throughput', properties: { bytes: '3000' } });
    expect(throughput?.value).toMatch(/^\d+\.\d\dMB\/s$/);
  });

  it('throw what they throw, and are counted', async () => {
    const perf = tracker();
    await expect(perf.timeOperation('putObject', () => Promise.reject(new Error('no bucket')))).rejects.toThrow('no bucket');
    expect(perf.getMasterPerfMetrics()).toMatchObject([{ topic: 'putObject', properties: { failures: '1' } }]);
  });
});

it('the entry ./perf is what the package exports, and loads no npm package', () => {
  expect(entry.MasterPerfTracker).toBe(MasterPerfTracker);
  const { exports } = JSON.parse(read('package.json')) as { exports: Record<string, string> };
  expect(exports['./perf']).toBe('./dist/agent/perf/index.js');
  const seen = new Set<string>();
  const packages: string[] = [];
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const { target, specifier, typeOnly } of parse(path).imports) {
      if (typeOnly) continue;
      if (target === undefined) packages.push(specifier);
      else visit(target);
    }
  };
  visit('agent/perf/index.ts');
  expect(packages).toEqual([]);
  expect([...seen].filter((path) => !/^(agent\/(perf|terminal)|pipeline\/(perf|scope|otlp))\//.test(path))).toEqual([]);
});
