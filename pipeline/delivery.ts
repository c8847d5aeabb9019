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
}

/**
 * The keys that every exporter has, as the Go collector's exporterhelper names them. An exporter's schema is
 * `z.strictObject({ ...deliveryFields, …its own })`, or spreads `deliveryFieldsWith` where its defaults differ.
 */
export function deliveryFieldsWith(defaults: DeliveryDefaults) {
  return {
    sending_queue: sendingQueue(defaults.onFull ?? 'refuse'),
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

function sendingQueue(onFull: OnFull) {
  const fields = z.strictObject({
    enabled: z
      .boolean()
      .default(true)
      .meta({ description: 'false = the sender is answered when this destination has the items (as `wait_for_result`).' }),
    num_consumers: z
      .int()
      .min(1)
      .max(LIMITS.queueConsumers)
      .default(10)
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
    scope_share: z
      .number()
      .gt(0, 'must be above 0 and at most 1')
      .max(1, 'must be above 0 and at most 1')
      .optional()
      .meta({
        description: `How much of this queue one scope may fill by itself. Default: ${LIMITS.queueScopeShare} where listeners have \`auth\` or different \`scope\`s, else 1 (all of it).`,
      }),
  });
  const complete = (given: z.output<typeof fields>): Delivery['sending_queue'] => {
    const sizer = given.sizer ?? (given.queue_size === undefined ? 'items' : 'requests');
    return {
      ...given,
      sizer,
      queue_size: given.queue_size ?? SIZE_DEFAULTS[sizer],
      on_full: given.block_on_overflow ? 'block' : given.on_full,
    };
  };
  return fields
    .nullish()
    .transform((given) => complete(given ?? fields.parse({})))
    .meta({ description: 'The queue in front of this destination.' });
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
