import type { BatchSizer } from './batch/cut.ts';
import type { Component, Kind } from './component.ts';
import type { Binding } from './scope/binding.ts';
import type { ScopeLimits } from './scope-limits.ts';
import type { Signal } from './signal.ts';

/** One configured component: `id` is the YAML key (`type` or `type/name`), `config` what its schema parsed to. */
export interface Instance<K extends Kind = Kind> {
  readonly id: string;
  readonly component: Component<K, unknown>;
  readonly config: unknown;
}

/** `refuse` answers the sender 503, `drop` lets the new items go and counts them, `block` waits for room. */
export type OnFull = 'refuse' | 'drop' | 'block';

export interface QueueBatching {
  /** ms from the first item that waits. */
  readonly flush_timeout: number;
  /** In units of `sizer`; 0 = nothing waits. */
  readonly min_size: number;
  /** In units of `sizer`; 0 = no limit. */
  readonly max_size: number;
  readonly sizer: BatchSizer;
  /** Header names whose values keep batches apart. */
  readonly partition: { readonly metadata_keys: readonly string[] };
}

/** Keys as in the Go collector's `sending_queue`, `retry_on_failure`, `timeout`; every exporter has them. */
export interface Delivery {
  readonly sending_queue: {
    readonly enabled: boolean;
    readonly num_consumers: number;
    readonly queue_size: number;
    readonly sizer: 'items' | 'bytes' | 'requests';
    /** A second bound, always on. */
    readonly queue_bytes: number;
    readonly on_full: OnFull;
    readonly block_on_overflow: boolean;
    readonly wait_for_result: boolean;
    /** How much of the queue one scope may fill by itself, 0 to 1; absent = all of it. */
    readonly scope_share?: number | undefined;
    /** Requests of one scope are made into larger ones before they are sent; absent = each is sent as it comes. */
    readonly batch?: QueueBatching | undefined;
  };
  readonly retry_on_failure: {
    readonly enabled: boolean;
    readonly initial_interval: number;
    readonly max_interval: number;
    readonly multiplier: number;
    readonly randomization_factor: number;
    /** ms; 0 = for ever. */
    readonly max_elapsed_time: number;
  };
  /** ms per attempt; 0 = none. */
  readonly timeout: number;
  /** Only these scopes are sent there; absent = all that its pipelines carry. */
  readonly scopes?: readonly string[] | undefined;
}

export interface PipelinePlan {
  /** `metrics`, `traces/raw`. */
  readonly id: string;
  readonly signal: Signal;
  readonly receivers: readonly string[];
  /** In order; `memory_limiter` and `scope` may stand here, first. */
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** A validated configuration, ready to build: what `config/` hands to `pipeline/graph.ts`. */
export interface Plan {
  readonly receivers: readonly Instance<'receiver'>[];
  readonly processors: readonly Instance<'processor' | 'admission' | 'scope'>[];
  readonly exporters: readonly (Instance<'exporter'> & { readonly delivery: Delivery })[];
  readonly extensions: readonly Instance<'extension'>[];
  readonly pipelines: readonly PipelinePlan[];
  readonly service: {
    readonly ack: 'queued' | 'delivered';
    readonly shutdownTimeoutMs: number;
  };
  /** Absolute; see `Host.storage`. */
  readonly storage: { readonly directory: string };
  /** What the process is bound to, and the names a claim may use; from the matrix. */
  readonly scope: {
    readonly binding: Binding;
    readonly known: readonly string[];
    /** By scope; one that is not in it has none. */
    readonly limits: ReadonlyMap<string, ScopeLimits>;
  };
}
