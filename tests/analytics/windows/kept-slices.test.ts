import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openInstance, type OpenInstance } from '../../../analytics/instance.ts';
import { LAYOUT_VERSION } from '../../../analytics/windows/kept-slices.ts';
import { ScopeWindow } from '../../../analytics/windows/scope-window.ts';
import { attribute, encode } from '../../support/build.ts';
import type { Tree } from '../../support/reference/otlp.ts';

const MINUTE = 60_000;
const START = 1_700_000_000_000;
const OPTIONS = { figuresIntervalMs: 0, sliceMs: MINUTE };

let folder: string;
let opened: OpenInstance | undefined;
let window: ScopeWindow;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'periscope-window-'))));
afterEach(async () => {
  await closeAll();
  rmSync(folder, { recursive: true });
});

async function openAt(file: string, nowMs: number): Promise<void> {
  opened = await openInstance({ path: join(folder, file), memoryBytes: 512 * 2 ** 20, threads: 2 });
  window = await ScopeWindow.create(opened.instance, { ...OPTIONS, nowMs, keptFor: 'A' });
}
async function closeAll(): Promise<void> {
  if (opened === undefined) return;
  await window.close();
  opened.close();
  opened = undefined;
}
async function query(sql: string): Promise<Record<string, unknown>[]> {
  const connection = await opened!.instance.connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjects();
  } finally {
    connection.closeSync();
  }
}
async function come(receivedMs: number, value: number, id = 'a'): Promise<void> {
  const attributes = [attribute('id', id)];
  const timeUnixNano = BigInt(receivedMs) * 1_000_000n;
  const points: Tree = {
    resourceMetrics: [
      { scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [{ attributes, timeUnixNano, asDouble: value }] } }] }] },
    ],
  };
  const records: Tree = {
    resourceLogs: [{ scopeLogs: [{ logRecords: [{ attributes, timeUnixNano, body: { stringValue: `value ${value}` } }] }] }],
  };
  window.append('metrics', encode('metrics', points), receivedMs);
  window.append('logs', encode('logs', records), receivedMs);
  await window.flush();
}
const seen = (): Promise<Record<string, unknown>[]> =>
  query(
    `SELECT "Attributes"['id'] AS id, "Points", "LastValue", (SELECT count(*) FROM otel_logs) AS logs,
     (SELECT count(*) FROM points) AS points FROM series ORDER BY "SeriesId"`,
  );

describe('a window on a disk', () => {
  it('is there again after a restart, with its series, and goes on', async () => {
    await openAt('window.db', START);
    for (let minute = 0; minute < 5; minute++) await come(START + minute * MINUTE, minute);
    await closeAll();
    await openAt('window.db', START + 6 * MINUTE);
    expect(await seen()).toEqual([{ id: 'a', Points: 5n, LastValue: 4, logs: 5n, points: 5n }]);
    expect(window.usage()).toMatchObject({ rows: 10, oldestMs: START });
    await come(START + 7 * MINUTE, 7, 'b');
    expect(await query('SELECT "Body" FROM otel_logs ORDER BY "Timestamp" DESC LIMIT 1')).toEqual([{ Body: 'value 7' }]);
    expect(await seen()).toHaveLength(2);
    expect((await query('SELECT count(DISTINCT "SeriesId") AS n FROM points'))[0]).toEqual({ n: 2n });
  });

  it('is there again with points of every kind, as far as there are some', async () => {
    const metric = async (data: Tree, receivedMs: number): Promise<void> => {
      const request = { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', ...data }] }] }] };
      window.append('metrics', encode('metrics', request), receivedMs);
      await window.flush();
    };
    await openAt('window.db', START);
    await metric({ gauge: { dataPoints: [{ asDouble: 3, flags: 1 }] } }, START);
    await metric({ summary: { dataPoints: [{ count: 4n }] } }, START + MINUTE);
    await metric({ histogram: { dataPoints: [{ count: 5n }] } }, START + 2 * MINUTE);
    await closeAll();
    await openAt('window.db', START + 3 * MINUTE);
    expect(await query('SELECT "MetricType", "Points", "LastValue" FROM series ORDER BY 1')).toEqual([
      { MetricType: 'gauge', Points: 1n, LastValue: 3 },
      { MetricType: 'histogram', Points: 1n, LastValue: null },
      { MetricType: 'summary', Points: 1n, LastValue: null },
    ]);
    expect(await query('SELECT "Flags", "Value" FROM otel_metrics_gauge')).toEqual([{ Flags: 1, Value: 3 }]);
    expect(await query('SELECT "Count" FROM otel_metrics_summary')).toEqual([{ Count: 4n }]);
    await metric({ gauge: { dataPoints: [{ asDouble: 6 }] } }, START + 4 * MINUTE);
    expect(await query('SELECT sum("Value") AS total FROM points')).toEqual([{ total: 9 }]);
  });

  it('has its rows of MASTER_PERF again, and what is new takes their place', async () => {
    const state = async (value: string, receivedMs: number): Promise<void> => {
      const attributes = Object.entries({ category: 'Security', topic: 'Path Hardening', id: 'paths', value }).map(
        ([key, text]) => attribute(`perf.${key}`, text),
      );
      const record = { attributes: [...attributes, attribute('perf.properties.n', value)], timeUnixNano: 5n };
      window.append('logs', encode('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }), receivedMs);
      await window.flush();
    };
    const shown = async (): Promise<unknown[]> => [
      await query('SELECT "Value", "Id", "Properties"[\'n\'] AS n FROM master_perf'),
      await query('SELECT "Value" FROM master_perf_history'),
    ];
    await openAt('window.db', START);
    await state('ENABLED', START);
    await state('DISABLED', START);
    const before = await shown();
    expect(before[0]).toEqual([{ Value: 'DISABLED', Id: 'paths', n: 'DISABLED' }]);
    for (let i = 1; i < 4; i++) {
      await closeAll();
      await openAt('window.db', START + i * MINUTE);
      expect(await shown()).toEqual(before);
    }
    await state('READY', START + 5 * MINUTE);
    expect(await shown()).toEqual([
      [{ Value: 'READY', Id: 'paths', n: 'READY' }],
      [{ Value: 'ENABLED' }, { Value: 'DISABLED' }, { Value: 'READY' }],
    ]);
  });

  it('drops what has grown too old while nothing ran', async () => {
    await openAt('window.db', START);
    for (let minute = 0; minute < 6; minute++) await come(START + minute * MINUTE, minute);
    await closeAll();
    await openAt('window.db', START + 10 * MINUTE);
    const bounds = { maxAgeMs: 6 * MINUTE, maxRows: 1e9, maxBytes: 1e12 };
    expect(await window.trim(START + 10 * MINUTE, bounds)).toBe(6);
    expect(await query('SELECT "Value" FROM points ORDER BY 1')).toEqual([{ Value: 3 }, { Value: 4 }, { Value: 5 }]);
    expect(await window.trim(START + 14 * MINUTE, bounds)).toBe(6);
    expect(await seen()).toEqual([]);
  });

  it('is there again after the process was killed, as far as it was flushed', async () => {
    await openAt('window.db', START);
    for (let minute = 0; minute < 3; minute++) await come(START + minute * MINUTE, minute);
    // What a killed process leaves: the files as they are now. Copied while DuckDB rewrites them they would be of two moments.
    await window.flush();
    for (const file of ['window.db', 'window.db.wal'])
      if (existsSync(join(folder, file))) copyFileSync(join(folder, file), join(folder, file.replace('window', 'killed')));
    await closeAll();
    await openAt('killed.db', START + 4 * MINUTE);
    expect(await seen()).toEqual([{ id: 'a', Points: 3n, LastValue: 2, logs: 3n, points: 3n }]);
  });

  it('has of a flush that fails nothing, not even the rows of another signal', async () => {
    await openAt('window.db', START);
    await come(START, 1);
    const points = {
      resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints: [{ asDouble: 2 }] } }] }] }],
    };
    window.append('metrics', encode('metrics', points), START);
    window.append('logs', encode('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] }), START);
    const connection = await opened!.instance.connect();
    // Rows for a table that has changed do not fit.
    await connection.run('DROP VIEW otel_logs; ALTER TABLE base.logs_1 ADD COLUMN other INTEGER');
    connection.closeSync();
    await expect(window.flush()).rejects.toThrow();
    expect(await query('SELECT "Value" FROM points')).toEqual([{ Value: 1 }]);
    await expect(window.close()).rejects.toThrow();
    opened!.close();
    opened = undefined;
  });

  it('leaves no table behind, however often it restarts without rows', async () => {
    const tables: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      await openAt('window.db', START + i * MINUTE);
      tables.push((await query('SELECT count(*) AS n FROM duckdb_tables()'))[0]);
      await closeAll();
    }
    expect(new Set(tables.map(String)).size).toBe(1);
    expect(tables[2]).toEqual(tables[0]);
  });

  it('begins empty when another version has left it in another layout', async () => {
    await openAt('window.db', START);
    await come(START, 1);
    const connection = await opened!.instance.connect();
    await connection.run(`UPDATE base.format SET layout = ${LAYOUT_VERSION + 1}`);
    connection.closeSync();
    await closeAll();
    await openAt('window.db', START);
    expect(await seen()).toEqual([]);
    await come(START, 2);
    expect(await seen()).toHaveLength(1);
  });
});
