import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contender, PERISCOPE_WATCH } from '../ingest/contenders.ts';
import { postEmpty } from '../ingest/first-request.ts';
import { LOAD_CORE, OrderedProcess } from '../ingest/pinned.ts';
import { type RunningSystem, startSystem } from '../ingest/system.ts';
import { ownerToken } from '../ingest/watched.ts';
import type { SenderReport } from '../load/sender.ts';
import type { SenderAnswer, SenderOrder } from '../load/sender-process.ts';
import { PATHS, type Workload } from '../load/workload.ts';
import { rowsOf, SqlClient } from './sql-client.ts';

export const METRICS: Workload = { signal: 'metrics', groupsPerBody: 100, sets: 'repeating', dirty: false, times: 'now' };
/** All data points that a window holds. */
export const COUNT_POINTS = 'SELECT count(*) FROM points';
const CONNECTIONS = 8;
const SETTLE_MS = 30_000;

/** Periscope with windows, and who may ask it. */
export interface Stage {
  readonly system: RunningSystem;
  readonly client: SqlClient;
  readonly token: string;
}

/** Runs Periscope with windows for as long as `use` does. */
export async function onStage<T>(use: (stage: Stage) => Promise<T>, contender: Contender = PERISCOPE_WATCH): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'periscope-windows-'));
  let system: RunningSystem | undefined;
  let client: SqlClient | undefined;
  try {
    system = await startSystem(contender, (port) => postEmpty(port, PATHS.metrics), 0, folder);
    const token = ownerToken(folder);
    client = new SqlClient(system.apiPort, token);
    return await use({ system, client, token });
  } finally {
    client?.close();
    await system?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A load that goes on by itself. */
export interface Load {
  mark(): Promise<void>;
  stop(): Promise<SenderReport>;
  end(): Promise<void>;
}

/** `itemsPerS` absent: as many as are taken. */
export async function startLoad(port: number, workload: Workload, itemsPerS?: number, bodiesMax?: number): Promise<Load> {
  const script = new URL('../load/sender-process.js', import.meta.url);
  const sender = new OrderedProcess<SenderOrder, SenderAnswer>(LOAD_CORE, script);
  try {
    const rate = { ...(itemsPerS === undefined ? {} : { itemsPerS }), ...(bodiesMax === undefined ? {} : { bodiesMax }) };
    await sender.ask({ type: 'prepare', options: { workload, port, connections: CONNECTIONS, gzip: false, ...rate } });
    await sender.ask({ type: 'start' });
  } catch (cause) {
    await sender.end();
    throw cause;
  }
  return {
    async mark() {
      await sender.ask({ type: 'mark' });
    },
    async stop() {
      const answer = await sender.ask({ type: 'stop' });
      if (answer.type !== 'report') throw new Error('cannot read the sender: it sent no report');
      return answer.report;
    },
    end: () => sender.end(),
  };
}

/** Waits until SQL counts as many points, and returns how many it counts in the end. */
export async function settled(client: SqlClient, points: number): Promise<number> {
  const from = performance.now();
  for (;;) {
    const seen = Number((await rowsOf(client, COUNT_POINTS))[0]![0]);
    if (seen >= points || performance.now() - from > SETTLE_MS) return seen;
    await sleep(100);
  }
}
