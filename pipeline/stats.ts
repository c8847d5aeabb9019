import type { Kind } from './component.ts';
import type { Delivery } from './plan.ts';
import type { Traffic } from './traffic.ts';

/** What one component counts by itself. */
export interface ComponentStats {
  readonly id: string;
  readonly kind: Kind;
  /** Of a processor, which is one per pipeline. */
  readonly pipeline?: string;
  readonly stats: Readonly<Record<string, number>>;
}

/** The queue of one exporter, over all signals and scopes. */
export interface QueueStats {
  readonly exporter: string;
  readonly sizer: Delivery['sending_queue']['sizer'];
  /** In units of `sizer`; what is reserved for items that processors hold is part of it. */
  readonly size: number;
  readonly capacity: number;
  readonly bytes: number;
  readonly bytesMax: number;
  /** Batches that are being sent, or wait to be sent again. */
  readonly inFlight: number;
}

/** What one scope has of the queue of one exporter, over all signals. Nothing in it depends on what others have there. */
export interface QueueShare {
  readonly exporter: string;
  readonly scope: string;
  readonly sizer: QueueStats['sizer'];
  /** In units of `sizer`, of this scope; what is reserved for its items that processors hold is part of it. */
  readonly size: number;
  /** Of the whole queue. */
  readonly capacity: number;
  /** Of this scope. */
  readonly bytes: number;
  /** Of the whole queue. */
  readonly bytesMax: number;
  /** How much of the queue one scope may fill by itself: above 0, at most 1. */
  readonly share: number;
}

/** What a running graph tells for own metrics, beside its ledger. */
export interface GraphStats {
  readonly components: readonly ComponentStats[];
  readonly queues: readonly QueueStats[];
  readonly traffic: Traffic;
}
