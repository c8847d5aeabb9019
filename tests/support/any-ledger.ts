import fc from 'fast-check';
import type { ExporterRow, LedgerSnapshot, PipelineRow, ReceiverRow } from '../../pipeline/ledger.ts';
import { SIGNALS } from '../../pipeline/signal.ts';
import type { TrafficSnapshot } from '../../pipeline/traffic.ts';
import { sumOf } from './ledger.ts';

const items = fc.integer({ min: 0, max: 1e9 });
const word = fc.constantFrom('a', 'b/2', '__proto__', 'constructor', 'ü "\n');
const reasons = fc.dictionary(fc.constantFrom('filter', 'queue_full', 'shutdown', 'crash', 'toString'), items);
const place = { scope: word, signal: fc.constantFrom(...SIGNALS) };
const onePer = <Row extends { scope: string; signal: string }>(row: fc.Arbitrary<Row>, id: (row: Row) => string) =>
  fc.uniqueArray(row, { maxLength: 8, selector: (each) => JSON.stringify([id(each), each.scope, each.signal]) });

const receiver: fc.Arbitrary<ReceiverRow> = fc
  .record({
    receiver: word,
    ...place,
    accepted: items,
    rejected: reasons,
    unread: fc.option(fc.record({ rate_limited: items }), { nil: undefined }),
  })
  .map(({ unread, ...row }) => ({
    ...row,
    received: row.accepted + sumOf(row.rejected),
    ...(unread !== undefined && { unreadRequests: unread }),
  }));
const pipeline: fc.Arbitrary<PipelineRow> = fc.record({ pipeline: word, ...place, accepted: items, dropped: reasons });
const exporter: fc.Arbitrary<ExporterRow> = fc
  .record({
    exporter: word,
    ...place,
    exported: items,
    refused: items,
    dropped: reasons,
    inFlight: items,
    onFull: fc.constantFrom('refuse' as const, 'drop' as const, 'block' as const),
  })
  .map((row) => ({ ...row, routed: row.exported + row.refused + sumOf(row.dropped) + row.inFlight }));

/** What a process may have counted, row by row in balance. */
export const anyLedger: fc.Arbitrary<LedgerSnapshot> = fc.record({
  receivers: onePer(receiver, (row) => row.receiver),
  pipelines: onePer(pipeline, (row) => row.pipeline),
  exporters: onePer(exporter, (row) => row.exporter),
});

const byId = <Value>(value: fc.Arbitrary<Value>) =>
  fc.uniqueArray(fc.tuple(word, value), { maxLength: 3, selector: ([id]) => id });
const bySignal = <Value>(value: fc.Arbitrary<Value>) => fc.record({ metrics: value, traces: value, logs: value });
const taken = fc.record({ accepted: items, refused: items });

export const anyTraffic: fc.Arbitrary<TrafficSnapshot> = fc.record({
  receivers: byId(bySignal(fc.record({ http: taken, grpc: taken, in_process: taken }))),
  processors: byId(bySignal(fc.record({ incoming: items, outgoing: items }))),
  unread: byId(byId(items)),
  turnedAway: byId(bySignal(items)),
});
