import { z } from 'zod';
import { byteSize, duration } from '../pipeline/config-types.ts';
import { LIMITS } from '../pipeline/limits.ts';
import type { ScopeLimits } from '../pipeline/scope-limits.ts';

/** `limits:` of one scope (docs/decisions/0016). Absent options are no limit. */
export const scopeLimitsSchema = z.strictObject({
  items_per_second: z.number().positive().optional().meta({ description: 'Data points, spans and log records a second.' }),
  bytes_per_second: byteSize({ min: 1 })
    .optional()
    .meta({ description: 'Bytes of uncompressed OTLP a second, such as 10MiB; JSON counts as the protobuf it becomes.' }),
  requests_per_second: z.number().positive().optional().meta({ description: 'Requests a second.' }),
  concurrent_requests: z.int().positive().optional().meta({ description: 'Requests under way at once, from head to answer.' }),
  burst: duration({ min: 1, max: LIMITS.scopeBurstMaxMs })
    .default(LIMITS.scopeBurstMs)
    .meta({ description: 'What may come at once after a pause: as much as in this time at the rate; at most 1m.' }),
});

export function scopeLimitsOf(written: z.output<typeof scopeLimitsSchema>): ScopeLimits {
  return {
    itemsPerSecond: written.items_per_second,
    bytesPerSecond: written.bytes_per_second,
    requestsPerSecond: written.requests_per_second,
    concurrentRequests: written.concurrent_requests,
    burstMs: written.burst,
  };
}
