import type { Signal } from './signal.ts';

/** received = accepted + sum(rejected). Items. */
export interface ReceiverRow {
  readonly receiver: string;
  readonly scope: string;
  readonly signal: Signal;
  readonly received: number;
  readonly accepted: number;
  readonly rejected: Readonly<Record<string, number>>;
}

/** accepted = routed + sum(dropped), per pipeline. Items. */
export interface PipelineRow {
  readonly pipeline: string;
  readonly scope: string;
  readonly signal: Signal;
  readonly accepted: number;
  readonly dropped: Readonly<Record<string, number>>;
}

/** routed = exported + refused + sum(dropped) + inFlight, where inFlight is counted in the queues. Items. */
export interface ExporterRow {
  readonly exporter: string;
  readonly scope: string;
  readonly signal: Signal;
  readonly routed: number;
  readonly exported: number;
  readonly refused: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly inFlight: number;
}

export interface LedgerSnapshot {
  readonly receivers: readonly ReceiverRow[];
  readonly pipelines: readonly PipelineRow[];
  readonly exporters: readonly ExporterRow[];
}
