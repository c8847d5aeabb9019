import { describe, expect, it } from 'vitest';
import type { ExporterRow, ReceiverRow } from '../../../../pipeline/ledger.ts';
import { streamBench } from '../../../support/stream-bench.ts';

const { start } = streamBench();
const receiver = (scope: string, accepted: number, rejected: Record<string, number> = {}): ReceiverRow => ({
  receiver: 'otlp',
  scope,
  signal: 'metrics',
  received: accepted,
  accepted,
  rejected,
});
const exporter = (scope: string, refused: number, dropped: Record<string, number> = {}): ExporterRow => ({
  exporter: 'otlp_http',
  scope,
  signal: 'logs',
  routed: 0,
  exported: 0,
  refused,
  dropped,
  inFlight: 0,
  onFull: 'refuse',
});

describe('activity', () => {
  it('tells what the audit trail notes of the scope, alike ones together', async () => {
    const started = await start();
    const client = await started.connect('A');
    client.send({ subscribe: 'activity', id: 'a' });
    expect(await client.next()).toMatchObject({ type: 'snapshot', events: [] });
    const event = { type: 'AUTH', severity: 'INFO', action: 'token_accepted', result: 'SUCCESS', user: 'me' } as const;
    for (const scope of ['A', 'A', 'B', undefined]) void started.audit.record({ ...event, scope });
    void started.audit.record({
      type: 'METRIC_MUTATION',
      severity: 'INFO',
      action: 'deleted',
      result: 'SUCCESS',
      scope: 'A',
      items: 12,
    });
    await started.tick();
    const delta = await client.nextOf('delta');
    expect(delta['events']).toMatchObject([
      { category: 'auth', type: 'token_accepted', severity: 'INFO', success: true, text: 'token accepted me', count: 2 },
      { category: 'metric', type: 'deleted', count: 12 },
    ]);
    await started.tick();
    const late = await started.connect('A');
    late.send({ subscribe: 'activity', id: 'a' });
    expect(((await late.nextOf('snapshot'))['events'] as unknown[]).length).toBeGreaterThanOrEqual(2);
  });

  it('tells admins what belongs to no scope, too', async () => {
    const started = await start();
    const admin = await started.connect('A', { permissions: ['stream', 'admin'] });
    const other = await started.connect('A');
    for (const client of [admin, other]) await client.send({ subscribe: 'activity', id: 'a' }).nextOf('snapshot');
    await started.tick();
    void started.audit.record({ type: 'CONFIG_CHANGE', severity: 'INFO', action: 'reloaded', result: 'SUCCESS' });
    await started.tick();
    await Promise.all([admin.settled(), other.settled()]);
    expect(JSON.stringify(admin.messages)).toContain('reloaded');
    expect(JSON.stringify(other.messages)).not.toContain('reloaded');
  });

  it('tells what the ledger has counted since, by reason', async () => {
    const started = await start();
    started.ledger = { receivers: [receiver('A', 100, { scope_mismatch: 5 })], pipelines: [], exporters: [] };
    const client = await started.connect('A');
    client.send({ subscribe: 'activity', id: 'a' });
    await client.nextOf('snapshot');
    started.ledger = {
      receivers: [receiver('A', 150, { scope_mismatch: 7 }), receiver('B', 9)],
      pipelines: [],
      exporters: [exporter('A', 3, { queue_full: 4 })],
    };
    await started.tick();
    expect((await client.nextOf('delta'))['events']).toMatchObject([
      { category: 'metric', type: 'received', severity: 'INFO', success: true, text: 'data points received at otlp', count: 50 },
      { category: 'rejection', type: 'rejected', success: false, text: 'data points rejected at otlp: scope mismatch', count: 2 },
      { category: 'rejection', type: 'refused', text: 'log records refused by otlp_http', count: 3 },
      { category: 'rejection', type: 'dropped', text: 'log records dropped by otlp_http: queue full', count: 4 },
    ]);
  });

  it('gathers nothing when nobody is there', async () => {
    const started = await start();
    let asked = 0;
    const { ledger } = started;
    Object.defineProperty(started, 'ledger', { get: () => ((asked += 1), ledger) });
    const client = await started.connect('A');
    await started.tick();
    expect(asked).toBe(0);
    client.send({ subscribe: 'activity', id: 'a' });
    await client.nextOf('snapshot');
    client.send({ unsubscribe: 'a' });
    await client.nextOf('unsubscribed');
    const before = asked;
    await started.tick();
    expect(asked).toBe(before);
  });
});
