import { describe, expect, test } from 'vitest';
import { imbalances } from '../../../bench/soak/balance.ts';
import type { LedgerSnapshot } from '../../../pipeline/ledger.ts';

const LEDGER: LedgerSnapshot = {
  receivers: [{ receiver: 'otlp', scope: 'A', signal: 'metrics', received: 105, accepted: 100, rejected: { invalid: 5 } }],
  pipelines: [{ pipeline: 'metrics', scope: 'A', signal: 'metrics', accepted: 100, dropped: { filter: 10 } }],
  exporters: [
    {
      exporter: 'windows',
      scope: 'A',
      signal: 'metrics',
      routed: 90,
      exported: 88,
      refused: 0,
      dropped: { queue_full: 2 },
      inFlight: 0,
      onFull: 'block',
    },
  ],
};
const exporter = LEDGER.exporters[0]!;

describe('a ledger at the end of a soak', () => {
  test('balances when every item is somewhere', () => {
    expect(imbalances(LEDGER, 100)).toEqual([]);
  });

  test.each([
    ['an item that no exporter accounts for', { ...LEDGER, exporters: [{ ...exporter, exported: 87 }] }],
    ['an item that is still under way', { ...LEDGER, exporters: [{ ...exporter, exported: 87, inFlight: 1 }] }],
    ['an item that a pipeline passed on to nobody', { ...LEDGER, exporters: [{ ...exporter, routed: 89, exported: 87 }] }],
    ['an item that a receiver lost', { ...LEDGER, receivers: [{ ...LEDGER.receivers[0]!, received: 106 }] }],
  ])('does not with %s', (_, ledger) => {
    expect(imbalances(ledger, 100)).toHaveLength(1);
  });

  test('does not when senders were told of more than it has', () => {
    expect(imbalances(LEDGER, 101)).toEqual(['senders were told that 101 items were accepted, the ledger has 100']);
  });
});
