import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appendHistory, latestRuns, readHistory } from '../../bench/history.ts';
import type { RunRecord } from '../../bench/ingest/record.ts';
import { renderResults } from '../../bench/report.ts';
import { spread } from '../../bench/statistics.ts';

const RUN: RunRecord = {
  session: '2026-01-01T00:00:00.000Z',
  at: '2026-01-01T00:00:10.000Z',
  row: 'metrics-scope',
  contender: 'periscope scope',
  round: 0,
  version: 'abc on Node v20.20.2',
  machine: '2 x CPU',
  pinned: true,
  windowMs: 4000,
  itemsPerCpuS: 6_000_000,
  itemsPerS: 5_900_000,
  cpuShare: 0.98,
  bytesOutPerItem: 186,
  latencyP50Ms: 1,
  latencyP99Ms: 4,
  firstAnswerMs: 180,
  peakRssBytes: 85e6,
  sentItems: 1000,
  acceptedItems: 1000,
  arrivedItems: 1000,
  rejectedItems: 0,
  refused: {},
  unanswered: 0,
  comparedItems: 100,
  changedItems: 0,
};
const PEER: RunRecord = {
  ...RUN,
  contender: 'otelcol scope',
  version: '0.155',
  itemsPerCpuS: 500_000,
  peakRssBytes: 400e6,
  firstAnswerMs: 33,
};

describe('the page of results', () => {
  test('gives medians of a row with the ratio against what was set', () => {
    const history = [5e6, 6e6, 9e6].map((itemsPerCpuS, round) => ({ ...RUN, round, itemsPerCpuS }));
    const page = renderResults([...history, PEER]);
    expect(page).toContain('6,000 (5,000–9,000)');
    expect(page).toMatch(/\*\*12\.0x\*\* \| 6x \| 10x \| stretch/);
  });

  test('says so when a figure is missed', () => {
    expect(renderResults([{ ...RUN, itemsPerCpuS: 2e6, peakRssBytes: 200e6 }, PEER])).toMatch(/\*\*4\.0x\*\* .* \*\*missed\*\*/);
  });

  test('names what a peer does better', () => {
    expect(renderResults([RUN, PEER])).toContain('first answer: otelcol scope 33 ms, periscope scope 180 ms');
    expect(renderResults([RUN, PEER])).not.toContain('items per CPU-second: otelcol');
  });

  test('tells what was refused, not delivered or changed', () => {
    const page = renderResults([RUN, { ...PEER, refused: { 503: 7 }, arrivedItems: 900, changedItems: 3 }]);
    expect(page).toContain('otelcol scope refused 7 requests');
    expect(page).toContain('had not delivered 100 of 1000 accepted items');
    expect(page).toContain('3 of 100 items compared did not arrive as they were sent');
  });

  test('takes the latest session of each row and leaves voided runs out', () => {
    const later = { ...RUN, session: '2026-02-01T00:00:00.000Z', itemsPerCpuS: 7e6 };
    const voided = { ...later, itemsPerCpuS: 99e6, voided: 'nothing arrived' };
    expect(latestRuns([RUN, later, voided], 'metrics-scope')).toEqual([later]);
  });
});

test('a recorded run is read back as it was', () => {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-history-'));
  try {
    const file = join(folder, 'history.jsonl');
    expect(readHistory(file)).toEqual([]);
    appendHistory(RUN, file);
    appendHistory(PEER, file);
    expect(readHistory(file)).toEqual([RUN, PEER]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the middle of an even number of figures is between the two', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
});
