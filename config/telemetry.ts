import { z } from 'zod';
import type { Fault } from './fault.ts';
import { metricsFaults, metricsSchema } from './own-metrics.ts';
import type { Tree } from './tree.ts';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
const ENCODINGS = ['console', 'json'] as const;

/** The collector writes levels in either case; what is above `error` in it shows errors here. */
const level = z
  .string()
  .transform((text) => text.toLowerCase())
  .transform((text) => (['dpanic', 'panic', 'fatal'].includes(text) ? 'error' : text))
  .pipe(z.enum(LEVELS));

const logs = z.looseObject({
  level: level
    .default('info')
    .meta({ description: 'Our own log from here up: debug, info, warn, error. There are no debug lines so far.' }),
  encoding: z
    .enum(ENCODINGS)
    .default('console')
    .meta({ description: 'console = a line of text each; json = a line of JSON each.' }),
});

/** `service::telemetry`. Loose, as configurations of the collector have keys here that are not ours: `telemetryFaults`. */
export const telemetrySchema = z
  .looseObject({
    logs: logs
      .nullish()
      .transform((given) => given ?? logs.parse({}))
      .meta({ description: "The collector's own log." }),
    metrics: metricsSchema.meta({ description: "The collector's own metrics, for Prometheus at `/metrics`." }),
  })
  .nullish()
  .transform((given) => ({ logs: given?.logs ?? logs.parse({}), metrics: given?.metrics ?? metricsSchema.parse({}) }))
  .meta({ description: 'What the collector tells of itself; other settings of the Go collector are named in a warning.' });

export interface LogSettings {
  readonly level: (typeof LEVELS)[number];
  readonly encoding: (typeof ENCODINGS)[number];
}

/** A warning for each setting that has no effect here, at its line: nobody shall believe in one that is not kept. */
export function telemetryFaults(service: Tree | undefined): Fault[] {
  const telemetry = service?.kind === 'map' ? service.entries.get('telemetry')?.value : undefined;
  if (telemetry?.kind !== 'map') return [];
  const faults: Fault[] = [];
  const ignored = (path: string, position: Fault['position'], why: string): void => {
    faults.push({ severity: 'warning', message: `has no effect: ${why}`, path: `service::telemetry::${path}`, position });
  };
  for (const [section, { keyAt, value }] of telemetry.entries) {
    if (section === 'logs') {
      if (value.kind !== 'map') continue;
      for (const [key, entry] of value.entries)
        if (!(key in logs.shape))
          ignored(`logs::${key}`, entry.keyAt, 'of logs there are level and encoding; lines go to stderr');
    } else if (section === 'metrics') {
      metricsFaults(value, (path, position, why) => ignored(`metrics::${path}`, position, why));
    } else if (section === 'traces') {
      if (!saysNone(value)) ignored(section, keyAt, 'there are no own traces');
    } else ignored(section, keyAt, 'of telemetry there are logs and metrics');
  }
  return faults;
}

/** `level: none` is what we do anyway. */
function saysNone(section: Tree): boolean {
  if (section.kind !== 'map') return section.kind === 'scalar' && section.value === null;
  const level = section.entries.get('level')?.value;
  return level?.kind === 'scalar' && level.value === 'none';
}
