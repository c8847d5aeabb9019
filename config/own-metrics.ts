import { z } from 'zod';
import { listenerAuth } from '../pipeline/auth.ts';
import type { Fault } from './fault.ts';
import type { MapTree, Tree } from './tree.ts';

const LEVELS = ['none', 'basic', 'normal', 'detailed'] as const;
const DEFAULT_ENDPOINT = 'localhost:8888';
const DEFAULT_PORT = 8888;
const LOCAL = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]):\d+$/i;

const prometheus = z.looseObject({
  host: z.string().min(1).default('localhost').meta({ description: 'Address to listen on.' }),
  port: z.int().min(0).max(65_535).default(DEFAULT_PORT).meta({ description: 'Port to listen on; 0 picks a free one.' }),
  without_type_suffix: z
    .boolean()
    .default(true)
    .meta({ description: 'false = counters of the names of the Go collector end in _total; those of Periscope always do.' }),
});
const reader = z.looseObject({
  pull: z
    .looseObject({
      exporter: z.looseObject({
        prometheus: prometheus
          .nullish()
          .transform((given) => given ?? prometheus.parse({}))
          .optional(),
      }),
    })
    .optional()
    .meta({ description: 'Prometheus asks for them.' }),
});

const fields = z.looseObject({
  level: z
    .string()
    .transform((text) => text.toLowerCase())
    .pipe(z.enum(LEVELS))
    .default('normal')
    .meta({
      description:
        'none = not at all; basic = what the Go collector has; normal = and by scope, reason and component; detailed = normal.',
    }),
  address: z
    .string()
    .regex(/^(?:\[[0-9a-fA-F:.]*\]|[^:\s]*):\d{1,5}$/, 'must be host:port, such as localhost:8888')
    .optional()
    .meta({ description: 'host:port, as it was written before there were readers.' }),
  readers: z.array(reader).optional().meta({ description: 'The first one that pulls for Prometheus is used.' }),
  auth: listenerAuth(),
});

/** Own metrics, as `server/metrics` serves them. */
export interface MetricsConfig {
  readonly level: (typeof LEVELS)[number];
  /** Absent = not served. */
  readonly endpoint: string | undefined;
  /** Nobody has asked for this address: when it is taken, it is done without. */
  readonly byDefault: boolean;
  readonly bare: boolean;
  readonly auth: NonNullable<z.output<typeof fields>['auth']>;
  /** Whoever may read them may know all scopes: this machine's own people, or `admin`. */
  readonly scopes: boolean;
}

function settingsOf({ level, address, readers, auth = [] }: z.output<typeof fields>): MetricsConfig {
  const asked = readers?.find(({ pull }) => pull?.exporter.prometheus !== undefined)?.pull?.exporter.prometheus;
  const byDefault = readers === undefined && address === undefined;
  const read = asked === undefined ? undefined : `${bracketed(asked.host)}:${asked.port}`;
  const endpoint = readers === undefined ? (address ?? DEFAULT_ENDPOINT) : read;
  const scopes = endpoint !== undefined && (LOCAL.test(endpoint) || auth.length > 0);
  return {
    level,
    endpoint: level === 'none' ? undefined : endpoint,
    byDefault,
    bare: asked?.without_type_suffix ?? true,
    auth,
    scopes,
  };
}

const bracketed = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);

const REACHED =
  'other machines reach the address of own metrics: write auth: token (or basic) for readers that may see all scopes, ' +
  'or auth: none to show sums over all scopes to everybody, or listen on localhost';

/** `service::telemetry::metrics`. Loose, as the Go collector has more keys: `metricsFaults` names those. */
export const metricsSchema = fields
  .nullish()
  .transform((given) => given ?? fields.parse({}))
  .superRefine((given, context) => {
    const { endpoint } = settingsOf(given);
    if (endpoint !== undefined && given.auth === undefined && !LOCAL.test(endpoint))
      context.addIssue({ code: 'custom', path: ['auth'], message: REACHED });
    if (given.auth?.includes('certificate') === true)
      context.addIssue({
        code: 'custom',
        path: ['auth'],
        message: 'must be none, token or basic: own metrics are served without TLS',
      });
  })
  .transform(settingsOf);

const READERS =
  'own metrics are pulled from one address: readers[].pull.exporter.prometheus with host, port, without_type_suffix';

/** A warning for each setting of own metrics that has no effect here. `path` is below `service::telemetry::metrics`. */
export function metricsFaults(section: Tree, ignored: (path: string, position: Fault['position'], why: string) => void): void {
  if (section.kind !== 'map') return;
  for (const [key, { keyAt, value }] of section.entries) {
    if (key === 'readers') readersFaults(value, ignored);
    else if (!(key in fields.shape)) ignored(key, keyAt, 'of metrics there are level, readers, address and auth');
    else if (key === 'address' && section.entries.has('readers')) ignored(key, keyAt, 'readers say where to listen');
  }
}

function readersFaults(readers: Tree, ignored: Parameters<typeof metricsFaults>[1]): void {
  if (readers.kind !== 'list') return;
  let used = false;
  readers.items.forEach((item, at) => {
    const place = `readers::${at}`;
    const found = lookAt(item, ['pull', 'exporter', 'prometheus']);
    if (found === undefined || used) {
      ignored(place, item.at, READERS);
      return;
    }
    used = true;
    if (found.kind !== 'map') return;
    for (const [key, { keyAt, value }] of found.entries) {
      // What is asked for is so anyway: no unit is added to a name, no label for the instrumentation scope.
      const isSo = /^without_(units|scope_info)$/.test(key) && value.kind === 'scalar' && value.value === true;
      if (!(key in prometheus.shape) && !isSo) ignored(`${place}::pull::exporter::prometheus::${key}`, keyAt, READERS);
    }
  });
}

function lookAt(tree: Tree, path: readonly string[]): Tree | undefined {
  let at: Tree | undefined = tree;
  for (const key of path) at = at?.kind === 'map' ? (at as MapTree).entries.get(key)?.value : undefined;
  return at;
}
