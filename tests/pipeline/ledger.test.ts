import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger, type LedgerSnapshot } from '../../pipeline/ledger.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { anyLedger } from '../support/any-ledger.ts';
import { sumOf } from '../support/ledger.ts';

/** Rows by what they are of, so that their order does not matter. */
const rowsOf = (rows: readonly object[]): string[] =>
  rows.map((row) => JSON.stringify(Object.entries(row).toSorted(([one], [other]) => (one < other ? -1 : 1)))).toSorted();

/** The naive way to say what a restart makes of a snapshot. */
function crashed(snapshot: LedgerSnapshot): LedgerSnapshot {
  const exporters = snapshot.exporters.map((row) => ({
    ...row,
    inFlight: 0,
    dropped: row.inFlight === 0 ? row.dropped : { ...row.dropped, crash: (row.dropped['crash'] ?? 0) + row.inFlight },
  }));
  return { ...snapshot, exporters };
}

describe('a ledger that goes on from another', () => {
  it('has the same rows, with what was in flight as dropped(crash), and balances', () => {
    fc.assert(
      fc.property(anyLedger, (snapshot) => {
        const ledger = new Ledger();
        const lost = ledger.restore(snapshot);
        const now = ledger.snapshot();
        const expected = crashed(snapshot);
        for (const kind of ['receivers', 'pipelines', 'exporters'] as const)
          expect(rowsOf(JSON.parse(JSON.stringify(now[kind])) as object[])).toEqual(
            rowsOf(JSON.parse(JSON.stringify(expected[kind])) as object[]),
          );
        expect(lost).toBe(snapshot.exporters.reduce((sum, row) => sum + row.inFlight, 0));
        for (const row of now.receivers) expect(row.accepted + sumOf(row.rejected)).toBe(row.received);
        for (const row of now.exporters) {
          expect(row.inFlight).toBe(0);
          expect(row.exported + row.refused + sumOf(row.dropped)).toBe(row.routed);
        }
      }),
      { endOnFailure: true },
    );
  });

  it('twice is the sum, so that a second restart takes nothing away', () => {
    fc.assert(
      fc.property(anyLedger, (snapshot) => {
        const [once, again, sum] = [new Ledger(), new Ledger(), new Ledger()];
        once.restore(snapshot);
        again.restore(once.snapshot());
        expect(again.snapshot()).toEqual(once.snapshot());
        sum.restore(snapshot);
        sum.restore(snapshot);
        const routed = (of: Ledger): number => of.snapshot().exporters.reduce((items, row) => items + row.routed, 0);
        expect(routed(sum)).toBe(2 * routed(once));
      }),
      { endOnFailure: true },
    );
  });

  it('counts on in the same rows', () => {
    const ledger = new Ledger();
    const place = { scope: 'A', signal: 'logs' } as const;
    ledger.restore({
      receivers: [{ receiver: 'otlp', ...place, received: 5, accepted: 4, rejected: { x: 1 } }],
      pipelines: [],
      exporters: [],
    });
    const row = ledger.receiver('otlp').of('logs', 'A');
    row.received += 1;
    row.accepted += 1;
    expect(ledger.snapshot().receivers).toEqual([{ receiver: 'otlp', ...place, received: 6, accepted: 5, rejected: { x: 1 } }]);
  });

  it('scopes of before take no place away from those that are sent now', () => {
    const ledger = new Ledger();
    const receivers = Array.from({ length: LIMITS.scopes }, (_, n) => ({
      receiver: 'otlp',
      scope: `old ${n}`,
      signal: 'logs' as const,
      received: 1,
      accepted: 1,
      rejected: {},
    }));
    ledger.restore({ receivers, pipelines: [], exporters: [] });
    expect(ledger.knows('new')).toBe(true);
  });
});
