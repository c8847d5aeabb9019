import { type AppRun, type ChaosRecord, TROUBLES } from '../../bench/chaos/record.ts';

const LATENCY = { p50Ms: 1, p99Ms: 3, maxMs: 9 };
export const CHAOS_APP: AppRun = {
  calm: LATENCY,
  troubled: LATENCY,
  rssMedianBytes: 6e7,
  rssMaxBytes: 7e7,
  rssFloorRiseBytes: 1e6,
};
/** One that went well. */
export const CHAOS_RECORD: ChaosRecord = {
  bench: 'agent-chaos',
  session: '2026-01-01T00:00:00.000Z',
  version: '1',
  machine: 'here',
  minutes: 10,
  ours: CHAOS_APP,
  bare: CHAOS_APP,
  requests: 1000,
  exports: 300,
  taken: 200,
  met: Object.fromEntries(TROUBLES.slice(1).map((trouble) => [trouble, 3])),
  recoveredAfterMs: 40_000,
  counted: 1000,
  lines: 1,
  faults: [],
};
