import { describe, expect, it } from 'vitest';
import { Overview, type LedgerAnswer } from '../../../agent/top/overview.ts';

const ledger = (scope: string, accepted: number, exported: number): LedgerAnswer => ({
  receivers: [{ receiver: 'otlp', scope, signal: 'logs', received: accepted + 2, accepted, rejected: { scope_mismatch: 2 } }],
  pipelines: [{ pipeline: 'logs', scope, signal: 'logs', accepted, dropped: { filter: 1, none: 0 } }],
  exporters: [
    {
      exporter: 'debug',
      scope,
      signal: 'logs',
      routed: accepted,
      exported,
      refused: 0,
      dropped: {},
      inFlight: accepted - exported,
      onFull: 'drop',
    },
  ],
  queues: [
    {
      exporter: 'debug',
      scope,
      sizer: 'items',
      size: accepted - exported,
      capacity: 1000,
      bytes: 10 * (accepted - exported),
      bytesMax: 100_000,
      share: 1,
    },
  ],
});
const both = (...all: LedgerAnswer[]): LedgerAnswer => ({
  receivers: all.flatMap(({ receivers }) => receivers),
  pipelines: all.flatMap(({ pipelines }) => pipelines),
  exporters: all.flatMap(({ exporters }) => exporters),
  queues: all.flatMap(({ queues }) => queues),
});
const columns = ['periscope_place', 'ServiceName', 'Points', 'Spans', 'Logs', 'Errors'].map((name) => ({ name, type: 'BIGINT' }));

describe('the overview', () => {
  it('is of one scope: what others have does not count', () => {
    const overview = new Overview('A');
    overview.readLedger(both(ledger('A', 10, 8), ledger('B', 1000, 1000)), 0);
    expect(overview.intake).toMatchObject({ whole: 12, balanced: true, reasons: [['scope_mismatch', 2]] });
    expect(overview.exporters).toMatchObject([{ name: 'debug', whole: 10, balanced: true, perSecond: 0 }]);
    expect(overview.droppedOnTheWay).toEqual([['filter', 1]]);
  });

  it('has of each exporter how full its queue is with what this scope sends, and nothing where it runs no more', () => {
    const overview = new Overview('A');
    const { queues: _, ...counted } = ledger('A', 500, 10);
    overview.readLedger(both(ledger('B', 999, 0), ledger('A', 500, 10)), 0);
    expect(overview.exporters[0]?.queue).toEqual({ part: 0.49, text: '49% of 1k' });
    overview.readLedger({ ...counted, queues: [] }, 1000);
    expect(overview.exporters[0]).toMatchObject({ name: 'debug', queue: undefined });
  });

  it('tells what comes and goes per second, over the last five', () => {
    const overview = new Overview('A');
    for (const [second, accepted] of [0, 100, 200, 300, 400, 500, 600, 800].entries())
      overview.readLedger(ledger('A', accepted, accepted), second * 1000);
    const [, , logs] = overview.rates;
    expect(logs).toEqual({ signal: 'logs', perSecond: 120, history: [100, 100, 100, 100, 100, 100, 200] });
    expect(overview.exporters[0]?.perSecond).toBe(120);
    expect(overview.rates[0]).toMatchObject({ signal: 'metrics', perSecond: 0 });
  });

  it('begins anew with a collector that counts anew', () => {
    const overview = new Overview('A');
    overview.readLedger(ledger('A', 1000, 1000), 0);
    overview.readLedger(ledger('A', 1100, 1100), 1000);
    overview.readLedger(ledger('A', 5, 5), 2000);
    expect([overview.readings, overview.rates[2]?.perSecond]).toEqual([1, 0]);
    overview.readLedger(ledger('A', 15, 15), 3000);
    expect(overview.rates[2]).toMatchObject({ perSecond: 10, history: [100, 10] });
  });

  it('has services by what they send, and those that send nothing any more last', () => {
    const overview = new Overview('A');
    overview.servicesAre(
      {
        columns,
        rows: [
          [1, 'cart', 10, 0, 0, 0],
          [2, 'shop', 0, 5, 5, 1],
        ],
      },
      0,
    );
    expect(overview.services(0).map(({ name, perSecond }) => [name, perSecond])).toEqual([
      ['cart', undefined],
      ['shop', undefined],
    ]);
    overview.servicesAre(
      {
        changed: [
          [1, 'shop', 0, 25, 5, 1],
          [2, 'cart', 10, 0, 0, 0],
        ],
      },
      2000,
    );
    expect(overview.services(2000)).toEqual([
      { name: 'shop', perSecond: 10, points: 0, spans: 25, logs: 5, errors: 1 },
      { name: 'cart', perSecond: 0, points: 10, spans: 0, logs: 0, errors: 0 },
    ]);
    expect(overview.services(60_000)[0]?.perSecond).toBe(0);
    overview.servicesAre({ removed: [[2, 'cart', 10, 0, 0, 0]] }, 3000);
    expect(overview.services(3000)).toHaveLength(1);
  });

  it('keeps what happened, and hears of nothing twice after a break', () => {
    const overview = new Overview('A');
    const event = (time: string, text: string) =>
      ({ time, text, category: 'auth', type: 'LOGIN', severity: 'INFO', success: true, count: 1 }) as const;
    overview.activityIs([event('2026-11-21T11:00:00Z', 'one')], true);
    overview.activityIs([event('2026-11-21T11:01:01Z', 'two')], false);
    overview.activityIs([event('2026-11-21T11:01:01Z', 'two'), event('2026-11-21T11:02:02Z', 'three')], true);
    expect(overview.events?.map(({ text }) => text)).toEqual(['three', 'two', 'one']);
  });
});
