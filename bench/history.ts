import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentRecord } from './agent/record.ts';
import type { ChaosRecord } from './chaos/record.ts';
import { REPOSITORY } from './ingest/contenders.ts';
import type { RunRecord } from './ingest/record.ts';
import type { NeighbourRecord } from './neighbour/record.ts';
import type { PageRecord } from './page/record.ts';
import type { SoakRecord } from './soak/record.ts';
import type { StreamRecord } from './stream/record.ts';
import type { TenantsRecord } from './tenants/record.ts';
import type { WindowsRecord } from './windows/record.ts';

export const HISTORY_FILE: string = join(REPOSITORY, 'bench/history.jsonl');

/** What other benches record, told apart by their names; a run of the ingest bench has none. */
export type NamedRecord =
  | AgentRecord
  | ChaosRecord
  | NeighbourRecord
  | PageRecord
  | SoakRecord
  | StreamRecord
  | TenantsRecord
  | WindowsRecord;

/** Every run ever recorded, oldest first. */
export function readHistory(file: string = HISTORY_FILE): RunRecord[] {
  return readLines(file).filter((line): line is RunRecord => !('bench' in line));
}

/** All that the other benches ever recorded, oldest first. */
export function readNamed(file: string = HISTORY_FILE): NamedRecord[] {
  return readLines(file).filter((line): line is NamedRecord => 'bench' in line);
}

function readLines(file: string): (RunRecord | NamedRecord)[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunRecord | NamedRecord);
}

export function appendHistory(record: RunRecord | NamedRecord, file: string = HISTORY_FILE): void {
  appendFileSync(file, `${JSON.stringify(record)}\n`);
}

/** The runs of a row that are reported: those of the latest session that has it, without the voided. */
export function latestRuns(history: readonly RunRecord[], row: string): RunRecord[] {
  const valid = history.filter((run) => run.row === row && run.voided === undefined);
  const session = valid
    .map((run) => run.session)
    .sort()
    .at(-1);
  return valid.filter((run) => run.session === session);
}

/** What a bench recorded in its latest session. */
export function latest<Bench extends NamedRecord['bench']>(
  records: readonly NamedRecord[],
  bench: Bench,
): readonly Extract<NamedRecord, { bench: Bench }>[] {
  const own = records.filter((record): record is Extract<NamedRecord, { bench: Bench }> => record.bench === bench);
  const session = own
    .map((record) => record.session)
    .sort()
    .at(-1);
  return own.filter((record) => record.session === session);
}
