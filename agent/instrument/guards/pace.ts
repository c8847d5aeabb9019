import { platformOf, rowFor } from '../../../pipeline/scope/lookup.ts';
import { GLOBAL_SCOPE } from '../../../pipeline/scope/matrix.ts';
import type { Settings } from '../settings.ts';

const MINUTE_MS = 60_000;

/** The settings with an interval that is no shorter than the scope's messages per minute in the matrix allow. One export may
 *  be several requests; it is one message here, as it is one to a collector's rate limit per sender. */
export function pacedSettings(settings: Settings, tell: (line: string) => void): Settings {
  const scope = settings.scope.claim ?? GLOBAL_SCOPE;
  const platform = platformOf(process.platform);
  const row = rowFor(scope, platform) ?? rowFor(GLOBAL_SCOPE, platform);
  const shortestMs = row === undefined ? 0 : Math.ceil(MINUTE_MS / row.messagesPerMinuteMax);
  const { metrics } = settings;
  if (metrics.intervalMs >= shortestMs) return settings;
  tell(
    `cannot export every ${metrics.intervalMs} ms: scope ${row!.scope} may send ${row!.messagesPerMinuteMax} times a minute; every ${shortestMs} ms is used instead`,
  );
  return { ...settings, metrics: { ...metrics, intervalMs: shortestMs } };
}
