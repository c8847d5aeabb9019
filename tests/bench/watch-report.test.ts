import { describe, expect, test } from 'vitest';
import type { PageRecord } from '../../bench/page/record.ts';
import type { SoakRecord } from '../../bench/soak/record.ts';
import type { StreamRecord } from '../../bench/stream/record.ts';
import { watchSections } from '../../bench/watch-report.ts';
import { FIGURES, type WindowsRecord } from '../../bench/windows/record.ts';

const RUN: WindowsRecord = {
  bench: 'windows',
  session: '2026-01-01T00:00:00.000Z',
  at: '2026-01-01T00:00:10.000Z',
  part: 'visibility',
  round: 0,
  version: 'abc on Node v20.20.2',
  machine: '2 x CPU',
  pinned: true,
  figures: { visibleP50Ms: 200, visibleP99Ms: 400 },
};
const SOAK: SoakRecord = {
  bench: 'soak',
  session: RUN.session,
  version: RUN.version,
  machine: RUN.machine,
  minutes: 30,
  judgedFromMinute: 5,
  dashboards: 10,
  acceptedItems: 90_000_000,
  itemsPerS: 50_000,
  rssMedianBytes: 500e6,
  rssMaxBytes: 520e6,
  rssSlopeBytesPerHour: 3e6,
  rssFloorRiseBytes: 2e6,
  samples: [],
  answers: 9000,
  answerP99Ms: 80,
  deltas: 18_000,
  gaps: 0,
  faults: [],
};
const DELIVERY = { ticks: 10, deltas: 10_000, p50Ms: 20, p99Ms: 60, maxMs: 80, agesP50Ms: 500, agesP99Ms: 1040 };
const STREAM: StreamRecord = {
  bench: 'stream',
  session: RUN.session,
  at: RUN.at,
  round: 0,
  version: RUN.version,
  machine: RUN.machine,
  pinned: true,
  clients: 1000,
  scopes: 100,
  series: 50,
  windowMs: 10_000,
  reading: DELIVERY,
  cpuShare: 0.2,
  rssBytes: 150e6,
  stopped: 50,
  beside: { ...DELIVERY, p99Ms: 310 },
  besideCpuShare: 0.25,
  peakRssBytes: 390e6,
  dropped: 400,
  gaps: 90,
  faults: [],
};
const runs = (...p99s: number[]): WindowsRecord[] =>
  p99s.map((visibleP99Ms, round) => ({ ...RUN, round, figures: { ...RUN.figures, visibleP99Ms } }));

describe('what the page says of the windows', () => {
  test('nothing, where nothing was measured', () => {
    expect(watchSections([])).toEqual([]);
  });

  test('the median of a figure, beside what it may be', () => {
    expect(watchSections(runs(400, 300, 500)).join('\n')).toContain('| the same, p99 | 400 ms (300–500) | 1000 ms | must |');
  });

  test('that a figure is missed, in every round or in one', () => {
    expect(watchSections(runs(1100, 1200, 1300)).join('\n')).toContain('1000 ms | **missed** |');
    expect(watchSections(runs(400, 300, 1300)).join('\n')).toContain('1000 ms | must, not in every round |');
  });

  test('the latest session of each part; a voided run counts for nothing', () => {
    const later = { ...RUN, session: '2026-02-01T00:00:00.000Z', figures: { visibleP99Ms: 700 } };
    const voided = { ...later, figures: { visibleP99Ms: 1 }, voided: 'nothing was seen' };
    const page = watchSections([...runs(400), later, voided, { ...RUN, part: 'small', figures: { selectOneMs: 1.5 } }]).join(
      '\n',
    );
    expect(page).toContain('| the same, p99 | 700 ms (700–700) |');
    expect(page).toContain('| `select 1` over HTTP, p50 | 1.50 ms (1.50–1.50) | 2 ms | must |');
  });

  test('each figure has an id of its own', () => {
    expect(new Set(FIGURES.map(({ id }) => id)).size).toBe(FIGURES.length);
  });
});

describe('what the page says of the dashboard', () => {
  const PAGE: PageRecord = {
    bench: 'page',
    session: RUN.session,
    at: RUN.at,
    round: 0,
    version: RUN.version,
    machine: RUN.machine,
    browser: 'Chromium 150',
    points: 100_000,
    usableMs: 700,
    framesPerS: 58,
    frameMedianMs: 16.7,
    frameP95Ms: 20,
    gzipBytes: 196_000,
  };

  test('how a chart follows the mouse, how soon there is one, and what it weighs', () => {
    const [section] = watchSections([PAGE, { ...PAGE, round: 1, frameP95Ms: 40, usableMs: 1600 }, { ...PAGE, round: 2 }]);
    expect(section).toContain('a chart of 100,000 points in 20 series is dragged');
    expect(section).toContain('| the same, p95 | 20.0 ms (20.0–40.0) | 33.4 ms | must, not in every round |');
    expect(section).toContain('| all of the page, gzipped | 196 kB (196–196) | 200 kB | must |');
  });
});

describe('what the page says of a soak', () => {
  test('how memory went, and that nothing went wrong', () => {
    const [section] = watchSections([SOAK]);
    expect(section).toContain('median 500 MB, highest 520 MB, slope **3 MB an hour**; lowest of the second half');
    expect(section).toContain('The ledger balances');
  });

  test('what went wrong, in the latest', () => {
    const failed = { ...SOAK, session: '2026-02-01T00:00:00.000Z', faults: ['3 items still in flight'] };
    expect(watchSections([failed, SOAK])[0]).toContain('**Failed**: 3 items still in flight.');
  });

  test('the live stream: times and memory beside what they may be, and whether anything was left out', () => {
    const page = watchSections([STREAM]).join('\n');
    expect(page).toContain('| from the server to a client, p99 | 60.0 ms (60.0–60.0) | 300 ms | must |');
    expect(page).toContain('beside those that do not read, p99 | 310 ms (310–310) | 300 ms | **missed** |');
    expect(page).toContain('| peak RSS of it all | 390 MB (390–390) | 400 MB | must |');
    expect(page).toContain('Every delta came');
    expect(watchSections([{ ...STREAM, faults: ['3 clients were lost'] }]).join('\n')).toContain(
      '**Failed**: 3 clients were lost.',
    );
  });
});
