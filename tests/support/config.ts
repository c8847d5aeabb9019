import type { Fault } from '../../config/fault.ts';
import { z } from 'zod';
import { formatFault } from '../../config/fault.ts';
import { loadConfig, type Loaded, type LoadOptions } from '../../config/load.ts';
import type { AnyComponent, Registry } from '../../config/registry.ts';
import { define, type Kind } from '../../pipeline/component.ts';
import { byteSize, duration, secret } from '../../pipeline/config-types.ts';
import { deliveryFields } from '../../pipeline/delivery.ts';

/** A registry of small components: what a configuration is checked against, without the real ones' options. */
const ALL = { metrics: 'stable', traces: 'stable', logs: 'stable' } as const;
const defaults = <Shape extends z.ZodRawShape>(shape: Shape) => z.preprocess((value) => value ?? {}, z.strictObject(shape));

function component(kind: Kind, type: string, config: z.ZodType, more: Partial<AnyComponent> = {}): AnyComponent {
  return define({ kind, type, summary: `${type} of the tests`, signals: ALL, config, ...more }) as AnyComponent;
}

const http = z.strictObject({
  endpoint: z.string().default('localhost:4318').meta({ description: 'Where to listen.' }),
  scope: z.string().optional().meta({ description: 'The scope of the listener.' }),
  max_request_body_size: byteSize().default(1024).meta({ description: 'Largest body.' }),
});

export const registry: Registry = {
  receivers: [
    component(
      'receiver',
      'otlp',
      z.strictObject({
        protocols: z.strictObject({ http: z.preprocess((value) => (value === null ? {} : value), http.optional()) }),
      }),
    ),
    component('receiver', 'metrics_only', defaults({}), { signals: { metrics: 'beta' } }),
  ],
  processors: [
    component('admission', 'memory_limiter', defaults({ check_interval: duration().default(1000) })),
    component('scope', 'scope', defaults({ on_missing: z.enum(['inject', 'reject']).default('inject') })),
    component(
      'processor',
      'batch',
      defaults({ timeout: duration().default(200), send_batch_size: z.int().min(1).default(8192) }),
    ),
    component('processor', 'sanitize', defaults({ mode: z.enum(['clean', 'reject']).default('clean') })),
  ],
  exporters: [
    component('exporter', 'debug', defaults({ ...deliveryFields, verbosity: z.string().default('basic') }), {
      aliases: ['logging'],
    }),
    component(
      'exporter',
      'otlp_http',
      z.strictObject({
        ...deliveryFields,
        endpoint: z.string(),
        headers: z.record(z.string(), secret()).default({}),
        token: secret().optional(),
      }),
      { aliases: ['otlphttp'] },
    ),
  ],
  connectors: [],
  extensions: [
    component('extension', 'health_check', defaults({ endpoint: z.string().default('localhost:13133') }), { signals: {} }),
  ],
};

/** Loads YAML texts named a.yaml, b.yaml, … with that registry. */
export function load(
  texts: string | readonly string[],
  options: LoadOptions & { set?: readonly string[] } = {},
): Promise<Loaded | { faults: readonly Fault[] }> {
  const sources = [texts].flat().map((text, index) => ({ kind: 'text' as const, name: `${'abcdef'[index]}.yaml`, text }));
  const sets = (options.set ?? []).map((assignment) => ({ kind: 'set' as const, assignment }));
  return loadConfig([...sources, ...sets], { environment: {}, registry, ...options });
}

/** The plan of a good configuration; fails with the faults of a bad one. */
export async function planOf(...args: Parameters<typeof load>): Promise<Loaded> {
  const loaded = await load(...args);
  if ('plan' in loaded) return loaded;
  throw new Error(loaded.faults.map(formatFault).join('\n'));
}

/** Every fault and warning as a person reads it. */
export async function faultsOf(...args: Parameters<typeof load>): Promise<string[]> {
  const loaded = await load(...args);
  const faults = 'plan' in loaded ? loaded.warnings : loaded.faults;
  return faults.map((fault) => `${fault.severity === 'warning' ? 'warning: ' : ''}${formatFault(fault)}`);
}

/** The smallest configuration that runs. */
export const MINIMAL = `receivers:
  otlp:
    protocols:
      http:
exporters:
  debug:
service:
  pipelines:
    metrics:
      receivers: [otlp]
      exporters: [debug]
`;
