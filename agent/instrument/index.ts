/**
 * `@periscope-otel/agent`: importing it starts the agent. Here its parts are put together, and here (and in worker.ts, tenants.ts,
 * chosen-instrumentations.ts) alone flags are asked for (docs/decisions/0027): what is behind a flag that a bundle was built
 * without is not in it.
 *
 * Nothing here throws into the application, unless AGENT_STRICT asks for it.
 */
import { feature } from 'bun:bundle';
import { auditOf, type StartedAudit, violationsTo } from './audit/audit-start.ts';
import { requireBuiltins } from './builtins.ts';
import { chosenInstrumentations } from './chosen-instrumentations.ts';
import { readConfigFile } from './config-file/load.ts';
import { register, startEngine } from './engine.ts';
import { collectorsHere } from './export/collectors-here.ts';
import type { EndPart } from './export/flush-at-end.ts';
import type { Exporter, ExporterStatus } from './export/start.ts';
import { endingWith, linesOf, startExport, workerFile } from './export/start.ts';
import { SeriesLog } from './export/series-log.ts';
import { whyNotToStart } from './export/whether-to-start.ts';
import { refusedByEnterprise, refusedBySandbox } from './guards/destination.ts';
import { pacedSettings } from './guards/pace.ts';
import type { InstrumentationState } from './instrumentations/contract.ts';
import { EXPORT_LIMITS } from './limits.ts';
import { honoRoutes as routesOfHono } from './instrumentations/hono.ts';
import { type Instrumentations, startThese } from './instrumentations/index.ts';
import { trackS3 as measureS3 } from './instrumentations/s3.ts';
import type { FaultKind, InstrumentEngine, SeriesSink } from './metrics/contract.ts';
import { MockApi } from './mock/mock-api.ts';
import { timedEngine } from './own-time.ts';
import type { Perf } from './perf/contract.ts';
import { drawMatrix } from './perf/matrix.ts';
import { NO_PERF } from './perf/no-perf.ts';
import { type StartedPerf, startPerf } from './perf/perf.ts';
import { plainTable } from './perf/plain-table.ts';
import { scopeOf } from './perf/scope-of.ts';
import { sharedAgent, shareAgent, startPresence } from './presence.ts';
import { detectResource, type ResourceAttributes } from './resource.ts';
import type { SdkEngine } from './sdk/engine.ts';
import { startFromSettings } from './sdk-start.ts';
import { readSettings, type Settings } from './settings.ts';
import { signByEnvironment } from './signing/sign-by-environment.ts';
import { knownTenants, tenantSettings } from './tenants.ts';
import type { OperationTotals, StartedTracking, Tracking } from './track/contract.ts';
import { OPERATIONS_METER, operationViews } from './track/operations.ts';
import { carriesFreely } from './track/scopes.ts';
import { startTracking } from './track/track.ts';
import { UNTRACKED } from './track/untracked.ts';
import { startTraces, type Traces } from './traces/start-traces.ts';
import { AGENT_NAME, AGENT_VERSION } from './version.ts';

export type { ExporterStatus, InstrumentationState, InstrumentEngine, Perf };

const { env } = process;
/** Not asked for without the flag: to look at `performance` loads all of node:perf_hooks. */
const startMs = feature('DEBUG_PERF') ? performance.now() : 0;
/** Of lines: OTEL_LOG_LEVEL, or what a configuration file has in its place. */
let logLevel = env['OTEL_LOG_LEVEL'] ?? '';
/** Printed until now. */
let faultLines = 0;

interface Agent {
  readonly engine: InstrumentEngine;
  readonly exporter: Pick<Exporter, 'flush' | 'shutdown'> & Partial<Pick<Exporter, 'status'>>;
  readonly mockApi?: MockApi;
  readonly instrumentations: Instrumentations;
  readonly audit?: StartedAudit | undefined;
  readonly tracking: Tracking;
  readonly perf: Perf;
  readonly traces: Traces | undefined;
}

const settings: Settings | undefined = feature('METRICS') ? guarded(settingsHere) : undefined;
let agent: Agent | undefined;
if (feature('METRICS')) {
  // The SDK is loaded before the application goes on, or what it makes at its start would measure nothing.
  let sdk: SdkEngine | undefined;
  if (feature('SDK_ENGINE')) {
    if (settings?.engine === 'sdk') sdk = await startFromSettings(settings, refusalOf(settings) === undefined, warn);
  } else if (settings?.engine === 'sdk') {
    warn("cannot use AGENT_ENGINE=sdk: this bundle was built without SDK_ENGINE (agent/full has it); the agent's own is used");
  }
  if (settings === undefined) agent = sharedAgent() as Agent | undefined;
  else shareAgent((agent = guarded(() => started(settings, sdk))));
  if (feature('DEBUG_PERF')) tell(`its start took ${(performance.now() - startMs).toFixed(1)} ms`);
}

/** The MeterProvider of the agent, for `bind()` and `stats()`; undefined where it does not run. */
export const engine: InstrumentEngine | undefined = agent?.engine;

/** What would be sent, kept in memory: with `AGENT_MOCK_API=1`, in a bundle with the flag MOCK_API. */
export const mockApi: MockApi | undefined = agent?.mockApi;

/** Operations of the application; without the flag TRACK, or where the agent does not run, calls go straight through. */
export const { track, tracked, operation, scope }: Tracking = agent?.tracking ?? UNTRACKED;

/** MASTER_PERF of this process; without the flag PERF_TRACKING, or where the agent does not run, it takes nothing. */
export const perf: Perf = agent?.perf ?? NO_PERF;

/** Measures every call of an S3 client of @aws-sdk, and gives it back: metrics, and rows of MASTER_PERF. Without the flag
 *  R2_STORAGE, or where the agent does not run, the client is as it was. */
export function trackS3<Client extends object>(client: Client, options: { readonly category?: string } = {}): Client {
  if (feature('R2_STORAGE')) {
    const meter = agent?.engine.getMeter(AGENT_NAME);
    const onRow = feature('PERF_TRACKING') ? perf.add : undefined;
    if (meter !== undefined) measureS3(client, { meter, onRow, category: options.category, onFault: onInstrumentationFault });
  }
  return client;
}

/** Middleware of Hono that tells routes: `app.use(honoRoutes())`. Passes on where the agent does not run. */
export const honoRoutes: typeof routesOfHono = feature('HONO') ? routesOfHono : () => (_context, next) => next();

/** Sends all that was measured until now; true when it was delivered, or there is nothing to deliver. Never rejects. */
export async function flush(timeoutMs?: number): Promise<boolean> {
  const spans = agent?.traces?.flush(timeoutMs);
  const delivered = (await agent?.exporter.flush(timeoutMs)) ?? true;
  await spans;
  return delivered;
}

/** Flushes, gives back what was wrapped, and ends. Never rejects; twice is once. */
export async function shutdown(): Promise<void> {
  const ending = agent;
  agent = undefined;
  ending?.instrumentations.stop();
  await ending?.traces?.shutdown();
  await ending?.exporter.shutdown();
  ending?.audit?.stop();
}

/** Where data goes and how that went; undefined where nothing is exported by the agent itself. */
export function status(): ExporterStatus | undefined {
  return agent?.exporter.status?.();
}

/** What is instrumented, and why something is not. */
export function instrumentations(): readonly InstrumentationState[] {
  return agent?.instrumentations.report() ?? [];
}

function started(given: Settings, sdk: SdkEngine | undefined): Agent {
  // An enterprise bundle audits, whatever else it is built with; it signs and keeps its pace, too.
  const audit: StartedAudit | undefined = feature('ENTERPRISE')
    ? auditOf(given, env, warn)
    : feature('AUDIT_LOGGING')
      ? auditOf(given, env, warn)
      : undefined;
  if (feature('ENTERPRISE')) signByEnvironment(env);
  else if (feature('WEBHOOK_SIGNING')) signByEnvironment(env);
  const refusal = refusalOf(given);
  if (refusal !== undefined) {
    warn(refusal);
    audit?.record('AGENT_REFUSED', { reason: refusal });
  }
  const resource = resourceLater(given);
  let operations: StartedTracking | undefined;
  const rows = feature('PERF_TRACKING') ? perfOf(resource, () => operations?.totals() ?? [], audit) : undefined;
  const mayExport = refusal === undefined;
  const official = feature('SDK_ENGINE') && sdk !== undefined ? officialEngine(sdk) : undefined;
  const put = official ?? ownEngine(given, resource, mayExport, rows);
  if (rows !== undefined) sdk?.sendKept(rows.outbox);
  if (!register(put.engine, warn)) audit?.record('PROVIDER_FOREIGN', {});
  const meter = put.engine.getMeter(AGENT_NAME);
  if (feature('TRACK')) operations = trackingOf(put.engine, given);
  return {
    ...put,
    audit,
    perf: rows?.perf ?? NO_PERF,
    tracking: operations ?? UNTRACKED,
    traces: tracesOf(given, resource),
    instrumentations: startThese(chosenInstrumentations(), meter, {
      instrumentations: given.instrumentations,
      ownEndpoints: [given.otlp.url],
      later: put.engine.beforeObserving?.bind(put.engine),
      onFault: onInstrumentationFault,
    }),
  };
}

/** To find out who sends is a millisecond, which the application does not wait for. What it may change meanwhile is taken now. */
function resourceLater(given: Settings): () => ResourceAttributes {
  const main = process.argv[1] ?? process.cwd();
  let found: ResourceAttributes | undefined;
  return () => (found ??= detectResource(given, main));
}

function perfOf(
  resource: () => ResourceAttributes,
  operations: () => readonly OperationTotals[],
  audit: StartedAudit | undefined,
): StartedPerf {
  const scope = (): string => scopeOf(resource());
  const onViolation = audit === undefined ? undefined : violationsTo(audit, scope());
  return startPerf({ scope, operations, onViolation, draw: feature('TABLE') ? drawMatrix : plainTable });
}

function trackingOf(measured: InstrumentEngine, { asyncScope }: Settings): StartedTracking {
  const carriesScopes = asyncScope ?? carriesFreely(process.versions);
  return startTracking(measured.getMeter(OPERATIONS_METER, AGENT_VERSION), { carriesScopes });
}

/** Of the official SDK, where it is asked for: what it sends obeys the same rules. */
function tracesOf(given: Settings, resource: () => ResourceAttributes): Traces | undefined {
  const { instrumentations, traces: otlp } = given;
  if (otlp === undefined) return undefined;
  if (!feature('TRACES')) {
    warn('cannot use AGENT_TRACES: this bundle was built without TRACES');
    return undefined;
  }
  const refusal = refusalOf({ ...given, otlp });
  if (refusal !== undefined) {
    warn(refusal);
    return undefined;
  }
  try {
    const here = otlp.isDefault ? collectorsHere('traces', warn) : undefined;
    return startTraces({ otlp, resource: resource(), instrumentations, workerUrl: workerFile(), line: linesOf(given), here });
  } catch (error) {
    warn(`cannot start traces: ${messageOf(error)}; metrics are sent`);
    return undefined;
  }
}

function tracesAtEnd(): EndPart | undefined {
  return agent?.traces;
}

/** It cannot send while the process ends at once. */
function officialEngine(sdk: SdkEngine): Pick<Agent, 'engine' | 'exporter'> {
  const turning: EndPart['turning'] = (timeoutMs, isSignal) => (isSignal ? sdk.flush(timeoutMs) : undefined);
  const undo = endingWith({ turning }, tracesAtEnd);
  return {
    engine: sdk,
    exporter: {
      flush: (timeoutMs = EXPORT_LIMITS.flushMs) => sdk.flush(timeoutMs),
      shutdown: () => {
        undo();
        return sdk.shutdown();
      },
    },
  };
}

function ownEngine(
  given: Settings,
  resource: () => ResourceAttributes,
  mayExport: boolean,
  rows: StartedPerf | undefined,
): Omit<Agent, 'instrumentations' | 'audit' | 'tracking' | 'perf' | 'traces'> {
  if (feature('MOCK_API')) {
    if (env['AGENT_MOCK_API'] === '1') {
      const mock = new MockApi(resource());
      const made = measuring(given, mock.sink);
      mock.attach(made, rows?.outbox);
      const nothing = { flush: () => Promise.resolve(true), shutdown: () => Promise.resolve() };
      return { engine: made, exporter: nothing, mockApi: mock };
    }
  }
  const log = new SeriesLog(rows?.outbox);
  const made = measuring(given, log);
  const exporter = startExport(made, log, mayExport ? given : { ...given, mode: 'none' }, {
    resource,
    ...(given.traces !== undefined && { beside: tracesAtEnd }),
  });
  return { engine: made, exporter };
}

function measuring(given: Settings, sink: SeriesSink): InstrumentEngine {
  const made = startEngine(given, sink, onFault, feature('TRACK') ? operationViews() : []);
  return feature('DEBUG_PERF') ? timedEngine(made) : made;
}

/** Of the environment, or of the file that it names: for a tool or a thread that has no agent, none is read. */
function settingsGiven(): Settings {
  const file = env['OTEL_CONFIG_FILE']?.trim();
  if (file && whyNotToStart({}) === undefined) {
    if (feature('CONFIG_FILE')) {
      logLevel = '';
      const read = readConfigFile(file, env, warn);
      logLevel = read.logLevel;
      return read;
    }
    warn('cannot use OTEL_CONFIG_FILE: this bundle was built without CONFIG_FILE; the variables are used instead');
  }
  return readSettings(env, warn);
}

/** Of the environment, as far as this bundle lets it; undefined where the agent is not to run. */
function settingsHere(): Settings | undefined {
  requireBuiltins();
  const read = tenantSettings(settingsGiven(), knownTenants(), env['HOST']);
  const why = whyNotToStart(read) ?? startPresence();
  if (why !== undefined) {
    tell(`does not start: ${why}`);
    return undefined;
  }
  return feature('ENTERPRISE') ? pacedSettings(read, warn) : feature('RATE_LIMITING') ? pacedSettings(read, warn) : read;
}

function refusalOf(given: Settings): string | undefined {
  const refused = feature('ENTERPRISE') ? refusedByEnterprise(given) : undefined;
  return refused ?? (feature('LOCAL_SANDBOX') ? refusedBySandbox(given) : undefined);
}

function guarded<Result>(step: () => Result): Result | undefined {
  try {
    return step();
  } catch (error) {
    if (/^(1|true)$/i.test(env['AGENT_STRICT'] ?? '')) throw error;
    warn(`cannot start: ${messageOf(error)}; the application goes on without it`);
    return undefined;
  }
}

/** Its first line: what Node says of a module that is not there has more. */
function messageOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
}

/** What somebody must mend is told, a screen of it at the most; a measurement that cannot be taken is for whoever debugs. */
function onFault(kind: FaultKind, detail: string): void {
  const matters = kind === 'overflow' || kind === 'duplicate' || kind === 'name' || kind === 'view' || kind === 'callback';
  if (!matters || faultLines >= EXPORT_LIMITS.lines) return tell(detail);
  faultLines += 1;
  warn(faultLines < EXPORT_LIMITS.lines ? detail : `${detail}; more like this is not printed`);
}

function onInstrumentationFault(name: string, error: unknown): void {
  tell(`cannot go on with instrumentation ${name}: ${String(error)}`);
}

function warn(text: string): void {
  if (!/^(none|error)$/i.test(logLevel)) process.stderr.write(`periscope agent: ${text}\n`);
}

/** A line for whoever debugs the agent. */
function tell(text: string): void {
  if (feature('DEBUG')) {
    if (/^(debug|verbose|all)$/i.test(logLevel)) process.stderr.write(`periscope-agent debug: ${text}\n`);
  }
}
