import { setTimeout as sleep } from 'node:timers/promises';
import { appendHistory } from '../history.ts';
import { PERISCOPE_SOAK, version } from '../ingest/contenders.ts';
import { machine } from '../ingest/machine.ts';
import { LOAD_CORE, OrderedProcess } from '../ingest/pinned.ts';
import { family, residentBytes } from '../ingest/process-figures.ts';
import { readLedger } from '../ingest/watched.ts';
import type { SenderReport } from '../load/sender.ts';
import { BENCH_SCOPE } from '../load/tokens.ts';
import { spread } from '../statistics.ts';
import { DASHBOARD_QUESTIONS } from '../windows/questions.ts';
import { type Load, METRICS, onStage, type Stage, startLoad } from '../windows/stage.ts';
import type { UserAnswer, UserOrder, UserReport } from '../windows/user-process.ts';
import type { WatcherAnswer, WatcherOrder, WatcherReport } from '../windows/watcher-process.ts';
import { imbalances } from './balance.ts';
import type { SoakRecord, SoakSample } from './record.ts';
import { floorRise, slopePerHour } from './slope.ts';

const DASHBOARDS = 10;
const POINTS_PER_S = 50_000;
/** Enough that every page of a dashboard has something to show. */
const RECORDS_PER_S = 1000;
const SAMPLE_MS = 2000;
/** Of all that are judged, in the record. */
const SAMPLES_KEPT = 60;
/** A dashboard asks this long after an answer. */
const ASK_AGAIN_MS = 2000;
const SETTLE_MS = 30_000;
const MINUTE_MS = 60_000;
/** The window is full after less than two minutes of this load; DuckDB's and V8's pools some time after that. */
const FILLED_AFTER_MINUTES = 5;
/** What the lowest memory may rise by from the first half of the time judged to the second, of its median: as the load
 *  brings 500 new series a second, the dictionaries alone go up and down by more within ten minutes. */
const RISE_MAX = 0.05;

/**
 * Points, logs and spans for so many minutes, with ten dashboards: clients of the live stream that ask SQL besides. True
 * when nothing went wrong: memory flat (from five minutes on; of a shorter run it is only reported), no fault in the
 * processes' own words, every item accounted for, nobody refused, no delta missing without a word. A smoke is not recorded.
 */
export async function soak(minutes: number, isSmoke = false): Promise<boolean> {
  const session = new Date().toISOString();
  const record = await onStage((stage) => soakOn(stage, minutes, session), PERISCOPE_SOAK);
  if (!isSmoke) appendHistory(record);
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `soak: ${minutes} minutes, ${record.itemsPerS.toFixed(0)} items/s, RSS median ${megabytes(record.rssMedianBytes)},` +
      ` highest ${megabytes(record.rssMaxBytes)}, slope ${megabytes(record.rssSlopeBytesPerHour)}/h; ${record.answers} answers,` +
      ` p99 ${record.answerP99Ms.toFixed(0)} ms; ${record.deltas} deltas, ${record.gaps} gaps`,
  );
  for (const fault of record.faults) console.log(`  FAULT ${fault}`);
  console.log(record.faults.length === 0 ? 'soak: passed' : 'soak: failed');
  return record.faults.length === 0;
}

async function soakOn(stage: Stage, minutes: number, session: string): Promise<SoakRecord> {
  const watchers = new OrderedProcess<WatcherOrder, WatcherAnswer>(LOAD_CORE, processFile('watcher-process'));
  const users = new OrderedProcess<UserOrder, UserAnswer>(LOAD_CORE, processFile('user-process'));
  const loads: Load[] = [];
  try {
    await openDashboards(stage, watchers, users);
    loads.push(...(await startLoads(stage.system.port)));
    return await underLoad(stage, minutes, session, loads, watchers, users);
  } finally {
    await Promise.all([...loads, watchers, users].map((one) => one.end()));
  }
}

async function underLoad(
  { system, token }: Stage,
  minutes: number,
  session: string,
  loads: readonly Load[],
  watchers: OrderedProcess<WatcherOrder, WatcherAnswer>,
  users: OrderedProcess<UserOrder, UserAnswer>,
): Promise<SoakRecord> {
  const pids = family(system.pid);
  const from = performance.now();
  const samples = await sample(system.pid, minutes * MINUTE_MS);
  const seconds = (performance.now() - from) / 1000;
  const sent: SenderReport[] = [];
  for (const load of loads) sent.push(await load.stop());
  const asked = await reportOf<UserReport>(users);
  const watched = await reportOf<WatcherReport>(watchers);
  const acceptedItems = sent.reduce((sum, one) => sum + one.acceptedItems, 0);
  const faults = [
    ...sent.flatMap(sendFaults),
    ...userFaults(asked),
    ...watchFaults(watched),
    ...(await ledgerFaults(system.apiPort, token, acceptedItems)),
    ...processFaults(pids, family(system.pid)),
  ];
  await system.stop();
  if (system.exitCode() !== 0) faults.push(`the collector ended with ${system.exitCode()}`);
  faults.push(...logFaults(system.log()));
  const memory = judgeMemory(samples, minutes);
  return {
    bench: 'soak',
    session,
    version: version(PERISCOPE_SOAK),
    machine: machine(),
    minutes,
    dashboards: DASHBOARDS,
    acceptedItems,
    itemsPerS: Math.round(acceptedItems / seconds),
    ...memory.figures,
    samples: samples.filter((_, i) => i % Math.ceil(samples.length / SAMPLES_KEPT) === 0),
    answers: asked.answers,
    answerP99Ms: Math.round(asked.p99Ms),
    deltas: watched.deltas,
    gaps: watched.gaps,
    faults: [...faults, ...memory.faults],
  };
}

type MemoryFigures = Pick<
  SoakRecord,
  'judgedFromMinute' | 'rssMedianBytes' | 'rssMaxBytes' | 'rssSlopeBytesPerHour' | 'rssFloorRiseBytes'
>;

function judgeMemory(samples: readonly SoakSample[], minutes: number): { figures: MemoryFigures; faults: string[] } {
  const judged = judgedSamples(samples, minutes);
  const first = judged[0]?.second ?? 0;
  const rise = floorRise(judged);
  const rss = spread(judged.map(({ mainRssBytes, othersRssBytes }) => mainRssBytes + othersRssBytes));
  const isTooMuch = minutes > FILLED_AFTER_MINUTES && rise > RISE_MAX * rss.median;
  const fault = `the lowest RSS rose by ${(rise / 1e6).toFixed(0)} MB, which is more than ${RISE_MAX * 100} % of the median`;
  const figures = {
    judgedFromMinute: Math.round(first / 6) / 10,
    rssMedianBytes: rss.median,
    rssMaxBytes: rss.max,
    rssSlopeBytesPerHour: Math.round(slopePerHour(judged)),
    rssFloorRiseBytes: rise,
  };
  return { figures, faults: isTooMuch ? [fault] : [] };
}

async function startLoads(port: number): Promise<Load[]> {
  const points = await startLoad(port, METRICS, POINTS_PER_S);
  const others = (['logs', 'traces'] as const).map((signal) =>
    startLoad(port, { signal, groupsPerBody: 10, sets: 'repeating', dirty: false }, RECORDS_PER_S),
  );
  return [points, ...(await Promise.all(others))];
}

function processFile(name: string): URL {
  return new URL(`../windows/${name}.js`, import.meta.url);
}

async function openDashboards(
  { system, token }: Stage,
  watchers: OrderedProcess<WatcherOrder, WatcherAnswer>,
  users: OrderedProcess<UserOrder, UserAnswer>,
): Promise<void> {
  const { apiPort } = system;
  const subscriptions = {
    metrics: { subscribe: 'metrics', limit: 50 },
    logs: { subscribe: 'logs' },
    traces: { subscribe: 'traces' },
    activity: { subscribe: 'activity' },
  };
  await watchers.ask({ type: 'open', options: { apiPort, token, scope: BENCH_SCOPE, clients: DASHBOARDS, subscriptions } });
  const questions = DASHBOARD_QUESTIONS;
  await users.ask({
    type: 'prepare',
    options: { apiPort, token, users: DASHBOARDS, questions, pauseMs: ASK_AGAIN_MS },
  });
  await users.ask({ type: 'start' });
}

async function sample(pid: number, forMs: number): Promise<SoakSample[]> {
  const samples: SoakSample[] = [];
  const from = performance.now();
  for (let due = SAMPLE_MS; due <= forMs; due += SAMPLE_MS) {
    await sleep(Math.max(0, from + due - performance.now()));
    const mainRssBytes = residentBytes(pid, 'VmRSS', 'alone');
    samples.push({ second: due / 1000, mainRssBytes, othersRssBytes: residentBytes(pid, 'VmRSS') - mainRssBytes });
  }
  return samples;
}

/** Those after the window has filled, of a run that is long enough; else all of the second half. */
function judgedSamples(samples: readonly SoakSample[], minutes: number): readonly SoakSample[] {
  const from = minutes > FILLED_AFTER_MINUTES ? FILLED_AFTER_MINUTES * 60 : (minutes * 60) / 2;
  return samples.filter(({ second }) => second >= from);
}

async function reportOf<Report>(
  process: OrderedProcess<{ readonly type: 'stop' }, { readonly type: 'done' } | { readonly type: 'report'; report: Report }>,
): Promise<Report> {
  const answer = await process.ask({ type: 'stop' });
  if (answer.type !== 'report') throw new Error('cannot read a process of the bench: it sent no report');
  return answer.report;
}

/** Asks until nothing is in flight any more, or long enough. */
async function ledgerFaults(apiPort: number, token: string, acceptedItems: number): Promise<string[]> {
  const from = performance.now();
  for (;;) {
    const ledger = await readLedger(apiPort, token);
    const busy = ledger.exporters.some(({ inFlight }) => inFlight > 0);
    if (!busy || performance.now() - from > SETTLE_MS) return imbalances(ledger, acceptedItems);
    await sleep(200);
  }
}

function sendFaults({ refused, unanswered }: { refused: Readonly<Record<string, number>>; unanswered: number }): string[] {
  const parts = Object.entries(refused).map(([status, count]) => `${count} requests were refused with ${status}`);
  return unanswered > 0 ? [...parts, `${unanswered} requests had no answer`] : parts;
}

function userFaults({ answers, refused, firstProblem }: UserReport): string[] {
  const parts = Object.entries(refused).map(([status, count]) => `${count} questions were answered ${status}: ${firstProblem}`);
  return answers === 0 ? [...parts, 'no question was answered'] : parts;
}

function watchFaults({ deltas, outOfOrder, lost, errors }: WatcherReport): string[] {
  return [
    ...(deltas === 0 ? ['the live stream sent no deltas'] : []),
    ...(outOfOrder > 0 ? [`${outOfOrder} deltas came out of order, with no gap that says so`] : []),
    ...(lost > 0 ? [`${lost} connections of the live stream were lost`] : []),
    ...errors.map((error) => `the live stream: ${error}`),
  ];
}

function processFaults(before: readonly number[], after: readonly number[]): string[] {
  const gone = before.filter((pid) => !after.includes(pid));
  return gone.length === 0 ? [] : [`${gone.length} of the collector's processes did not live through it`];
}

/** A collector that nothing happens to has nothing to warn of. */
function logFaults(log: string): string[] {
  return log
    .split('\n')
    .filter((line) => /\b(warn|error|unhandled|BUG)\b/i.test(line))
    .slice(0, 10)
    .map((line) => `it said: ${line.slice(0, 300)}`);
}
