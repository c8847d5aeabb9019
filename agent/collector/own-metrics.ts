import type { MetricsConfig } from '../../config/own-metrics.ts';
import { StartError } from '../../pipeline/errors.ts';
import type { Host } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Log } from '../../pipeline/log.ts';
import type { CollectorHost } from './host.ts';

/** What a start prints in front of its address. */
export const OWN_METRICS = 'own metrics';

export interface OwnMetrics {
  /** Safe twice. */
  close(deadlineMs: number): Promise<void>;
}

/**
 * Serves own metrics as `service::telemetry::metrics` says; undefined when it says not to. `graphHost` opens the listener,
 * `host` knows whatever graph runs when somebody asks. An address that somebody wrote must be free, else it rejects with
 * a StartError; where nobody did, another process that has it is only told about: a second collector on a machine runs.
 */
export async function openOwnMetrics(
  config: MetricsConfig,
  graphHost: Host,
  host: CollectorHost,
  log: Log,
): Promise<OwnMetrics | undefined> {
  const { endpoint, level, byDefault } = config;
  if (endpoint === undefined || level === 'none') return undefined;
  const [{ MetricsHandler }, { ProcessWatch }] = await Promise.all([
    import('../../server/metrics/endpoint.ts'),
    import('../../server/metrics/process-families.ts'),
  ]);
  const watch = new ProcessWatch();
  const sources = {
    told: () => ({ ledger: host.ledger(), stats: host.stats() }),
    status: () => host.status(),
    authenticate: host.authenticate.bind(host),
    watch,
  };
  const options = {
    owner: OWN_METRICS,
    endpoint,
    maxBodyBytes: 0,
    headerTimeoutMs: LIMITS.headerTimeoutMs,
    idleTimeoutMs: LIMITS.idleTimeoutMs,
    readTimeoutMs: LIMITS.idleTimeoutMs,
    keepAliveTimeoutMs: LIMITS.keepAliveTimeoutMs,
    maxConnections: LIMITS.metricsConnections,
  };
  try {
    await graphHost.prepareAuth(config.auth);
    const { auth, scopes, bare } = config;
    const listener = await graphHost.http(options, new MetricsHandler({ level, bare, auth, scopes }, sources));
    return {
      close(deadlineMs) {
        watch.stop();
        return listener.close(deadlineMs);
      },
    };
  } catch (error) {
    watch.stop();
    if (!byDefault || !(error instanceof StartError)) throw error;
    log.warn(`cannot serve own metrics: ${error.message}; service::telemetry::metrics says where, level: none where not`);
    return undefined;
  }
}
