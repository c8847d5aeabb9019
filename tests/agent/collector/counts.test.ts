import { expect, it } from 'vitest';
import { deliveryLines, exportedSince, formatCount, lostByReason, receivedBySignal } from '../../../agent/collector/counts.ts';
import { exporterRow, ledgerOf, receiverRow } from '../../support/ledger-rows.ts';

it('what came in is summed over receivers and scopes', () => {
  const receivers = [
    receiverRow({ received: 5 }),
    receiverRow({ scope: 'ACME', received: 7 }),
    receiverRow({ signal: 'logs', received: 1 }),
  ];
  expect(receivedBySignal(ledgerOf({ receivers }))).toEqual({ metrics: 12, traces: 0, logs: 1 });
});

it('what was lost is summed by reason, wherever it was lost', () => {
  const ledger = ledgerOf({
    receivers: [receiverRow({ rejected: { scope_mismatch: 2 } })],
    pipelines: [{ pipeline: 'metrics', scope: 'global', signal: 'metrics', accepted: 9, dropped: { too_deep: 1 } }],
    exporters: [
      exporterRow({ dropped: { queue_full: 3 }, refused: 4 }),
      exporterRow({ scope: 'ACME', dropped: { queue_full: 1 } }),
    ],
  });
  expect(Object.fromEntries(lostByReason(ledger))).toEqual({
    scope_mismatch: 2,
    too_deep: 1,
    queue_full: 4,
    destination_refused: 4,
  });
});

it('the end of a run says for each exporter what was delivered and what was not', () => {
  const exporters = [
    exporterRow({ exporter: 'otlp_http', exported: 12_345, dropped: { shutdown: 10 }, inFlight: 2 }),
    exporterRow({ exporter: 'otlp_http', signal: 'logs', exported: 1, refused: 3 }),
    exporterRow({ exporter: 'debug', exported: 7 }),
    exporterRow({ exporter: 'file' }),
  ];
  expect(deliveryLines(ledgerOf({ exporters }))).toEqual([
    'otlp_http: delivered 12,345 data points, 1 log records; not delivered: 10 shutdown, 3 destination_refused, 2 still in flight',
    'debug: delivered 7 data points',
    'file: delivered nothing',
  ]);
});

it('counts are grouped by thousands', () => {
  expect(formatCount(1_234_567.4)).toBe('1,234,567');
});

it('what was counted before this process is no part of what it says at its end', () => {
  const crash = exporterRow({ routed: 10, exported: 8, dropped: { crash: 2 } });
  const before = ledgerOf({ exporters: [crash, exporterRow({ exporter: 'gone', routed: 1, exported: 1 })] });
  const now = ledgerOf({
    exporters: [
      { ...crash, routed: 15, exported: 11, refused: 1, dropped: { crash: 2, shutdown: 1 } },
      ...before.exporters.slice(1),
      exporterRow({ exporter: 'new', routed: 4, exported: 4 }),
    ],
  });
  expect(deliveryLines(exportedSince(before, now))).toEqual([
    'debug: delivered 3 data points; not delivered: 1 shutdown, 1 destination_refused',
    'new: delivered 4 data points',
  ]);
  expect(exportedSince(now, now).exporters).toEqual([]);
});
