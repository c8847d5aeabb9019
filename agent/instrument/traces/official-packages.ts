import { nodeFs, nodePath } from '../builtins.ts';
import type * as nodeSdk from '@opentelemetry/sdk-node';
import { IS_BUN } from '../instrumentations/bun.ts';
import { modulesFor, realPath } from '../node-modules.ts';

type Load = (name: string) => unknown;

type Configuration = nodeSdk.NodeSDKConfiguration;
type Instrumentation = Exclude<NonNullable<Configuration['instrumentations']>[number], readonly unknown[]>;
export type SpanExporter = NonNullable<Configuration['traceExporter']>;
export type Spans = Parameters<SpanExporter['export']>[0];
type Exporter = new (options: { url: string }) => SpanExporter;

export interface OfficialPackages {
  readonly sdk: typeof nodeSdk;
  readonly exporter: { readonly OTLPTraceExporter: Exporter };
  /** An ExportTraceServiceRequest of them; undefined: it cannot be had. */
  serialize(spans: Spans): Uint8Array<ArrayBuffer> | undefined;
  readonly instrumentations: readonly Instrumentation[];
}

/** One package of each that an application may have installed, by the names of OTEL_NODE_*_INSTRUMENTATIONS. */
const INSTRUMENTATIONS: readonly (readonly [name: string, className: string])[] = [
  ['http', 'HttpInstrumentation'],
  ['undici', 'UndiciInstrumentation'],
];

export interface WantedInstrumentations {
  readonly enabled: readonly string[] | undefined;
  readonly disabled: readonly string[];
}

/**
 * The official SDK and the instrumentations that are installed where the program, or the folder, is: all of
 * auto-instrumentations-node where it is there, otherwise those of HTTP. Loaded at once, as the application that is to be
 * traced has not started yet. Throws when the SDK is not installed.
 */
export function loadOfficialPackages(started: string, wanted: WantedInstrumentations): OfficialPackages {
  // What a command is a link to, as with those of npm: there Node looks for what the program itself imports. Neither a folder
  // nor `node app` for app.js is one.
  const program = started.endsWith('/') ? started : (realPath(started) ?? started);
  const { createRequire, syncBuiltinESMExports } = process.getBuiltinModule('node:module');
  const require = createRequire(program);
  const load = loaderOf(require, program);
  const sdk = load('@opentelemetry/sdk-node') as typeof nodeSdk;
  // A dependency of the SDK, which the application itself may not see.
  const ofSdk = createRequire(require.resolve('@opentelemetry/sdk-node'));
  const exporter = ofSdk('@opentelemetry/exporter-trace-otlp-proto');
  // A dependency of that.
  const transformer = createRequire(ofSdk.resolve('@opentelemetry/exporter-trace-otlp-proto'))('@opentelemetry/otlp-transformer');
  const instrumentations = loadInstrumentations(load, wanted);
  // They wrap what is loaded after them: an application that imports these as ES modules would load them past the wrapping.
  // Bun's two servers are one class: the wrapping of the second would take away that of the first.
  for (const name of IS_BUN ? ['node:http'] : ['node:http', 'node:https']) load(name);
  syncBuiltinESMExports();
  return {
    sdk,
    exporter: exporter as OfficialPackages['exporter'],
    instrumentations,
    serialize: transformer.ProtobufTraceSerializer.serializeRequest,
  };
}

function loadInstrumentations(load: Load, { enabled, disabled }: WantedInstrumentations): readonly Instrumentation[] {
  const all = optional(load, '@opentelemetry/auto-instrumentations-node') as
    | { getNodeAutoInstrumentations(): Instrumentation[] }
    | undefined;
  // It reads the two variables itself.
  if (all !== undefined) return all.getNodeAutoInstrumentations();
  return INSTRUMENTATIONS.flatMap(([name, className]) => {
    if (disabled.includes(name) || enabled?.includes(name) === false) return [];
    const loaded = optional(load, `@opentelemetry/instrumentation-${name}`) as Record<string, new () => Instrumentation>;
    return loaded === undefined ? [] : [new loaded[className]!()];
  });
}

function optional(load: Load, name: string): unknown {
  try {
    return load(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Bun fetches a package that is not there from the network, where there is no node_modules at all. An agent does not. */
function loaderOf(load: Load, program: string): Load {
  if (!IS_BUN) return load;
  return (name) => {
    if (name.startsWith('@') && !isInstalled(name, program)) {
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
    }
    return load(name);
  };
}

/** `program`: a file, or a folder with a slash behind it. */
export function isInstalled(name: string, program: string): boolean {
  const folder = program.endsWith('/') ? program : nodePath.dirname(program);
  return modulesFor(folder).some((modules) => nodeFs.existsSync(nodePath.join(modules, name)));
}
