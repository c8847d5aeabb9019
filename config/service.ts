import { z } from 'zod';
import { duration } from '../pipeline/config-types.ts';
import { LIMITS } from '../pipeline/limits.ts';
import { telemetrySchema } from './telemetry.ts';

const ids = (of: string) => z.array(z.string()).meta({ description: of });

/** One entry of `service::pipelines`. Order matters for processors only. */
export const pipelineSchema = z.strictObject({
  receivers: ids('Ids from `receivers:`; at least one.').default([]),
  processors: ids('Ids from `processors:`, in order; memory_limiter and scope first.').default([]),
  exporters: ids('Ids from `exporters:`; at least one.').default([]),
});
export type PipelineConfig = z.output<typeof pipelineSchema>;

/** The `service:` section. */
export const serviceSchema = z
  .strictObject({
    extensions: ids('Ids from `extensions:` to start.').default([]),
    pipelines: z
      .record(
        z.string(),
        pipelineSchema.nullable().transform((value) => value ?? pipelineSchema.parse({})),
      )
      .default({})
      .meta({ description: 'By `<signal>` or `<signal>/<name>`; signals are metrics, traces, logs.' }),
    ack: z
      .enum(['queued', 'delivered'])
      .default('queued')
      .meta({ description: 'When a sender gets its answer: room reserved in every queue, or every destination has the items.' }),
    shutdown_timeout: duration()
      .default(LIMITS.shutdownTimeoutMs)
      .meta({ description: 'How long a stop may drain queues before what is left is dropped and counted.' }),
    reload_interval: duration()
      .default(LIMITS.reloadIntervalMs)
      .meta({ description: 'How often the configuration files are looked at, to go over to what changed; 0: on SIGHUP only.' }),
    telemetry: telemetrySchema,
  })
  .prefault({});
export type ServiceConfig = z.output<typeof serviceSchema>;
