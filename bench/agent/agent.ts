import { spawnSync } from 'node:child_process';
import { appendHistory } from '../history.ts';
import { REPOSITORY } from '../ingest/contenders.ts';
import { machine } from '../ingest/machine.ts';
import { canPin } from '../ingest/pinned.ts';
import { spread } from '../statistics.ts';
import { MEASURES } from './measures.ts';
import { CAP_METRIC } from './programs/cap-load.ts';
import type { EffortName } from './programs/timing.ts';
import type { AgentRecord } from './record.ts';
import { figuresOf, type Program, type Row, ROWS, timesFaster, verdictOf } from './rows.ts';
import { findRuntimes, type Runtime } from './runtimes.ts';
import { MetricSink } from './sink.ts';

export interface AgentOptions {
  /** All when undefined. */
  readonly rows?: readonly string[];
  readonly runtimes?: readonly string[];
  readonly rounds: number;
}

type Figures = Record<string, Record<string, number[]>>;

/** The agent's budget, row by row and runtime by runtime, beside its peers; records all of it. True when it could be measured
 *  and the cap on series held: what is slow is for the table to say. */
export async function agent({ rows: wanted, runtimes, rounds }: AgentOptions): Promise<boolean> {
  const unknown = wanted?.filter((id) => !ROWS.some((row) => row.id === id)) ?? [];
  if (unknown.length > 0)
    throw new Error(`cannot measure ${unknown.join(', ')}: the rows are ${ROWS.map(({ id }) => id).join(', ')}`);
  const rows = ROWS.filter(({ id }) => wanted?.includes(id) ?? true);
  const { found, absent } = findRuntimes(runtimes);
  for (const line of absent) console.log(line);
  const session = new Date().toISOString();
  let held = true;
  for (const runtime of found) {
    console.log(`\n${runtime.name} ${runtime.version}`);
    const figures = await measure(rows, runtime, rounds, 'full');
    appendHistory(recordOf(session, runtime, figures));
    held = report(rows, runtime, figures) && held;
  }
  return held;
}

/** A few of everything, on this Node and on Bun: it must run, and the cap must hold. Records nothing. */
export async function agentSmoke(): Promise<boolean> {
  const own = `node${process.versions.node.split('.')[0]}`;
  const { found, absent } = findRuntimes(undefined);
  for (const line of absent.filter((each) => each.startsWith('skip bun'))) console.log(line);
  let held = true;
  for (const runtime of found.filter(({ name }) => name === own || name === 'bun')) {
    console.log(`\n${runtime.name} ${runtime.version}`);
    held = report(ROWS, runtime, await measure(ROWS, runtime, 1, 'smoke')) && held;
  }
  return held;
}

/** All rounds of all rows; those of one program are measured together, as one run gives them. */
async function measure(rows: readonly Row[], runtime: Runtime, rounds: number, effort: EffortName): Promise<Figures> {
  const figures: Figures = {};
  const sink = await MetricSink.start(CAP_METRIC);
  try {
    for (const program of new Set(rows.map((row) => row.program))) {
      const own = rows.filter((row) => row.program === program);
      for (let round = 0; round < (own[0]!.once === true ? 1 : rounds); round++)
        await measureRound(program, own, { runtime, effort, sink }, figures);
    }
  } finally {
    await sink.stop();
  }
  return figures;
}

async function measureRound(
  program: Program,
  rows: readonly Row[],
  round: { readonly runtime: Runtime; readonly effort: EffortName; readonly sink: MetricSink },
  figures: Figures,
): Promise<void> {
  const measured = await MEASURES[program](rows, round);
  for (const { id } of rows) {
    for (const [contender, value] of Object.entries(measured[id] ?? {})) {
      ((figures[id] ??= {})[contender] ??= []).push(rounded(value));
    }
  }
}

/** Four figures that count: history is read by people, too. */
const rounded = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(4)));

function recordOf(session: string, { name, version: runtimeVersion }: Runtime, figures: Figures): AgentRecord {
  const { stdout } = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', cwd: REPOSITORY });
  const version = (stdout ?? '').trim();
  return { bench: 'agent', session, runtime: name, runtimeVersion, version, machine: machine(), pinned: canPin, figures };
}

/** Prints what was measured. False where the cap on series did not hold. */
function report(rows: readonly Row[], runtime: Runtime, figures: Figures): boolean {
  let held = true;
  for (const row of rows) {
    const own = figures[row.id];
    if (own === undefined) continue;
    const verdict = verdictOf(row, runtime.name, own);
    const all = row.contenders
      .filter((contender) => own[contender] !== undefined && (contender !== 'bare' || row.added !== true))
      .map((contender) => `${contender} ${text(figuresOf(row, own, contender))} ${row.unit}`.trimEnd());
    const times = row.faster === undefined ? [] : [`${text(timesFaster(own))}x`];
    console.log(`  ${row.id.padEnd(16)} ${[...all, ...times, verdict ?? ''].join('  ')}`);
    if (row.program === 'cap' && verdict === 'missed') held = false;
  }
  return held;
}

function text(values: readonly number[]): string {
  const { median, min, max } = spread(values);
  return values.length === 1 ? String(rounded(median)) : `${rounded(median)} (${rounded(min)}–${rounded(max)})`;
}
