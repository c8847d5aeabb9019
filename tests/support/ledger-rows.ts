import type { ExporterRow, LedgerSnapshot, ReceiverRow } from '../../pipeline/ledger.ts';

/** Rows of a ledger with what a test does not care about filled in. */
export const receiverRow = (row: Partial<ReceiverRow>): ReceiverRow => ({
  receiver: 'otlp',
  scope: 'global',
  signal: 'metrics',
  received: 0,
  accepted: 0,
  rejected: {},
  ...row,
});

export const exporterRow = (row: Partial<ExporterRow>): ExporterRow => ({
  exporter: 'debug',
  scope: 'global',
  signal: 'metrics',
  routed: 0,
  exported: 0,
  refused: 0,
  dropped: {},
  inFlight: 0,
  onFull: 'refuse',
  ...row,
});

export const ledgerOf = (rows: Partial<LedgerSnapshot>): LedgerSnapshot => ({
  receivers: [],
  pipelines: [],
  exporters: [],
  ...rows,
});
