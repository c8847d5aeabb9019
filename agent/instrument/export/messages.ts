import type { MessagePort } from 'node:worker_threads';
import type { CollectedRequest } from '../metrics/contract.ts';
import type { ExportSettings, ExportStatus, LineLevel } from './metric-export.ts';
import type { SeriesRecords } from './series-log.ts';

/** What passes between the application's thread and the worker, beside the cells. */
export interface WorkerData {
  readonly control: SharedArrayBuffer;
  readonly settings: ExportSettings;
  /** A Resource message. */
  readonly resource: Uint8Array;
  /** False: it only delivers what it is handed, at the end of a process that exports on its own thread. */
  readonly exports: boolean;
  /** Another worker has exported these series before; what it delivered is not known. */
  readonly again: boolean;
}

/** A request, as far as it can go to another thread. */
export type Sendable = Pick<CollectedRequest, 'body' | 'points'>;

export type ToWorker =
  | { readonly type: 'observed'; readonly round: number; readonly records: SeriesRecords }
  | { readonly type: 'flush'; readonly id: number; readonly timeoutMs: number; readonly records: SeriesRecords }
  /** A way to a collector in this process; without one by the network. */
  | { readonly type: 'seam'; readonly seam: MessagePort | undefined }
  | { readonly type: 'deliver'; readonly id: number; readonly timeoutMs: number; readonly requests: readonly Sendable[] };

export type FromWorker =
  | { readonly type: 'observe'; readonly round: number; readonly timeoutMs: number }
  | { readonly type: 'line'; readonly level: LineLevel; readonly text: string }
  | { readonly type: 'status'; readonly status: ExportStatus }
  | { readonly type: 'flushed'; readonly id: number; readonly delivered: boolean };

/** Cells of the shared Int32Array. */
export const CONTROL = {
  /** Id of the last flush that ended; the application's thread may wait for it with Atomics.wait. */
  flushed: 0,
  /** 1: it was delivered. */
  delivered: 1,
  /** Counts up while the application's event loop turns. */
  beat: 2,
  /** 1 while that thread waits for a flush: it is not blocked, then. */
  waiting: 3,
  /** Data points that were collected and have not arrived. */
  open: 4,
} as const;
/** 32 bits each. */
export const CONTROL_BYTES = 5 * 4;
