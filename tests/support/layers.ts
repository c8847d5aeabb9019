/**
 * Who may import whom, and which npm packages where (`.oxlintrc.json` says the same to an editor; this is the judge).
 * First match wins. `ours` are path prefixes, `packages` are npm names; `node:*` is free everywhere but in kernels.
 */
export interface Layer {
  readonly files: RegExp;
  readonly ours: (path: string) => readonly (string | RegExp)[];
  readonly packages: readonly string[];
}

const own = (path: string, depth: number): string => `${path.split('/').slice(0, depth).join('/')}/`;
const KIND_LISTS = /^(receivers|processors|exporters|extensions|connectors)\/index\.ts$/;
const CODEMIRROR = ['autocomplete', 'commands', 'lang-sql', 'language', 'state', 'view']
  .map((part) => `@codemirror/${part}`)
  .concat('@lezer/highlight');
const KERNEL = /\.kernel\.ts$/;

export const LAYERS: readonly Layer[] = [
  { files: /^(vitest\.config\.ts|tests\/)/, ours: () => [/./], packages: ['*'] },
  {
    files: /^bench\//,
    ours: () => [/./],
    packages: [
      'mitata',
      'uWebSockets.js',
      'ws',
      'playwright-core',
      // What the agent is measured beside.
      'prom-client',
      ...['api', 'sdk-metrics', 'exporter-metrics-otlp-proto', 'instrumentation-http'].map((name) => `@opentelemetry/${name}`),
    ],
  },
  { files: KERNEL, ours: () => [KERNEL], packages: [] },
  {
    files: /^pipeline\/compression\//,
    ours: () => ['pipeline/'],
    packages: ['@foxglove/wasm-zstd'],
  },
  { files: /^pipeline\//, ours: () => ['pipeline/'], packages: ['zod'] },
  {
    files: KIND_LISTS,
    ours: (path) => ['pipeline/component.ts', new RegExp(`^${own(path, 1)}[a-z_0-9]+/index\\.ts$`)],
    packages: [],
  },
  {
    files: /^(receivers|processors|exporters|extensions|connectors)\//,
    ours: (path) => ['pipeline/', own(path, 2), KERNEL],
    packages: ['zod'],
  },
  { files: /^analytics\//, ours: () => ['pipeline/', 'analytics/'], packages: ['@duckdb/node-api', '@duckdb/node-bindings'] },
  {
    // Bundled by Vite: of ours it takes what knows neither Node nor the collector.
    files: /^server\/dashboard\//,
    ours: () => [
      'server/dashboard/',
      'server/routes/page-paths.ts',
      'server/client.ts',
      'server/stream/protocol.ts',
      'agent/terminal/csv.ts',
    ],
    packages: ['preact', '@preact/signals', '@preact/preset-vite', 'vite', 'uplot', ...CODEMIRROR],
  },
  { files: /^server\/engine\//, ours: () => ['pipeline/', 'server/'], packages: ['uWebSockets.js', 'ws'] },
  { files: /^server\/auth\//, ours: () => ['pipeline/', 'server/auth/'], packages: ['jose'] },
  { files: /^server\/stream\//, ours: () => ['pipeline/', 'server/'], packages: ['zod'] },
  // The client runs in browsers, too: of ours it imports the protocol's types and tables only.
  { files: /^server\/client\.ts$/, ours: () => ['server/stream/protocol.ts'], packages: ['ws'] },
  { files: /^server\//, ours: () => ['pipeline/', 'server/', 'analytics/client'], packages: [] },
  { files: /^config\//, ours: () => ['pipeline/', 'config/', KIND_LISTS], packages: ['yaml', 'zod'] },
  { files: /^agent\/terminal\//, ours: () => ['agent/terminal/'], packages: [] },
  // What the demo sends must owe nothing to what analyses it.
  { files: /^agent\/demo\//, ours: () => ['agent/demo/', 'pipeline/', 'agent/collector/package-root.ts'], packages: [] },
  {
    // The second engine, and traces: loaded only when they are asked for.
    files: /^agent\/instrument\/(sdk|traces)\//,
    ours: () => ['agent/instrument/'],
    packages: ['api', 'sdk-metrics', 'exporter-metrics-otlp-http', 'resources', 'sdk-node'].map(
      (name) => `@opentelemetry/${name}`,
    ),
  },
  // Builds the bundles, and is in none of them.
  { files: /^agent\/instrument\/flags\//, ours: () => ['agent/instrument/flags/'], packages: ['rolldown'] },
  {
    // Bundled into a file of its own, which is loaded only when it is asked for.
    files: /^agent\/instrument\/config-file\//,
    ours: () => ['agent/instrument/'],
    packages: ['yaml', '@opentelemetry/api'],
  },
  {
    files: /^agent\/instrument\//,
    ours: () => [
      'agent/instrument/',
      'agent/perf/',
      'agent/terminal/',
      'pipeline/meeting-point.ts',
      'pipeline/otlp/',
      'pipeline/perf/',
      'pipeline/scope/',
      KERNEL,
    ],
    packages: ['@opentelemetry/api', 'bun:bundle'],
  },
  {
    files: /^agent\//,
    ours: () => [
      'agent/',
      'config/',
      'server/',
      'pipeline/',
      'extensions/',
      'receivers/',
      'processors/',
      'exporters/',
      'analytics/',
    ],
    packages: ['commander', 'zod', 'yaml'],
  },
];

export function layerOf(path: string): Layer | undefined {
  return LAYERS.find((layer) => layer.files.test(path));
}

export const matches = (path: string, rules: readonly (string | RegExp)[]): boolean =>
  rules.some((rule) => (typeof rule === 'string' ? path.startsWith(rule) : rule.test(path)));

/** `@scope/name/sub` → `@scope/name`; `name/sub` → `name`. */
export const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
