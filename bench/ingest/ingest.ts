import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { appendHistory, readHistory } from '../history.ts';
import { type Contender, missing, version } from './contenders.ts';
import { machine } from './machine.ts';
import { type Durations, measure, type Measurement } from './measure.ts';
import { canPin, LOAD_CORE, spawnPinned } from './pinned.ts';
import type { RunRecord } from './record.ts';
import { type Row, ROWS } from './rows.ts';

export interface IngestOptions {
  /** Ids of rows; all when undefined. */
  readonly rows?: readonly string[];
  /** Only contenders whose id begins with one of these. */
  readonly contenders?: readonly string[];
  readonly seconds: number;
  readonly rounds: number;
  /** Goes on with the latest session: runs that it has are not made again. */
  readonly resume: boolean;
  /** Profiles Periscope; such runs are not recorded. */
  readonly cpuProfile: boolean;
}

const WARM_UP_MS = 1500;
/** Compressed bodies made ahead: what the fastest system so far takes in a run. */
const POOL_BODIES_PER_S: Readonly<Record<string, number>> = { metrics: 2600, logs: 1300, traces: 1000 };

/** Runs rows, contenders in turn within each round, and records every run. True when no run failed or was voided. */
export async function ingest(options: IngestOptions): Promise<boolean> {
  const history = readHistory();
  const session = (options.resume ? history.at(-1)?.session : undefined) ?? new Date().toISOString();
  const done = new Set(history.filter((run) => run.session === session && run.voided === undefined).map(runKey));
  const profiles = options.cpuProfile ? mkdtempSync(join(tmpdir(), 'periscope-profiles-')) : undefined;
  let clean = true;
  for (const row of selectRows(options)) {
    const able = row.contenders
      .filter((contender) => wanted(contender, options) && canRun(contender))
      .map((contender) => (profiles === undefined ? contender : { ...contender, cpuProfileFolder: profiles }));
    const todo = (round: number): Contender[] =>
      able.filter(({ id }) => !done.has(runKey({ row: row.id, contender: id, round })));
    const durations: Durations = { warmUpMs: WARM_UP_MS, windowMs: options.seconds * 1000 };
    if (!Array.from({ length: options.rounds }, (_, round) => todo(round)).some((some) => some.length > 0)) continue;
    console.log(`\n${row.id}: ${row.title}`);
    clean =
      (await withPool(row, durations, async (poolFile) => {
        let all = true;
        for (let round = 0; round < options.rounds; round++) {
          for (const contender of todo(round)) all = (await runOnce(row, contender, round, session, durations, poolFile)) && all;
        }
        return all;
      })) && clean;
  }
  if (profiles !== undefined) console.log(`profiles in ${profiles}`);
  return clean;
}

async function runOnce(
  row: Row,
  contender: Contender,
  round: number,
  session: string,
  durations: Durations,
  poolFile: string | undefined,
): Promise<boolean> {
  try {
    const measurement = ownFaultVoids(contender, await measure(row, contender, durations, poolFile));
    if (contender.cpuProfileFolder === undefined) appendHistory(recordOf(row, contender, round, session, measurement));
    console.log(`  ${round + 1} ${contender.id.padEnd(20)} ${describe(measurement)}`);
    return measurement.voided === undefined;
  } catch (cause) {
    console.log(`  ${round + 1} ${contender.id.padEnd(20)} ${(cause as Error).message}`);
    return false;
  }
}

function recordOf(row: Row, contender: Contender, round: number, session: string, measurement: Measurement): RunRecord {
  return {
    session,
    at: new Date().toISOString(),
    row: row.id,
    contender: contender.id,
    round,
    version: version(contender),
    machine: machine(),
    pinned: canPin,
    ...measurement,
  };
}

/** Of Periscope every accepted item must arrive, and as it must be, or the run shows a fault and not a speed. */
export function ownFaultVoids(contender: Contender, run: Measurement): Measurement {
  if (contender.program !== 'periscope' || run.voided !== undefined) return run;
  if (run.arrivedItems !== run.acceptedItems) {
    return { ...run, voided: `${run.acceptedItems} items accepted, ${run.arrivedItems} arrived` };
  }
  return run.changedItems > 0 ? { ...run, voided: run.fault ?? 'items changed' } : run;
}

export function describe(run: Measurement): string {
  const refused = Object.entries(run.refused).map(([status, count]) => `${count} x ${status}`);
  const parts = [
    `${(run.itemsPerCpuS / 1000).toFixed(0).padStart(6)} k items/CPU-s`,
    `${(run.itemsPerS / 1000).toFixed(0).padStart(6)} k/s`,
    `CPU ${(run.cpuShare * 100).toFixed(0).padStart(3)} %`,
    `peak ${(run.peakRssBytes / 1e6).toFixed(0).padStart(4)} MB`,
    `${run.bytesOutPerItem.toFixed(1).padStart(5)} B/item`,
    `first answer ${run.firstAnswerMs.toFixed(0)} ms`,
  ];
  if (run.idleRssBytes !== undefined) parts.push(`idle ${(run.idleRssBytes / 1e6).toFixed(0)} MB`);
  if (refused.length > 0) parts.push(`refused ${refused.join(', ')}`);
  if (run.arrivedItems !== run.acceptedItems) parts.push(`arrived ${run.arrivedItems} of ${run.acceptedItems}`);
  if (run.changedItems > 0) parts.push(`${run.changedItems} of ${run.comparedItems} compared items changed: ${run.fault}`);
  if (run.voided !== undefined) parts.push(`VOID: ${run.voided}`);
  return parts.join('  ');
}

export function selectRows(options: Pick<IngestOptions, 'rows'>): readonly Row[] {
  const unknown = options.rows?.filter((id) => !ROWS.some((row) => row.id === id)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`cannot run ${unknown.join(', ')}: the rows are ${ROWS.map((row) => row.id).join(', ')}`);
  }
  return ROWS.filter((row) => options.rows?.includes(row.id) ?? true);
}

/** Makes the compressed bodies of a row, if it needs any, for as long as `use` runs. */
export async function withPool<T>(row: Row, durations: Durations, use: (poolFile: string | undefined) => Promise<T>): Promise<T> {
  if (!row.gzip) return use(undefined);
  const folder = mkdtempSync(join(tmpdir(), 'periscope-bench-pool-'));
  try {
    const poolFile = join(folder, 'bodies');
    const bodies = Math.ceil(
      ((POOL_BODIES_PER_S[row.workload.signal] ?? 1000) * (durations.warmUpMs + durations.windowMs)) / 1000,
    );
    const script = new URL('../load/pool-process.js', import.meta.url).pathname;
    const child = spawnPinned(LOAD_CORE, process.execPath, [script, JSON.stringify(row.workload), poolFile, String(bodies)], {
      stdio: 'inherit',
    });
    const [code] = await once(child, 'exit');
    if (code !== 0) throw new Error(`cannot make bodies for ${row.id}: the process ended with ${code}`);
    return await use(poolFile);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function canRun(contender: Contender): boolean {
  const why = missing(contender);
  if (why !== undefined) console.log(`skip ${contender.id}: ${why}`);
  return why === undefined;
}

function wanted(contender: Contender, options: IngestOptions): boolean {
  return options.contenders?.some((prefix) => contender.id.startsWith(prefix)) ?? true;
}

function runKey(run: Pick<RunRecord, 'row' | 'contender' | 'round'>): string {
  return `${run.row} ${run.contender} ${run.round}`;
}
