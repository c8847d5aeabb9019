import { expect, it } from 'vitest';
import { Summary, summaryLine, type Reading } from '../../../agent/collector/summary.ts';
import { exporterRow, ledgerOf, receiverRow } from '../../support/ledger-rows.ts';

const reading = (more: Partial<Reading>): Reading => ({
  ledger: ledgerOf({}),
  status: [],
  atMs: 0,
  cpuMs: 0,
  rssBytes: 71_000_000,
  ...more,
});

it('says nothing while nothing comes in', () => {
  expect(summaryLine(reading({}), reading({ atMs: 5000, cpuMs: 20 }))).toBeUndefined();
});

it('says rates by signal, what was rejected since, queues, CPU and memory', () => {
  const before = reading({
    ledger: ledgerOf({ receivers: [receiverRow({ received: 1000, rejected: { scope_mismatch: 1 } })] }),
    cpuMs: 100,
  });
  const now = reading({
    atMs: 5000,
    cpuMs: 1800,
    ledger: ledgerOf({
      receivers: [
        receiverRow({ received: 62_500, rejected: { scope_mismatch: 4 } }),
        receiverRow({ signal: 'logs', received: 1 }),
      ],
    }),
    status: [
      { id: 'otlp_http', kind: 'exporter', state: 'ok', queue: { items: 120, bytes: 5, itemsMax: 1000, bytesMax: 1000 } },
      { id: 'debug', kind: 'exporter', state: 'ok', queue: { items: 0, bytes: 0, itemsMax: 1000, bytesMax: 1000 } },
      { id: 'file', kind: 'exporter', state: 'ok', queue: { items: 1, bytes: 1, itemsMax: 1000, bytesMax: 1000 } },
    ],
  });
  expect(summaryLine(before, now)).toBe(
    'metrics 12,300/s  logs 0.2/s | rejected scope_mismatch 3 | queue otlp_http 12%, file <1% | cpu 34% | rss 71 MB',
  );
});

it('says what was lost even when nothing came in', () => {
  const now = reading({ atMs: 5000, ledger: ledgerOf({ exporters: [exporterRow({ dropped: { retries_exhausted: 9 } })] }) });
  expect(summaryLine(reading({}), now)).toBe('nothing came in | rejected retries_exhausted 9 | queue empty | cpu 0% | rss 71 MB');
});

it('tells at once of the first of each signal and of each new loss, and else once a minute', () => {
  // A ledger that goes on over a restart.
  const kept = reading({ ledger: ledgerOf({ receivers: [receiverRow({ received: 9, rejected: { scope_mismatch: 1 } })] }) });
  const summary = new Summary(kept);
  const at = (atMs: number, metrics: number, logs: number, mismatches = 1): string[] => {
    const receivers = [
      receiverRow({ received: metrics, rejected: { scope_mismatch: mismatches } }),
      receiverRow({ signal: 'logs', received: logs }),
    ];
    return summary.lines(reading({ atMs, ledger: ledgerOf({ receivers }) }));
  };
  const rest = 'queue empty | cpu 0% | rss 71 MB';
  expect(at(1000, 9, 0)).toEqual([]);
  expect(at(2000, 1009, 0)).toEqual(['metrics come in: 1,000 data points so far']);
  expect(at(3000, 2009, 0)).toEqual([]);
  expect(at(4000, 2009, 1)).toEqual(['logs come in: 1 log records so far']);
  expect(at(60_000, 6009, 1)).toEqual([`metrics 100/s  logs 0.0/s | ${rest}`]);
  expect(at(61_000, 6109, 1, 3)).toEqual([`metrics 100/s | rejected scope_mismatch 2 | ${rest}`]);
  expect(at(62_000, 6109, 1, 9)).toEqual([]);
  expect(at(121_000, 6109, 1, 9)).toEqual([`nothing came in | rejected scope_mismatch 6 | ${rest}`]);
  expect(at(181_000, 6109, 1, 9)).toEqual([]);
  expect(at(182_000, 6110, 1, 9)).toEqual([]);
});
