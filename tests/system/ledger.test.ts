import { expect, it } from 'vitest';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { encode, logRecord, point, request, gauge, span } from '../support/build.ts';
import { Collector, yamlOf } from '../support/collector.ts';
import { attributeOf, difference, itemsOf, NO_DIFFERENCE } from '../support/items.ts';
import { OtlpSink } from '../support/otlp-sink.ts';
import { decode, type Tree } from '../support/reference/otlp.ts';

/** CI holds the equations for a minute; a person's `npm test` for a few seconds. */
const SECONDS = process.env['CI'] === 'true' ? 60 : 6;
const PER_REQUEST = 20;
const SENDERS = 4;

const sumOf = (reasons: Readonly<Record<string, number>>): number =>
  Object.values(reasons).reduce((sum, count) => sum + count, 0);
const total = <Row>(rows: readonly Row[], of: (row: Row) => number): number => rows.reduce((sum, row) => sum + of(row), 0);

/** The equations of the design, row by row; in flight is what the queues hold, not what is left over. */
function expectBalance({ receivers, pipelines, exporters }: LedgerSnapshot): void {
  for (const row of receivers) expect(row.accepted + sumOf(row.rejected), JSON.stringify(row)).toBe(row.received);
  for (const row of exporters) {
    const { routed, exported, refused, dropped, inFlight } = row;
    expect(exported + refused + sumOf(dropped) + inFlight, JSON.stringify(row)).toBe(routed);
    const feeding = pipelines.filter((each) => each.signal === row.signal && each.scope === row.scope);
    expect(
      total(feeding, (each) => each.accepted - sumOf(each.dropped)),
      JSON.stringify({ row, feeding }),
    ).toBe(routed);
  }
  for (const row of receivers) {
    const fed = pipelines.find((each) => each.signal === row.signal && each.scope === row.scope);
    expect(fed?.accepted ?? 0, JSON.stringify({ row, fed })).toBe(row.accepted);
  }
}

function body(signal: Signal, ids: readonly string[]): Uint8Array {
  const items: Record<Signal, () => Tree[]> = {
    metrics: () => [
      gauge(
        'g',
        ids.map((id) => point({ id })),
      ),
    ],
    traces: () => ids.map((id) => span({ id })),
    logs: () => ids.map((id) => logRecord({ id })),
  };
  return encode(signal, request(signal, [{ resource: { 'service.name': 'ledger' }, items: items[signal]() }]));
}

/** Ids in requests that the sink took; a request it refused is not counted. */
function idsOf(sink: OtlpSink, taken: ReadonlySet<number>): string[] {
  return sink.requests.flatMap((each, index) =>
    taken.has(index) && each.signal !== undefined
      ? itemsOf(each.signal, decode(each.signal, each.body)).map(({ item }) => attributeOf(item, 'id') ?? '')
      : [],
  );
}

it(
  `the ledger balances at any moment of ${SECONDS} s while one destination refuses every third request`,
  { timeout: (SECONDS + 120) * 1000 },
  async () => {
    const taken = { steady: new Set<number>(), failing: new Set<number>() };
    let seen = 0;
    const steady = await OtlpSink.start((_request, index) => {
      taken.steady.add(index);
      return {};
    });
    const failing = await OtlpSink.start((_request, index) => {
      if (seen++ % 3 === 2) return { status: 503 };
      taken.failing.add(index);
      return { delayMs: 2 };
    });
    try {
      const retry = 'retry_on_failure: { initial_interval: 10ms, max_interval: 50ms, max_elapsed_time: 0 }';
      const exporters = `  otlp_http/steady: { endpoint: "${steady.url}", ${retry} }\n  otlp_http/failing: { endpoint: "${failing.url}", compression: none, ${retry} }\n`;
      const processors = '  scope:\n  sanitize:\n  batch: { timeout: 20ms, send_batch_size: 500 }\n';
      await using collector = await Collector.start(
        yamlOf({ exporters, processors, chain: ['scope', 'sanitize', 'batch'], service: '  shutdown_timeout: 20s\n' }),
        { env: { DASHBOARD_SCOPE: 'ENTERPRISE' } },
      );
      const until = Date.now() + SECONDS * 1000;
      let sent = 0;
      let snapshots = 0;
      let busy = 0;
      const acknowledged: string[] = [];
      const sender = async (name: number): Promise<void> => {
        for (let n = 0; Date.now() < until; n++) {
          const signal = SIGNALS[n % 3] as Signal;
          const ids = Array.from({ length: PER_REQUEST }, (_, each) => `${name}.${n}.${each}`);
          sent += ids.length;
          const answer = await collector.send(`/v1/${signal}`, body(signal, ids));
          if (answer.status === 200) acknowledged.push(...ids);
          // Enough to keep batches, queues and retries busy, and no more than the naive reader can decode afterwards.
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      const watcher = async (): Promise<void> => {
        while (Date.now() < until) {
          const before = { sent, acknowledged: acknowledged.length };
          const ledger = await collector.ledger();
          expectBalance(ledger);
          const accepted = total(ledger.receivers, (row) => row.accepted);
          // The ledger stands between what was acknowledged before it was asked for and what had been sent after.
          expect(accepted).toBeGreaterThanOrEqual(before.acknowledged);
          expect(accepted).toBeLessThanOrEqual(sent);
          busy += total(ledger.exporters, (row) => row.inFlight) > 0 ? 1 : 0;
          snapshots += 1;
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      await Promise.all([...Array.from({ length: SENDERS }, (_, name) => sender(name)), watcher()]);
      expect(snapshots).toBeGreaterThan(SECONDS * 5);
      expect(busy).toBeGreaterThan(0);
      expect(await collector.stop()).toEqual({ code: 0, signal: null });

      expect(difference(idsOf(steady, taken.steady), acknowledged)).toEqual(NO_DIFFERENCE);
      expect(difference(idsOf(failing, taken.failing), acknowledged)).toEqual(NO_DIFFERENCE);
      expect(collector.output).not.toContain('in flight');
      expect(collector.output).not.toContain('not delivered');
    } finally {
      await steady.close();
      await failing.close();
    }
  },
);
