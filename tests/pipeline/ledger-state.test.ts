import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Ledger } from '../../pipeline/ledger.ts';
import { countsOf, readState, stateText, withinScopes, type LedgerState } from '../../pipeline/ledger-state.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { anyLedger, anyTraffic } from '../support/any-ledger.ts';
import { exporterRow, ledgerOf, receiverRow } from '../support/ledger-rows.ts';

const NOTHING = { receivers: [], processors: [], unread: [], turnedAway: [] };
const textOf = (ledger: unknown, more: object = {}): string =>
  JSON.stringify({
    format: 'periscope-ledger/1',
    clean: true,
    writtenAt: '2026-01-31T12:00:00.000Z',
    ledger,
    traffic: NOTHING,
    ...more,
  });

describe('the state of a ledger as text', () => {
  it('says the same when it is read', () => {
    fc.assert(
      fc.property(anyLedger, anyTraffic, fc.boolean(), (snapshot, traffic, clean) => {
        const ledger = new Ledger();
        ledger.restore(snapshot);
        ledger.traffic.restore(traffic);
        const counts = countsOf(ledger);
        const state = readState(stateText(counts, clean, 0));
        expect(state).toMatchObject({ clean, writtenAt: '1970-01-01T00:00:00.000Z' });
        const next = new Ledger();
        next.restore((state as LedgerState).ledger);
        next.traffic.restore((state as LedgerState).traffic);
        expect(countsOf(next)).toBe(counts);
      }),
      { endOnFailure: true },
    );
  });

  it('is none where a part is missing at the end', () => {
    const whole = stateText(countsOf(new Ledger()), true, 0).trimEnd();
    expect(readState(whole)).toBeDefined();
    for (let end = 0; end < whole.length; end++) expect(readState(whole.slice(0, end)), `${end} characters`).toBeUndefined();
  });

  it.each([
    ['of another version', textOf(ledgerOf({}), { format: 'periscope-ledger/2' })],
    ['with more than this version knows', textOf(ledgerOf({}), { more: 1 })],
    ['with a count below zero', textOf(ledgerOf({ receivers: [receiverRow({ received: -1, accepted: -1 })] }))],
    ['with a part of an item', textOf(ledgerOf({ receivers: [receiverRow({ received: 0.5, accepted: 0.5 })] }))],
    [
      'with more items than a number tells apart',
      textOf(ledgerOf({ receivers: [receiverRow({ received: 1e300, accepted: 1e300 })] })),
    ],
    ['whose receiver does not balance', textOf(ledgerOf({ receivers: [receiverRow({ received: 3, accepted: 1 })] }))],
    ['whose exporter does not balance', textOf(ledgerOf({ exporters: [exporterRow({ routed: 3, exported: 1, inFlight: 1 })] }))],
    ['of a signal there is not', textOf(ledgerOf({ receivers: [receiverRow({ signal: 'profiles' as never })] }))],
    ['that is another JSON', 'null'],
    ['that is empty', ''],
  ])('one %s is none', (_, text) => {
    expect(readState(textOf(ledgerOf({})))).toBeDefined();
    expect(readState(text)).toBeUndefined();
  });
});

describe('more scopes than a process counts', () => {
  const stateOf = (scopes: readonly string[]): LedgerState => {
    const ledger = new Ledger();
    ledger.restore(
      ledgerOf({
        receivers: scopes.map((scope) => receiverRow({ scope, received: 1, accepted: 1 })),
        exporters: scopes.map((scope) => exporterRow({ scope, routed: 1, exported: 1 })),
      }),
    );
    return readState(stateText(countsOf(ledger), true, 0)) as LedgerState;
  };
  const many = Array.from({ length: LIMITS.scopes }, (_, n) => `old ${n}`);

  it('those that the configuration has stay, and one that goes takes all its rows with it', () => {
    const { state, letGo } = withinScopes(stateOf([...many, 'mine']), ['mine', 'never seen']);
    const scopes = (rows: readonly { readonly scope: string }[]): string[] => rows.map(({ scope }) => scope).toSorted();
    expect(letGo).toBe(1);
    expect(state.ledger.receivers).toHaveLength(LIMITS.scopes);
    expect(scopes(state.ledger.receivers)).toContain('mine');
    expect(scopes(state.ledger.exporters)).toEqual(scopes(state.ledger.receivers));
  });

  it('up to the limit nothing goes', () => {
    const state = stateOf(many);
    expect(withinScopes(state, [])).toEqual({ state, letGo: 0 });
  });
});
