import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appendHistory, latestRuns, type NamedRecord, readHistory, readNamed } from '../../bench/history.ts';
import type { RunRecord } from '../../bench/ingest/record.ts';
import { type NeighbourRecord, PHASES } from '../../bench/neighbour/record.ts';
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

const NEIGHBOUR: NeighbourRecord = {
  bench: 'neighbour',
  session: RUN.session,
  at: RUN.at,
  round: 0,
  phase: 'alone',
  version: RUN.version,
  machine: RUN.machine,
  pinned: true,
  warmUpMs: 1000,
  windowMs: 4000,
  cpuShare: 0.1,
  quiet: { sentItemsPerS: 20_000, acceptedItemsPerS: 20_000, latencyP50Ms: 0.5, latencyP99Ms: 2, refused: {}, unanswered: 0 },
};
const TENANTS: NamedRecord = {
  bench: 'tenants',
  session: RUN.session,
  version: RUN.version,
  machine: RUN.machine,
  items: 1_000_000,
  violations: 400_000,
  crossings: 0,
  exits: 6,
  seconds: 33,
};

/** One run of each phase, with these p99 of the quiet tenant. */
function neighbours(p99s: readonly number[], round = 0): NeighbourRecord[] {
  const other = { ...NEIGHBOUR.quiet, sentItemsPerS: 100_000, refused: { 429: 450 } };
  return PHASES.map((phase, at) => ({
    ...NEIGHBOUR,
    round,
    phase,
    quiet: { ...NEIGHBOUR.quiet, latencyP99Ms: p99s[at]! },
    ...(phase === 'alone' ? {} : { other }),
  }));
}

describe('what the page says of a gateway with several tenants', () => {
  test('nothing, where nothing was measured', () => {
    expect(renderResults([RUN, PEER])).not.toMatch(/## (neighbour|tenants)/);
  });

  test('how much one changes the p99 of another, against both that it is compared with', () => {
    const page = renderResults(
      [RUN],
      [2, 1, 3].flatMap((factor, round) =>
        neighbours(
          [2, 2, round === 1 ? 8 : 2.2, 1].map((ms) => ms * factor),
          round,
        ),
      ),
    );
    expect(page).toContain('against alone: **+10 %** (+10 % to +300 %; must: below 20 %): **not in every round**');
    expect(page).toContain('to blame for: **+120 %** (+120 % to +700 %; must: below 20 %): **missed**');
    expect(page).toContain('| alone | 0.50 | 4.00 (2.00–6.00) | 10 % |');
    expect(page).toContain('100; 20 | 90 |');
    expect(page).toContain('refused or lost: 0.');
  });

  test('that requests of the quiet one were lost', () => {
    const lost = { ...NEIGHBOUR, quiet: { ...NEIGHBOUR.quiet, refused: { 503: 2 }, unanswered: 1 } };
    expect(renderResults([RUN], [...neighbours([1, 1, 1, 1]), lost])).toContain('refused or lost: 3.');
  });

  test('that nothing crossed, of the latest run', () => {
    const later = { ...TENANTS, session: '2026-02-01T00:00:00.000Z', items: 2_000_000 };
    expect(renderResults([RUN], [later, TENANTS])).toMatch(/of 2,000,000 items 400,000 claimed.* \*\*0 crossed\*\* at 6 exits/);
  });
});

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
    for (const record of [NEIGHBOUR, TENANTS]) appendHistory(record, file);
    expect(readHistory(file), 'and none of another bench').toEqual([RUN, PEER]);
    expect(readNamed(file)).toEqual([NEIGHBOUR, TENANTS]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the middle of an even number of figures is between the two', () => {
  expect(spread([4, 1, 3, 2])).toEqual({ median: 2.5, min: 1, max: 4 });
});
