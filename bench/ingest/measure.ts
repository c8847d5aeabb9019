import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SenderReport } from '../load/sender.ts';
import type { SenderAnswer, SenderOrder } from '../load/sender-process.ts';
import type { SinkReport } from '../load/sink.ts';
import type { SinkAnswer, SinkOrder } from '../load/sink-process.ts';
import { benchTokens } from '../load/tokens.ts';
import { GRPC_PATHS, itemsPerBody, PATHS } from '../load/workload.ts';
import type { Contender } from './contenders.ts';
import { LOAD_CORE, OrderedProcess } from './pinned.ts';
import { cpuMs, residentBytes } from './process-figures.ts';
import type { RunRecord } from './record.ts';
import type { Row } from './rows.ts';
import { callEmpty, type FirstRequest, postEmpty } from './first-request.ts';
import { startSystem, type RunningSystem } from './system.ts';
import { Watch } from './watched.ts';

export interface Durations {
  readonly warmUpMs: number;
  readonly windowMs: number;
}

/** What one run measured; who asked for it adds the session and the machine. */
export type Measurement = Omit<RunRecord, 'session' | 'at' | 'row' | 'contender' | 'round' | 'version' | 'machine' | 'pinned'>;

const CONNECTIONS = 8;
const IDLE_MS = 1000;
/** After the last request, arrivals may pause this long before what is missing counts as missing. */
const DRAIN_PAUSE_MS = 4000;
const DRAIN_MS = 30_000;

type SenderProcess = OrderedProcess<SenderOrder, SenderAnswer>;
type SinkProcess = OrderedProcess<SinkOrder, SinkAnswer>;

/** Runs one contender once under a row's load. Throws when it cannot be run at all. */
export async function measure(row: Row, contender: Contender, durations: Durations, poolFile?: string): Promise<Measurement> {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-bench-'));
  const sink: SinkProcess = new OrderedProcess(LOAD_CORE, new URL('../load/sink-process.js', import.meta.url));
  const sender: SenderProcess = new OrderedProcess(LOAD_CORE, new URL('../load/sender-process.js', import.meta.url));
  let system: RunningSystem | undefined;
  let watch: Watch | undefined;
  try {
    const outPort = await openSink(sink, row, contender);
    const tokens = benchTokens(contender.work.scopes ?? 0);
    system = await startSystem(contender, firstRequest(row, tokens[0]), outPort, folder);
    await prepareSender(sender, row, system.port, tokens, poolFile);
    if (contender.watched === true) watch = await Watch.open(system, folder, contender.work.scope ?? '');
    return await underLoad(row, system, sender, sink, durations, watch);
  } finally {
    await watch?.end();
    await system?.stop();
    await sender.end();
    await sink.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

function firstRequest({ protocol, workload }: Row, token: string | undefined): FirstRequest {
  return protocol === 'grpc'
    ? (port) => callEmpty(port, GRPC_PATHS[workload.signal])
    : (port) => postEmpty(port, PATHS[workload.signal], token);
}

async function openSink(sink: SinkProcess, row: Row, contender: Contender): Promise<number> {
  const answer = await sink.ask({ type: 'open', workload: row.workload, work: contender.work });
  if (answer.type !== 'listening') throw new Error('cannot open the sink: it does not listen');
  return answer.port;
}

async function prepareSender(
  sender: SenderProcess,
  row: Row,
  port: number,
  tokens: readonly string[],
  poolFile?: string,
): Promise<void> {
  await sender.ask({
    type: 'prepare',
    options: {
      workload: row.workload,
      port,
      connections: CONNECTIONS,
      gzip: row.gzip,
      ...(tokens.length === 0 ? {} : { tokens }),
      ...(row.protocol === undefined ? {} : { protocol: row.protocol }),
      ...(row.itemsPerS === undefined ? {} : { itemsPerS: row.itemsPerS }),
    },
    ...(poolFile === undefined ? {} : { poolFile }),
  });
}

async function underLoad(
  row: Row,
  system: RunningSystem,
  sender: SenderProcess,
  sink: SinkProcess,
  durations: Durations,
  watch?: Watch,
): Promise<Measurement> {
  const fixedRate = row.itemsPerS !== undefined;
  if (fixedRate) await sleep(IDLE_MS);
  const idleRssBytes = residentBytes(system.pid, 'VmRSS');
  await sender.ask({ type: 'start' });
  await sleep(durations.warmUpMs);
  await Promise.all([sender.ask({ type: 'mark' }), sink.ask({ type: 'mark' }), watch?.mark()]);
  const cpuBefore = cpuMs(system.pid);
  const mainCpuBefore = cpuMs(system.pid, 'alone');
  const from = performance.now();
  await sleep(durations.windowMs);
  await Promise.all([sink.ask({ type: 'mark' }), watch?.mark()]);
  const cpu = cpuMs(system.pid) - cpuBefore;
  const mainCpu = cpuMs(system.pid, 'alone') - mainCpuBefore;
  const windowMs = performance.now() - from;
  const loadedRssBytes = residentBytes(system.pid, 'VmRSS');
  const answer = await sender.ask({ type: 'stop' });
  if (answer.type !== 'report') throw new Error('cannot read the sender: it sent no report');
  await drained(sink, answer.report.acceptedItems);
  const watched = await watch?.report(answer.report.acceptedItems);
  const peakRssBytes = residentBytes(system.pid, 'VmHWM');
  // What is still inside now has its last chance: a stopping collector drains.
  await system.stop();
  const arrived = await sink.ask({ type: 'report' });
  if (arrived.type !== 'report') throw new Error('cannot read the sink: it sent no report');
  const items = Math.min(arrived.report.window.items, watched?.storedItems ?? Number.POSITIVE_INFINITY);
  return {
    ...figures(arrived.report, items, cpu, windowMs),
    ...accounts(row, answer.report, arrived.report, watched?.fault),
    ...(watched === undefined ? {} : { mainItemsPerCpuS: perSecond(items, mainCpu), watchedDeltas: watched.deltas }),
    firstAnswerMs: round(system.firstAnswerMs),
    peakRssBytes,
    ...(fixedRate ? { idleRssBytes, loadedRssBytes } : {}),
  };
}

/** Waits until as many items arrived as were accepted, or no more do. */
async function drained(sink: SinkProcess, acceptedItems: number): Promise<void> {
  const startedAt = performance.now();
  let items = -1;
  let changedAt = startedAt;
  for (;;) {
    const answer = await sink.ask({ type: 'total' });
    const now = performance.now();
    if (answer.type !== 'total' || answer.total.items >= acceptedItems) return;
    if (answer.total.items !== items) changedAt = now;
    items = answer.total.items;
    if (now - changedAt > DRAIN_PAUSE_MS || now - startedAt > DRAIN_MS) return;
    await sleep(100);
  }
}

function figures(
  sink: SinkReport,
  items: number,
  cpu: number,
  windowMs: number,
): Pick<Measurement, 'windowMs' | 'itemsPerCpuS' | 'itemsPerS' | 'cpuShare' | 'bytesOutPerItem'> {
  return {
    windowMs: round(windowMs),
    itemsPerCpuS: perSecond(items, cpu),
    itemsPerS: perSecond(items, windowMs),
    cpuShare: round(cpu / windowMs),
    bytesOutPerItem: sink.total.items > 0 ? round(sink.total.bytes / sink.total.items) : 0,
  };
}

function accounts(
  row: Row,
  sender: SenderReport,
  sink: SinkReport,
  fault: string | undefined,
): Omit<
  Measurement,
  'windowMs' | 'itemsPerCpuS' | 'itemsPerS' | 'cpuShare' | 'bytesOutPerItem' | 'firstAnswerMs' | 'peakRssBytes'
> {
  const voided = whyVoid(sender, sink) ?? fault;
  return {
    latencyP50Ms: round(sender.latencyP50Ms),
    latencyP99Ms: round(sender.latencyP99Ms),
    sentItems: sender.bodies * itemsPerBody(row.workload),
    acceptedItems: sender.acceptedItems,
    arrivedItems: sink.total.items,
    rejectedItems: sender.rejectedItems,
    refused: sender.refused,
    unanswered: sender.unanswered,
    comparedItems: sink.comparison.items,
    changedItems: sink.comparison.changedItems,
    ...(sink.comparison.fault === undefined ? {} : { fault: sink.comparison.fault }),
    ...(voided === undefined ? {} : { voided }),
  };
}

/** Items that are missing or changed void nothing here: a peer that does so is shown with that. */
function whyVoid(sender: SenderReport, sink: SinkReport): string | undefined {
  if (sink.window.items === 0) return 'nothing arrived';
  if (sink.total.broken > 0) return `${sink.total.broken} bodies at the sink are not a request`;
  if (sink.comparison.items === 0) return 'nothing was compared';
  if (sink.total.items > sender.acceptedItems && sender.unanswered === 0 && Object.keys(sender.refused).length === 0) {
    return `${sink.total.items} items arrived of ${sender.acceptedItems} accepted`;
  }
  return undefined;
}

function perSecond(items: number, ms: number): number {
  return ms > 0 ? Math.round((items * 1000) / ms) : 0;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
