import { z } from 'zod';
import { byteSize, duration } from './config-types.ts';
import { LIMITS } from './limits.ts';
import type { Delivery, OnFull } from './plan.ts';

const SIZERS = ['items', 'bytes', 'requests'] as const;
/** The collector's own default is 1,000 requests; ours bounds what memory depends on. */
const SIZE_DEFAULTS = { items: LIMITS.queueItems, bytes: LIMITS.queueBytes, requests: LIMITS.queueRequests } as const;

interface DeliveryDefaults {
  readonly onFull?: OnFull;
  /** Per attempt, as the Go collector writes it ("30s"). */
  readonly timeout?: string;
  /** `num_consumers`; the Go collector's unless given. */
  readonly consumers?: number;
}

/**
 * The keys that every exporter has, as the Go collector's exporterhelper names them. An exporter's schema is
 * `z.strictObject({ ...deliveryFields, …its own })`, or spreads `deliveryFieldsWith` where its defaults differ.
 */
export function deliveryFieldsWith(defaults: DeliveryDefaults) {
  return {
    sending_queue: sendingQueue(defaults.onFull ?? 'refuse', defaults.consumers ?? 10),
    retry_on_failure: retryOnFailure(),
    timeout: duration()
      .default(() => duration().parse(defaults.timeout ?? '5s'))
      .meta({ description: 'Time for one attempt; 0 = no limit. A timed-out attempt is tried again.' }),
    scopes: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .meta({ description: 'Only these scopes are sent there; absent = all that its pipelines carry.' }),
  };
}

export const deliveryFields = deliveryFieldsWith({});

/** The part of a parsed exporter config that `pipeline/` acts on. `scopeShare`: where the config says none. */
export function deliveryOf(config: Delivery, scopeShare = 1): Delivery {
  const { retry_on_failure, timeout, scopes } = config;
  // The only scope that can come has it all.
  const scope_share = scopes?.length === 1 ? 1 : (config.sending_queue.scope_share ?? scopeShare);
  const sending_queue = { ...config.sending_queue, scope_share };
  return scopes === undefined
    ? { sending_queue, retry_on_failure, timeout }
    : { sending_queue, retry_on_failure, timeout, scopes };
}

function sendingQueue(onFull: OnFull, consumers: number) {
  const fields = z.strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: 'false = the sender is answered when this destination has the items (as `wait_for_result`).' }),
    num_consumers: z
      .int()
      .min(1)
      .max(LIMITS.queueConsumers)
      .default(consumers)
      .meta({ description: 'Sends under way at once, and batches that may wait for a retry while others are tried.' }),
    queue_size: z
      .int()
      .min(1)
      .optional()
      .meta({
        description: `Bound, in units of \`sizer\`. Default ${SIZE_DEFAULTS.items} items; 1000 requests with \`sizer: requests\`.`,
      }),
    sizer: z.enum(SIZERS).optional().meta({
      description: 'What `queue_size` counts. Default items; requests, as in the Go collector, where only `queue_size` is given.',
    }),
    queue_bytes: byteSize({ min: 1 })
      .default(LIMITS.queueBytes)
      .meta({ description: 'A second bound, always on: bytes of uncompressed OTLP held for this destination.' }),
    on_full: z.enum(['refuse', 'drop', 'block']).default(onFull).meta({
      description:
        'refuse = the sender gets 503 and Retry-After; drop = new items are let go and counted; block = the sender waits for room.',
    }),
    block_on_overflow: z.boolean().default(false).meta({ description: "The Go collector's name for `on_full: block`." }),
    wait_for_result: z
      .boolean()
      .default(false)
      .meta({ description: 'The sender is answered when this destination has the items.' }),
    batch: batching(),
    // TODO(spool): the queue on disk.
    storage: z
      .null({
        error: 'a queue on disk is not there yet; leave it out, and with wait_for_result a sender keeps what is not delivered',
      })
      .optional()
      .meta({ description: 'Not there yet: a queue on disk. `wait_for_result` lets the sender keep what is not delivered.' }),
    scope_share: z
      .number()
      .gt(0, 'must be above 0 and at most 1')
      .max(1, 'must be above 0 and at most 1')
      .optional()
      .meta({
        description: `How much of this queue one scope may fill by itself. Default: ${LIMITS.queueScopeShare} where listeners have \`auth\` or different \`scope\`s, else 1 (all of it).`,
      }),
  });
  return fields
    .nullish()
    .transform((given, context) => {
      const queue = completed(given ?? fields.parse({}));
      for (const { key, message } of batchFaults(given?.batch?.sizer ?? given?.sizer, queue))
        context.addIssue({ code: 'custom', path: ['batch', key], message });
      return queue;
    })
    .meta({ description: 'The queue in front of this destination.' });
}

type Queue = Delivery['sending_queue'];
/** As it is given. */
interface QueueInput extends Omit<Queue, 'sizer' | 'queue_size' | 'batch'> {
  readonly sizer?: Queue['sizer'] | undefined;
  readonly queue_size?: number | undefined;
  readonly storage?: null | undefined;
  readonly batch?: z.output<ReturnType<typeof batching>>;
}

function completed({ batch, ...given }: QueueInput): Queue {
  const sizer = given.sizer ?? (given.queue_size === undefined ? 'items' : 'requests');
  const queue = {
    ...given,
    sizer,
    queue_size: given.queue_size ?? SIZE_DEFAULTS[sizer],
    on_full: given.block_on_overflow ? ('block' as const) : given.on_full,
  };
  // As in the collector, where all of a queue that is not enabled counts for nothing.
  if (batch === undefined || !given.enabled) return queue;
  return { ...queue, batch: { ...batch, sizer: batch.sizer ?? (given.sizer === 'bytes' ? 'bytes' : 'items') } };
}

/** `asked`: the sizer that the batch would have as it is written. */
function* batchFaults(asked: Queue['sizer'] | undefined, { batch, sizer, queue_size }: Queue) {
  if (batch === undefined) return;
  if (asked === 'requests') {
    yield { key: 'sizer', message: "is the queue's, which counts requests; a batch counts items or bytes" };
  } else if (batch.sizer === sizer && batch.min_size > queue_size) {
    yield { key: 'min_size', message: `must be at most the queue_size, ${queue_size}: such a batch never comes together` };
  }
}

/** What the collector's `sending_queue::batch` has; its sizer, where none is given, is the queue's. */
function batching() {
  const fields = z
    .strictObject({
      flush_timeout: duration()
        .refine((ms) => ms > 0, { message: 'must be above 0' })
        .default(200)
        .meta({ description: 'A batch is sent after this time whatever its size.' }),
      min_size: z
        .int()
        .min(0)
        .default(8192)
        .meta({ description: 'Size at which a batch is sent at once, in units of `sizer`; 0 = nothing waits.' }),
      max_size: z
        .int()
        .min(0)
        .default(0)
        .meta({ description: 'Size of the largest batch; larger ones are cut. 0 = no limit; else at least `min_size`.' }),
      sizer: z
        .enum(['items', 'bytes'])
        .optional()
        .meta({ description: "What the sizes count. Default the queue's `sizer` where that is given, else items." }),
      partition: z
        .strictObject({
          metadata_keys: z
            .array(z.string().min(1))
            .default([])
            .refine((keys) => new Set(keys.map((key) => key.toLowerCase())).size === keys.length, {
              message: 'names a key twice',
            })
            .meta({ description: 'Request headers whose values keep batches apart; the receiver must have `include_metadata`.' }),
        })
        .default({ metadata_keys: [] })
        .meta({ description: 'What keeps batches apart, besides the scope.' }),
    })
    .refine((value) => value.max_size === 0 || value.max_size >= value.min_size, {
      message: 'must be 0 or at least min_size',
      path: ['max_size'],
    });
  return fields
    .nullable()
    .transform((given) => given ?? fields.parse({}))
    .optional()
    .meta({ description: 'Makes larger requests of small ones, each of one scope; absent = each is sent as it comes.' });
}

function retryOnFailure() {
  const fields = z.strictObject({
    enabled: z.boolean().default(true).meta({ description: 'false = a failed attempt is the last.' }),
    initial_interval: duration().default(5000).meta({ description: 'Longest wait after the first failure.' }),
    max_interval: duration().default(30_000).meta({ description: 'Longest wait after any failure.' }),
    multiplier: z.number().min(1).default(1.5).meta({ description: 'Growth of the longest wait per failure.' }),
    randomization_factor: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .meta({ description: 'How much of the wait is random: 1 = anything from 0 (full jitter), 0 = always the longest.' }),
    max_elapsed_time: duration().default(300_000).meta({ description: 'Then the items are dropped and counted; 0 = never.' }),
  });
  return fields
    .nullish()
    .transform((given): Delivery['retry_on_failure'] => given ?? fields.parse({}))
    .meta({ description: 'Trying again what a destination refused for now. Its Retry-After is always kept.' });
}
