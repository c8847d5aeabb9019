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

/** What a running graph tells for own metrics, beside its ledger. */
export interface GraphStats {
  readonly components: readonly ComponentStats[];
  readonly queues: readonly QueueStats[];
  readonly traffic: Traffic;
}
