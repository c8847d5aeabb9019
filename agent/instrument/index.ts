/**
 * `@periscope-otel/agent`: importing it starts the agent. Here its parts are put together, and here (and in tenants.ts) alone
 * flags are asked for (docs/decisions/0027): what is behind a flag that a bundle was built without is not in it.
 *
 * Nothing here throws into the application, unless AGENT_STRICT asks for it.
 */
import { feature } from 'bun:bundle';
import { AuditFile } from './audit/audit-file.ts';
import { startEngine } from './engine.ts';
import { refusedByEnterprise, refusedBySandbox } from './guards/destination.ts';
import { pacedSettings } from './guards/pace.ts';
import type { InstrumentEngine } from './metrics/contract.ts';
import { MockApi } from './mock/mock-api.ts';
import { timedEngine } from './own-time.ts';
import { detectResource } from './resource.ts';
import { readSettings, type Settings } from './settings.ts';
import { knownTenants, tenantSettings } from './tenants.ts';
import type { Tracking } from './track/contract.ts';
import { OPERATIONS_METER, operationViews } from './track/operations.ts';
import { carriesFreely } from './track/scopes.ts';
import { startTracking } from './track/track.ts';
import { UNTRACKED } from './track/untracked.ts';
import { AGENT_VERSION } from './version.ts';

const { env } = process;

interface Agent {
  readonly engine: InstrumentEngine | undefined;
  readonly mockApi: MockApi | undefined;
  readonly tracking: Tracking;
}

const agent: Agent | undefined = feature('METRICS') ? started() : undefined;

/** The MeterProvider of the agent; undefined while nobody would read what it measures. */
export const engine: InstrumentEngine | undefined = agent?.engine;

/** What would be sent, kept in memory: with `AGENT_MOCK_API=1`, in a bundle with the flag MOCK_API. */
export const mockApi: MockApi | undefined = agent?.mockApi;

/** Operations of the application; without the flag TRACK, or while nobody would read them, calls go straight through. */
export const { track, tracked, operation, scope }: Tracking = agent?.tracking ?? UNTRACKED;

function started(): Agent | undefined {
  const startMs = performance.now();
  try {
    return start();
  } catch (error) {
    if (/^(1|true)$/i.test(env['AGENT_STRICT'] ?? '')) throw error;
    warn(`cannot start: ${error instanceof Error ? error.message : String(error)}; the application goes on without it`);
    return undefined;
  } finally {
    if (feature('DEBUG_PERF')) warn(`its start took ${(performance.now() - startMs).toFixed(1)} ms`);
  }
}

function start(): Agent | undefined {
  const settings = settingsHere();
  if (settings.disabled) return undefined;
  // An enterprise bundle has it, whatever else it is built with; so with the pace.
  const audit = feature('ENTERPRISE') ? auditOf(settings) : feature('AUDIT_LOGGING') ? auditOf(settings) : undefined;
  const refusal = refusalOf(settings);
  if (refusal !== undefined) {
    warn(refusal);
    audit?.record('AGENT_REFUSED', { reason: refusal });
  }
  let mock: MockApi | undefined;
  if (feature('MOCK_API')) {
    if (env['AGENT_MOCK_API'] === '1') mock = new MockApi(detectResource(settings));
  }
  if (mock === undefined) return undefined;
  const { engine: made, registered } = startEngine(mock.sink, tell, feature('TRACK') ? operationViews() : []);
  if (!registered) audit?.record('PROVIDER_FOREIGN', {});
  const timed = feature('DEBUG_PERF') ? timedEngine(made) : made;
  mock.attach(timed);
  return { engine: timed, mockApi: mock, tracking: feature('TRACK') ? trackingOf(timed, settings) : UNTRACKED };
}

function trackingOf(measuring: InstrumentEngine, { asyncScope }: Settings): Tracking {
  const carriesScopes = asyncScope ?? carriesFreely(process.versions);
  return startTracking(measuring.getMeter(OPERATIONS_METER, AGENT_VERSION), { carriesScopes });
}

/** Of the environment, as far as this bundle lets it. */
function settingsHere(): Settings {
  const read = tenantSettings(readSettings(env, warn), knownTenants(), env['HOST']);
  return feature('ENTERPRISE') ? pacedSettings(read, warn) : feature('RATE_LIMITING') ? pacedSettings(read, warn) : read;
}

function refusalOf(settings: Settings): string | undefined {
  const refused = feature('ENTERPRISE') ? refusedByEnterprise(settings) : undefined;
  return refused ?? (feature('LOCAL_SANDBOX') ? refusedBySandbox(settings) : undefined);
}

function auditOf({ scope, otlp, mode, from }: Settings): AuditFile | undefined {
  const path = env['AGENT_AUDIT_FILE'] ?? '';
  if (path === '') return undefined;
  const audit = new AuditFile(path, warn);
  const { origin, pathname } = new URL(otlp.url);
  audit.record('AGENT_STARTED', {
    scope: scope.claim,
    tenant: scope.tenant,
    destination: origin + pathname,
    mode,
    settings: from,
  });
  process.once('exit', (code) => audit.record('AGENT_STOPPED', { code }));
  return audit;
}

function warn(text: string): void {
  process.stderr.write(`periscope agent: ${text}\n`);
}

/** A line for whoever debugs the agent. */
function tell(text: string): void {
  if (feature('DEBUG')) process.stderr.write(`periscope-agent debug: ${text}\n`);
}
