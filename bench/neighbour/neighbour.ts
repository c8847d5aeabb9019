import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { appendHistory } from '../history.ts';
import { type Contender, version } from '../ingest/contenders.ts';
import { postEmpty } from '../ingest/first-request.ts';
import { machine } from '../ingest/machine.ts';
import { canPin, LOAD_CORE, OrderedProcess } from '../ingest/pinned.ts';
import { cpuMs } from '../ingest/process-figures.ts';
import { startSystem } from '../ingest/system.ts';
import type { SenderReport } from '../load/sender.ts';
import type { SenderAnswer, SenderOrder } from '../load/sender-process.ts';
import type { SinkAnswer, SinkOrder } from '../load/sink-process.ts';
import { benchToken } from '../load/tokens.ts';
import { itemsPerBody, PATHS, type Workload } from '../load/workload.ts';
import { type NeighbourRecord, PHASES, type Phase, type TenantFigures } from './record.ts';
import type { RefuserAnswer, RefuserOrder } from './refuser-process.ts';

const GATEWAY: Contender = {
  id: 'periscope neighbour',
  program: 'periscope',
  config: 'periscope-neighbour.yaml',
  work: { clean: false },
};
/** As in the scenario. */
const NOISY_LIMIT = 20_000;
const OFFERED_OF_LIMIT: Readonly<Record<Phase, number>> = {
  alone: 0,
  'within its limit': 0.9,
  'at 50 times its limit': 50,
  'generator only': 50,
};
const QUIET: Workload = { signal: 'metrics', groupsPerBody: 10, sets: 'repeating', dirty: false };
const NOISY: Workload = { ...QUIET, groupsPerBody: 100 };
const QUIET_ITEMS_PER_S = 20_000;
const QUIET_CONNECTIONS = 8;
const NOISY_CONNECTIONS = 64;
/** On the core that they share with the quiet one's generator that one goes first, so that it waits for the collector and
 *  neither for the sink nor for the noisy one's generator. */
const SINK_NICENESS = 10;
const NOISY_NICENESS = 19;
const WARM_UP_MS = 1500;

type SenderProcess = OrderedProcess<SenderOrder, SenderAnswer>;

/** Ports and tokens of one bench. */
interface Stage {
  readonly port: number;
  readonly refuserPort: number;
  readonly pid: number;
  readonly quiet: string;
  readonly noisy: string;
  readonly windowMs: number;
}
type Run = Pick<NeighbourRecord, 'cpuShare' | 'quiet' | 'other'>;

/**
 * What one tenant at fifty times its limit does to the latency of another: its phases in turn, in each round. Records
 * every run. True when the quiet one lost nothing.
 */
export async function neighbour(rounds: number, seconds: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-neighbour-'));
  const script = new URL('../load/sink-process.js', import.meta.url);
  const sink = new OrderedProcess<SinkOrder, SinkAnswer>(LOAD_CORE, script, SINK_NICENESS);
  const refuser = new OrderedProcess<RefuserOrder, RefuserAnswer>(
    LOAD_CORE,
    new URL('refuser-process.js', import.meta.url),
    NOISY_NICENESS,
  );
  try {
    const listening = await sink.ask({ type: 'open', workload: QUIET, work: GATEWAY.work });
    if (listening.type !== 'listening') throw new Error('cannot open the sink: it does not listen');
    const { port: refuserPort } = await refuser.ask({ type: 'open' });
    const [quiet, noisy] = [benchToken('QUIET'), benchToken('NOISY')];
    const system = await startSystem(GATEWAY, (port) => postEmpty(port, PATHS.metrics, quiet), listening.port, folder);
    try {
      return await takeTurns({ port: system.port, refuserPort, pid: system.pid, quiet, noisy, windowMs: seconds * 1000 }, rounds);
    } finally {
      await system.stop();
    }
  } finally {
    await refuser.end();
    await sink.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function takeTurns(stage: Stage, rounds: number): Promise<boolean> {
  const session = new Date().toISOString();
  const { windowMs } = stage;
  const place = { version: version(GATEWAY), machine: machine(), pinned: canPin };
  let lossless = true;
  // Unrecorded: until the collector's code is compiled its first seconds are slow, whoever stands beside.
  for (const phase of ['alone', 'at 50 times its limit'] as const) await runPhase(stage, phase);
  for (let round = 0; round < rounds; round++) {
    for (const phase of PHASES) {
      const at = new Date().toISOString();
      const run = await runPhase(stage, phase);
      appendHistory({ bench: 'neighbour', session, at, round, phase, ...place, warmUpMs: WARM_UP_MS, windowMs, ...run });
      describe(round, phase, run);
      lossless &&= Object.keys(run.quiet.refused).length === 0 && run.quiet.unanswered === 0;
    }
  }
  if (!lossless) console.log('the quiet tenant was refused, or lost requests');
  return lossless;
}

async function runPhase(stage: Stage, phase: Phase): Promise<Run> {
  const offered = OFFERED_OF_LIMIT[phase] * NOISY_LIMIT;
  const quiet = await prepare(stage.port, QUIET, stage.quiet, QUIET_CONNECTIONS, QUIET_ITEMS_PER_S, 0);
  const senders = [quiet];
  try {
    const port = phase === 'generator only' ? stage.refuserPort : stage.port;
    if (offered > 0) senders.push(await prepare(port, NOISY, stage.noisy, NOISY_CONNECTIONS, offered, NOISY_NICENESS));
    for (const sender of senders) await sender.ask({ type: 'start' });
    await sleep(WARM_UP_MS);
    for (const sender of senders) await sender.ask({ type: 'mark' });
    const cpuBefore = cpuMs(stage.pid);
    const from = performance.now();
    await sleep(stage.windowMs);
    const cpuShare = round3((cpuMs(stage.pid) - cpuBefore) / (performance.now() - from));
    // The quiet one first: what it still waits for is answered beside the other.
    const reports: SenderReport[] = [];
    for (const sender of senders) reports.push(await stop(sender));
    const seconds = (WARM_UP_MS + stage.windowMs) / 1000;
    const [own, other] = reports;
    return {
      cpuShare,
      quiet: figures(own!, itemsPerBody(QUIET), seconds),
      ...(other === undefined ? {} : { other: figures(other, itemsPerBody(NOISY), seconds) }),
    };
  } finally {
    await Promise.all(senders.map((sender) => sender.end()));
  }
}

async function prepare(
  port: number,
  workload: Workload,
  token: string,
  connections: number,
  itemsPerS: number,
  niceness: number,
): Promise<SenderProcess> {
  const script = new URL('../load/sender-process.js', import.meta.url);
  const sender: SenderProcess = new OrderedProcess(LOAD_CORE, script, niceness);
  await sender.ask({ type: 'prepare', options: { workload, port, connections, gzip: false, tokens: [token], itemsPerS } });
  return sender;
}

async function stop(sender: SenderProcess): Promise<SenderReport> {
  const answer = await sender.ask({ type: 'stop' });
  if (answer.type !== 'report') throw new Error('cannot read the sender: it sent no report');
  return answer.report;
}

function figures(sent: SenderReport, items: number, seconds: number): TenantFigures {
  return {
    sentItemsPerS: Math.round((sent.bodies * items) / seconds),
    acceptedItemsPerS: Math.round(sent.acceptedItems / seconds),
    latencyP50Ms: round3(sent.latencyP50Ms),
    latencyP99Ms: round3(sent.latencyP99Ms),
    refused: sent.refused,
    unanswered: sent.unanswered,
  };
}

function describe(round: number, phase: Phase, { quiet, other, cpuShare }: Run): void {
  const rates = (tenant: TenantFigures): string => {
    const refused = Object.entries(tenant.refused).map(([status, count]) => `, ${count} x ${status}`);
    return `sent ${(tenant.sentItemsPerS / 1000).toFixed(0)} k/s, taken ${(tenant.acceptedItemsPerS / 1000).toFixed(0)} k/s${refused.join('')}`;
  };
  console.log(
    `  ${round + 1} ${phase.padEnd(22)} p50 ${quiet.latencyP50Ms.toFixed(2)} ms, p99 ${quiet.latencyP99Ms.toFixed(2)} ms, ${rates(quiet)};` +
      ` collector's CPU ${(cpuShare * 100).toFixed(0)} %${other === undefined ? '' : `; the other: ${rates(other)}`}`,
  );
}

function round3(value: number): number {
  return Math.round(value * 1000) / 1000;
}
