import { type AppFigures, type ChaosRecord, TROUBLES } from './record.ts';

/** What the lowest memory may rise by over a run, beside the same of the app without an agent. */
export const RISE_BYTES_MAX = 8e6;
/** What the median of the app's latency may be above that of the one without an agent. */
export const ADDED_MS_MAX = 0.5;
/** After the last trouble: the agent's longest wait, and a request. */
export const RECOVERY_MS_MAX = 62_000;

/** What went wrong, in words. `isSmoke`: too short for figures, and for the agent to come back by itself. */
export function faultsOf(
  record: Omit<ChaosRecord, 'faults'>,
  ours: AppFigures,
  printed: readonly string[],
  isSmoke: boolean,
): readonly string[] {
  const faults: string[] = [];
  const expectNone = (count: number, what: string): void => {
    if (count > 0) faults.push(`the app had ${count} ${what}`);
  };
  expectNone(ours.unhandledRejections, 'unhandled rejections');
  expectNone(ours.uncaughtErrors, 'uncaught errors');
  expectNone(ours.warnings, 'warnings');
  expectNone(ours.restarts, 'restarts of the exporting thread');
  const foreign = printed.filter((line) => !line.startsWith('periscope agent: ') || line.includes('BUG'));
  if (foreign.length > 0) faults.push(`it said: ${foreign[0]!.slice(0, 300)}`);
  if (record.counted !== record.requests) faults.push(`the collector had ${record.counted} of ${record.requests} in the end`);
  if (record.exports === record.taken) faults.push('no request of the agent met any trouble');
  if (record.taken === 0) faults.push('no request of the agent was taken');
  if (isSmoke) return faults;
  // Nothing arrives where nobody is.
  const missed = TROUBLES.filter((trouble) => trouble !== 'absent' && record.met[trouble] === undefined);
  if (missed.length > 0) faults.push(`no request of the agent met a destination that ${missed.join(', or ')}`);
  const added = record.ours.troubled.p50Ms - record.bare.troubled.p50Ms;
  if (added > ADDED_MS_MAX) faults.push(`the median of its latency was ${added.toFixed(2)} ms above that without an agent`);
  const rise = record.ours.rssFloorRiseBytes - Math.max(0, record.bare.rssFloorRiseBytes);
  if (rise > RISE_BYTES_MAX) faults.push(`its lowest RSS rose by ${(rise / 1e6).toFixed(1)} MB more than that without an agent`);
  if (record.recoveredAfterMs > RECOVERY_MS_MAX) faults.push('it did not come back by itself');
  return faults;
}
