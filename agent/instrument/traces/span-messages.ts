import type { MessagePort } from 'node:worker_threads';
import type { LineLevel } from '../export/metric-export.ts';
import type { OtlpSettings } from '../settings.ts';

/** What passes between the application's thread and the one that sends its spans. */
export interface SpanWorkerData {
  /** Where they go. */
  readonly spans: OtlpSettings;
  /** Cells as in export/messages.ts: `flushed` is the id of the last request that has ended, `open` counts spans. */
  readonly control: SharedArrayBuffer;
}

/** An ExportTraceServiceRequest. */
export interface SpanRequest {
  /** Counts up. */
  readonly id: number;
  readonly body: Uint8Array;
  readonly spans: number;
}

export type ToSpanWorker =
  | ({ readonly type: 'spans' } & SpanRequest)
  /** The process ends: what is there is delivered or given up by then. */
  | { readonly type: 'end'; readonly timeoutMs: number }
  /** A way to a collector in this process; without one by the network. */
  | { readonly type: 'seam'; readonly seam: MessagePort | undefined };

export type FromSpanWorker =
  | { readonly type: 'ended'; readonly id: number; readonly delivered: boolean }
  | { readonly type: 'line'; readonly level: LineLevel; readonly text: string };
