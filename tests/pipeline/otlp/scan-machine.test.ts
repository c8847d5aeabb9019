import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { OK } from '../../../pipeline/otlp/scan-cells.ts';
import { NO_MEMORY, ScanMachine } from '../../../pipeline/otlp/scan-machine.ts';
import { logsScan, metricsScan } from '../../../pipeline/otlp/scan.ts';
import { attribute, encode } from '../../support/build.ts';
import { wireField } from '../../support/reference/otlp.ts';
import { rowsOf } from '../../support/scanned-columns.ts';

const points = (from: number, count: number, rest = ''): Uint8Array => {
  const dataPoints = Array.from({ length: count }, (_, i) => ({
    timeUnixNano: 7n,
    asDouble: i,
    attributes: [attribute('id', `${from + i}${rest}`)],
    exemplars: [{ asDouble: i }],
  }));
  return encode('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', gauge: { dataPoints } }] }] }] });
};

describe('the memory of a scan', () => {
  it('is small for one that has read nothing', () => {
    expect(new ScanMachine('logs').memoryBytes).toBeLessThan(256 * 1024);
  });

  it('is given up with the request that made it large, and what is known stays known', () => {
    const machine = new ScanMachine('metrics');
    expect(machine.run(points(0, 300))).toBe(OK);
    const known = machine.dictionaryBytes;
    const large = wireField(15, 2, Buffer.alloc(2 * LIMITS.scanKeptBytes));
    expect(machine.run(large)).toBe(OK);
    expect(machine.memoryBytes).toBeGreaterThan(large.length);
    machine.settle();
    expect(machine.memoryBytes).toBeLessThan(LIMITS.scanKeptBytes);
    expect(machine.dictionaryBytes).toBe(known);
  });

  it('is given up with the rows that made it large: dictionaries and what is expected go on as before', () => {
    const scan = metricsScan();
    scan.scan(points(0, 50));
    const rows = rowsOf(scan);
    const { seriesCount, attributeSetCount, bytes } = scan.dictionaries;
    const again = points(0, 50);
    for (let i = 0; i < 2 ** 15; i++) scan.scan(again);
    scan.clear();
    expect(scan.gauge.series.length).toBe(0);
    scan.scan(points(0, 50));
    expect(rowsOf(scan)).toEqual(rows);
    expect(scan.dictionaries).toMatchObject({ seriesCount, attributeSetCount, bytes });
    scan.scan(points(50, 1));
    expect(scan.dictionaries.seriesCount).toBe(seriesCount + 1);
    expect(scan.dictionaries.generation).toBe(0);
  }, 60_000);

  it('shows all of texts that have grown where they are, behind which nothing else was', () => {
    const scan = logsScan();
    for (let i = 0; i < 12; i++) {
      const text = `${i}`.repeat(1000 * 2 ** Math.min(i, 8));
      const body = { stringValue: text };
      scan.scan(encode('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [{ body }] }] }] }));
      expect(rowsOf(scan)['logs']!.at(-1)!['body']).toBe(text);
    }
  });

  it('stays where it is while each load is as large as the last', () => {
    const scan = metricsScan();
    const request = points(0, 1000);
    let buffer: unknown;
    for (let load = 0; load < 4; load++) {
      for (let rows = 0; rows < LIMITS.windowFlushRows; rows += 1000) scan.scan(request);
      if (load > 0) expect(scan.gauge.series.buffer).toBe(buffer);
      buffer = scan.gauge.series.buffer;
      scan.clear();
    }
  });

  it('has a bound: a request that would take more is refused whole, and others are read as if it had not come', () => {
    const scan = metricsScan(1024 * 1024);
    scan.scan(points(0, 20));
    const before = rowsOf(scan);
    for (let from = 1000; ; from += 200) {
      const outcome = scan.scan(points(from, 200, 'x'.repeat(500)));
      if (outcome.fault === '') {
        scan.clear();
        continue;
      }
      expect(outcome).toEqual({ rows: 0, fault: 'cannot read the metrics request: no memory is left for what it holds' });
      break;
    }
    scan.clear();
    for (let turn = 0; turn < 3; turn++) {
      expect(scan.scan(points(0, 20)).fault).toBe('');
      expect(rowsOf(scan)).toEqual(before);
      expect(scan.scan(points(1_000_000 * turn, 200, 'y'.repeat(500))).rows).toBe(0);
      expect(rowsOf(scan)).toEqual(before);
      scan.clear();
    }
    scan.rotate();
    expect(scan.scan(points(0, 20)).rows).toBe(20);
    expect(rowsOf(scan)).toEqual(before);
  });

  it('that cannot hold the request itself is said to be out, and grows for the next one', () => {
    const machine = new ScanMachine('logs', 1024 * 1024);
    expect(machine.run(new Uint8Array(1024 * 1024))).toBe(NO_MEMORY);
    expect(machine.run(new Uint8Array(0))).toBe(OK);
  });
});
