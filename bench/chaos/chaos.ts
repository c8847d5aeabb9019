import { setTimeout as sleep } from 'node:timers/promises';
import { SERVED_METRIC } from '../agent/programs/chaos-metric.ts';
import { findRuntimes } from '../agent/runtimes.ts';
import { appendHistory } from '../history.ts';
import { PERISCOPE_SOAK, version } from '../ingest/contenders.ts';
import { machine } from '../ingest/machine.ts';
import { UnsteadyDestination } from './destination.ts';
import { faultsOf } from './judge.ts';
import type { AppRun, ChaosRecord } from './record.ts';
import { turnsOf } from './schedule.ts';
import { WatchedApp } from './watched-app.ts';

/** Of each app: between two requests. */
const PACE_MS = 20;
const LOOK_MS = 1000;
const WARM_UP_S = 60;
/** Of a run of minutes, and of a smoke, whose turns last a second. */
const PACES = {
  full: { OTEL_METRIC_EXPORT_INTERVAL: '1000', OTEL_EXPORTER_OTLP_TIMEOUT: '2000' },
  smoke: { OTEL_METRIC_EXPORT_INTERVAL: '100', OTEL_EXPORTER_OTLP_TIMEOUT: '300' },
} as const;

/**
 * An app with the agent, and the same without, asked in turn and steadily while the agent's collector is in one trouble after
 * another. True when the app saw nothing of it, its memory stayed where it was, and the collector had every request in the
 * end. A smoke is not recorded.
 */
export async function chaos(minutes: number, isSmoke = false): Promise<boolean> {
  const destination = await UnsteadyDestination.start(SERVED_METRIC);
  try {
    const record = await underChaos(destination, minutes, isSmoke);
    if (!isSmoke) appendHistory(record);
    report(record);
    return record.faults.length === 0;
  } finally {
    await destination.stop();
  }
}

async function underChaos(destination: UnsteadyDestination, minutes: number, isSmoke: boolean): Promise<ChaosRecord> {
  const session = new Date().toISOString();
  const [runtime] = findRuntimes([`node${process.versions.node.split('.')[0]}`]).found;
  if (runtime === undefined) throw new Error('cannot find this Node among the runtimes of the agent');
  const options = { runtime, sinkUrl: destination.url, env: isSmoke ? PACES.smoke : PACES.full };
  const apps: WatchedApp[] = [];
  try {
    for (const contender of ['ours', 'bare'] as const) apps.push(await WatchedApp.start({ ...options, contender }));
    const [ours, bare] = apps as [WatchedApp, WatchedApp];
    const recoveredAfterMs = await goThrough(destination, minutes, [ours, bare]);
    const figures = await ours.figures();
    const ended = [await ours.end(), await bare.end()];
    const fromSecond = Math.min(WARM_UP_S, (minutes * 60) / 4);
    const record = {
      bench: 'agent-chaos' as const,
      session,
      version: version(PERISCOPE_SOAK),
      machine: machine(),
      minutes,
      ours: ours.run(fromSecond),
      bare: bare.run(fromSecond),
      requests: ours.requests,
      exports: destination.requests,
      taken: destination.taken,
      met: destination.met,
      recoveredAfterMs: Math.round(recoveredAfterMs),
      counted: destination.total,
      lines: linesOf(ours.printed).length,
    };
    const faults = faultsOf(record, figures, linesOf(ours.printed), isSmoke);
    return { ...record, faults: ended[0] === ended[1] ? faults : [...faults, `it ended with ${ended[0]}, not ${ended[1]}`] };
  } finally {
    for (const app of apps) await app.end();
  }
}

/** Turn after turn; gives how long after the last trouble the destination took something again. */
async function goThrough(
  destination: UnsteadyDestination,
  minutes: number,
  apps: readonly [WatchedApp, WatchedApp],
): Promise<number> {
  const began = performance.now();
  let endMs = began;
  let asked = 0;
  let wellSinceMs = began;
  let lookedMs = -Infinity;
  for (const { trouble, ms } of turnsOf(minutes)) {
    await destination.turn(trouble);
    if (trouble === undefined) wellSinceMs = performance.now();
    endMs += ms;
    for (let nowMs = performance.now(); nowMs < endMs; nowMs = performance.now()) {
      // Whoever is asked second finds the caches warmer.
      const order = asked++ % 2 === 0 ? apps : apps.toReversed();
      for (const app of order) await app.ask(trouble === undefined ? 'calm' : 'troubled');
      if (nowMs - lookedMs >= LOOK_MS) {
        lookedMs = nowMs;
        for (const app of apps) app.look((nowMs - began) / 1000);
      }
      await sleep(Math.max(0, nowMs + PACE_MS - performance.now()));
    }
  }
  return destination.firstTakenSince(wellSinceMs) - wellSinceMs;
}

function report({ ours, bare, faults, ...run }: ChaosRecord): void {
  const line = (name: string, { calm, troubled, rssMedianBytes, rssMaxBytes, rssFloorRiseBytes }: AppRun): string =>
    `  ${name}: p50 ${calm.p50Ms} ms calm, ${troubled.p50Ms} troubled; p99 ${calm.p99Ms}, ${troubled.p99Ms};` +
    ` RSS median ${megabytes(rssMedianBytes)}, highest ${megabytes(rssMaxBytes)}, lowest rose by ${megabytes(rssFloorRiseBytes)}`;
  console.log(
    `agent-chaos: ${run.minutes} minutes, ${run.requests} requests, ${run.counted} counted at the collector;` +
      ` ${run.exports} exports, ${run.taken} taken; back ${run.recoveredAfterMs} ms after the last trouble; ${run.lines} lines`,
  );
  console.log(`  arrived in trouble: ${JSON.stringify(run.met)}`);
  console.log(line('with the agent', ours));
  console.log(line('without', bare));
  for (const fault of faults) console.log(`  FAULT ${fault}`);
  console.log(faults.length === 0 ? 'agent-chaos: passed' : 'agent-chaos: failed');
}

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const linesOf = (printed: string): readonly string[] => printed.split('\n').filter((line) => line !== '');
