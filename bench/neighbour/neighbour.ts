import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Contender } from '../ingest/contenders.ts';
import { postEmpty } from '../ingest/first-request.ts';
import { LOAD_CORE, OrderedProcess } from '../ingest/pinned.ts';
import { startSystem } from '../ingest/system.ts';
import type { SenderReport } from '../load/sender.ts';
import type { SenderAnswer, SenderOrder } from '../load/sender-process.ts';
import type { SinkAnswer, SinkOrder } from '../load/sink-process.ts';
import { benchToken } from '../load/tokens.ts';
import { itemsPerBody, PATHS, type Workload } from '../load/workload.ts';
import { spread } from '../statistics.ts';

const GATEWAY: Contender = {
  id: 'periscope neighbour',
  program: 'periscope',
  config: 'periscope-neighbour.yaml',
  work: { clean: false },
};
/** As in the scenario. */
const NOISY_LIMIT = 20_000;
const TIMES = 50;
const QUIET: Workload = { signal: 'metrics', groupsPerBody: 10, sets: 'repeating', dirty: false };
const NOISY: Workload = { ...QUIET, groupsPerBody: 100 };
const QUIET_ITEMS_PER_S = 20_000;
/** Enough that pauses after refusals leave room for fifty times the limit. */
const NOISY_CONNECTIONS = 64;
const WARM_UP_MS = 500;

type SenderProcess = OrderedProcess<SenderOrder, SenderAnswer>;

/**
 * What one tenant at fifty times its limit does to the latency of another: rounds of the quiet one alone and then with
 * the noisy one. True when the quiet one lost nothing.
 */
export async function neighbour(rounds: number, seconds: number): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-neighbour-'));
  const sink = new OrderedProcess<SinkOrder, SinkAnswer>(LOAD_CORE, new URL('../load/sink-process.js', import.meta.url));
  try {
    const listening = await sink.ask({ type: 'open', workload: QUIET, work: GATEWAY.work });
    if (listening.type !== 'listening') throw new Error('cannot open the sink: it does not listen');
    const [quiet, noisy] = [benchToken('QUIET'), benchToken('NOISY')];
    const system = await startSystem(GATEWAY, (port) => postEmpty(port, PATHS.metrics, quiet), listening.port, folder);
    try {
      const alone: SenderReport[] = [];
      const beside: SenderReport[] = [];
      for (let round = 0; round < rounds; round++) {
        alone.push(await run(system.port, quiet, undefined, seconds));
        beside.push(await run(system.port, quiet, noisy, seconds));
      }
      return report(alone, beside);
    } finally {
      await system.stop();
    }
  } finally {
    await sink.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(port: number, quiet: string, noisy: string | undefined, seconds: number): Promise<SenderReport> {
  const senders = [await prepare(port, QUIET, quiet, 8, QUIET_ITEMS_PER_S)];
  if (noisy !== undefined) senders.push(await prepare(port, NOISY, noisy, NOISY_CONNECTIONS, TIMES * NOISY_LIMIT));
  try {
    for (const sender of senders) await sender.ask({ type: 'start' });
    await sleep(WARM_UP_MS);
    for (const sender of senders) await sender.ask({ type: 'mark' });
    await sleep(seconds * 1000);
    const [own, other] = await Promise.all(senders.map(stop));
    if (other !== undefined) describe('noisy', other, itemsPerBody(NOISY), seconds + WARM_UP_MS / 1000);
    describe(noisy === undefined ? 'quiet, alone' : 'quiet, beside it', own!, itemsPerBody(QUIET), seconds + WARM_UP_MS / 1000);
    return own!;
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
): Promise<SenderProcess> {
  const sender: SenderProcess = new OrderedProcess(LOAD_CORE, new URL('../load/sender-process.js', import.meta.url));
  await sender.ask({ type: 'prepare', options: { workload, port, connections, gzip: false, tokens: [token], itemsPerS } });
  return sender;
}

async function stop(sender: SenderProcess): Promise<SenderReport> {
  const answer = await sender.ask({ type: 'stop' });
  if (answer.type !== 'report') throw new Error('cannot read the sender: it sent no report');
  return answer.report;
}

function describe(who: string, sent: SenderReport, items: number, seconds: number): void {
  const refused = Object.entries(sent.refused).map(([status, count]) => `${count} x ${status}`);
  const rate = (count: number): string => `${(count / seconds / 1000).toFixed(0)} k items/s`;
  console.log(
    `  ${who.padEnd(18)} sent ${rate(sent.bodies * items)}, taken ${rate(sent.acceptedItems)}, p50 ${sent.latencyP50Ms.toFixed(2)} ms, p99 ${sent.latencyP99Ms.toFixed(2)} ms` +
      `${refused.length === 0 ? '' : `, refused ${refused.join(', ')}`}${sent.unanswered === 0 ? '' : `, ${sent.unanswered} unanswered`}`,
  );
}

function report(alone: readonly SenderReport[], beside: readonly SenderReport[]): boolean {
  const p99 = (reports: readonly SenderReport[]): number => spread(reports.map(({ latencyP99Ms }) => latencyP99Ms)).median;
  const lost = [...alone, ...beside].some(({ refused, unanswered }) => Object.keys(refused).length > 0 || unanswered > 0);
  const change = (100 * (p99(beside) - p99(alone))) / p99(alone);
  console.log(
    `p99 of the quiet tenant: ${p99(alone).toFixed(2)} ms alone, ${p99(beside).toFixed(2)} ms beside the noisy one: ${change >= 0 ? '+' : ''}${change.toFixed(0)} % (must: < 20 %)`,
  );
  if (lost) console.log('the quiet tenant was refused, or lost requests');
  return !lost;
}
