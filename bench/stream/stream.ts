import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendHistory } from '../history.ts';
import { type Contender, missing, version } from '../ingest/contenders.ts';
import { postEmpty } from '../ingest/first-request.ts';
import { machine } from '../ingest/machine.ts';
import { canPin, LOAD_CORE, OrderedProcess } from '../ingest/pinned.ts';
import { cpuMs, residentBytes } from '../ingest/process-figures.ts';
import { type RunningSystem, startSystem } from '../ingest/system.ts';
import { benchToken } from '../load/tokens.ts';
import { PATHS } from '../load/workload.ts';
import type { ClientAnswer, ClientOrder, ClientReport } from './client-process.ts';
import type { Delivery } from './delivery.ts';
import type { FeederAnswer, FeederOrder, FeederReport } from './feeder-process.ts';
import type { StreamRecord } from './record.ts';

const PERISCOPE_STREAM: Contender = {
  id: 'periscope stream',
  program: 'periscope',
  config: 'periscope-stream.yaml',
  work: { clean: false },
};
const SCOPES = Array.from({ length: 100 }, (_, n) => `tenant-${n}`);
const PER_SCOPE = 10;
const SERIES = 50;
/** So many of ten scopes stop reading what is too much to be held for them: 800 kB of logs a second. */
const STOPPED_SCOPES = 10;
const STOPPED_PER_SCOPE = 5;
const RECORDS = 200;
const CHARACTERS = 4000;
const WARM_UP_MS = 3000;
const CATCH_UP_MS = 5000;
/** Of the deltas due in the window: those of a second that begins or ends outside of it, and those of a scope whose point
 *  came just before one second's end and just after the next. */
const MISSING_MAX = 0.25;

type Clients = OrderedProcess<ClientOrder, ClientAnswer>;
type Feeder = OrderedProcess<FeederOrder, FeederAnswer>;
type Round = Omit<StreamRecord, 'bench' | 'session' | 'at' | 'round' | 'version' | 'machine' | 'pinned'>;

/** A thousand clients of the live stream; then some of them stop reading. Records every round; true when none failed. */
export async function stream(rounds: number, seconds: number): Promise<boolean> {
  const absent = missing(PERISCOPE_STREAM);
  if (absent !== undefined) throw new Error(`cannot measure: ${absent}`);
  const session = new Date().toISOString();
  let clean = true;
  for (let round = 0; round < rounds; round++) {
    const at = new Date().toISOString();
    const measured = await onStage(seconds * 1000);
    const place = { version: version(PERISCOPE_STREAM), machine: machine(), pinned: canPin };
    appendHistory({ bench: 'stream', session, at, round, ...place, ...measured });
    console.log(describe(round, measured));
    for (const fault of measured.faults) console.log(`    FAULT ${fault}`);
    clean = clean && measured.faults.length === 0;
  }
  return clean;
}

async function onStage(windowMs: number): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-stream-'));
  const clients: Clients = new OrderedProcess(LOAD_CORE, new URL('client-process.js', import.meta.url));
  const feeder: Feeder = new OrderedProcess(LOAD_CORE, new URL('feeder-process.js', import.meta.url));
  let system: RunningSystem | undefined;
  try {
    const ask = (port: number): Promise<number | string> => postEmpty(port, PATHS.metrics, benchToken(SCOPES[0]!));
    system = await startSystem(PERISCOPE_STREAM, ask, 0, folder);
    const { port, apiPort } = system;
    const feed = { series: SERIES, logScopes: STOPPED_SCOPES, records: RECORDS, characters: CHARACTERS };
    await feeder.ask({ type: 'start', options: { port, scopes: SCOPES, ...feed } });
    await clients.ask({ type: 'open', options: { apiPort, scopes: SCOPES, perScope: PER_SCOPE, limit: SERIES } });
    return await underLoad(system, clients, feeder, windowMs);
  } finally {
    await clients.end();
    await feeder.end();
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function underLoad(system: RunningSystem, clients: Clients, feeder: Feeder, windowMs: number): Promise<Round> {
  await sleep(WARM_UP_MS);
  const reading = await watched(system, clients, windowMs);
  const rssBytes = residentBytes(system.pid, 'VmRSS');
  await feeder.ask({ type: 'logs', wanted: true });
  await clients.ask({ type: 'stop reading', scopes: STOPPED_SCOPES, clients: STOPPED_PER_SCOPE });
  await sleep(WARM_UP_MS);
  const beside = await watched(system, clients, windowMs);
  await feeder.ask({ type: 'logs', wanted: false });
  await clients.ask({ type: 'read again' });
  await sleep(CATCH_UP_MS);
  const fed = await feeder.ask({ type: 'stop' });
  const last = await reportOf(clients);
  if (fed.type !== 'report') throw new Error('cannot read the feeder: it sent no report');
  return {
    clients: SCOPES.length * PER_SCOPE,
    scopes: SCOPES.length,
    series: SERIES,
    windowMs,
    reading: reading.report.delivery,
    cpuShare: reading.cpuShare,
    rssBytes,
    stopped: STOPPED_SCOPES * STOPPED_PER_SCOPE,
    beside: beside.report.delivery,
    besideCpuShare: beside.cpuShare,
    peakRssBytes: residentBytes(system.pid, 'VmHWM'),
    dropped: last.dropped,
    gaps: last.gaps,
    faults: faultsOf(last, fed.report, [reading.report.delivery, beside.report.delivery], windowMs),
  };
}

async function watched(
  { pid }: RunningSystem,
  clients: Clients,
  windowMs: number,
): Promise<{ report: ClientReport; cpuShare: number }> {
  await clients.ask({ type: 'mark' });
  const cpuBefore = cpuMs(pid);
  const from = performance.now();
  await sleep(windowMs);
  const cpuShare = (cpuMs(pid) - cpuBefore) / (performance.now() - from);
  return { report: await reportOf(clients), cpuShare: Math.round(cpuShare * 1000) / 1000 };
}

async function reportOf(clients: Clients): Promise<ClientReport> {
  const answer = await clients.ask({ type: 'report' });
  if (answer.type !== 'report') throw new Error('cannot read the clients: they sent no report');
  return answer.report;
}

function faultsOf(
  { connected, faults, gaps, readersGaps, errors }: ClientReport,
  { refused }: FeederReport,
  deliveries: readonly Delivery[],
  windowMs: number,
): string[] {
  const all = SCOPES.length * PER_SCOPE;
  const due = (all - STOPPED_SCOPES * STOPPED_PER_SCOPE) * (windowMs / 1000);
  const isLate = deliveries.some(({ deltas }) => deltas < due * (1 - MISSING_MAX));
  return [
    ...(connected < all ? [`${all - connected} of ${all} clients were lost or never had a snapshot`] : []),
    ...(faults > 0 ? [`${faults} messages leave out deltas without a word`] : []),
    ...(readersGaps > 0 ? [`clients that read were told of ${readersGaps} gaps`] : []),
    ...(gaps === 0 ? ['those that stopped reading were told of no gap'] : []),
    ...(refused > 0 ? [`${refused} requests were refused`] : []),
    ...(isLate ? [`of ${due} deltas due only ${deliveries.map(({ deltas }) => deltas).join(' and ')} came in time`] : []),
    ...errors,
  ];
}

function describe(round: number, { reading, beside, cpuShare, rssBytes, peakRssBytes, dropped, gaps }: Round): string {
  const times = ({ p50Ms, p99Ms, maxMs, deltas }: Delivery): string =>
    `${deltas} deltas, p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms, longest ${maxMs.toFixed(0)} ms`;
  return (
    `  ${round + 1} all read: ${times(reading)}, CPU ${(cpuShare * 100).toFixed(0)} %, ${(rssBytes / 1e6).toFixed(0)} MB; ` +
    `beside those that do not: ${times(beside)}; ${dropped} deltas dropped in ${gaps} gaps, peak ${(peakRssBytes / 1e6).toFixed(0)} MB`
  );
}
