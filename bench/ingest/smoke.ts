import { missing, PERISCOPE_FULL, PERISCOPE_GZIP_1, PERISCOPE_SCOPE, type Contender } from './contenders.ts';
import { describe, ownFaultVoids, withPool } from './ingest.ts';
import { type Durations, measure } from './measure.ts';
import { type Row, ROWS } from './rows.ts';

const DURATIONS: Durations = { warmUpMs: 300, windowMs: 700 };
/** One row of every kind of work, signal and size. */
const RUNS: readonly (readonly [string, Contender])[] = [
  ['metrics-scope', PERISCOPE_SCOPE],
  ['metrics-full-dirty', PERISCOPE_FULL],
  ['logs-gzip', PERISCOPE_GZIP_1],
  ['traces-full-unique', PERISCOPE_FULL],
  ['small', PERISCOPE_FULL],
];

/** Runs Periscope shortly under several rows. True when every accepted item arrived as it must; no figure is judged. */
export async function smoke(): Promise<boolean> {
  let passed = true;
  for (const [id, contender] of RUNS) {
    const row = ROWS.find((one) => one.id === id)!;
    passed = (await smokeRun(row, contender)) && passed;
  }
  console.log(passed ? 'smoke: every accepted item arrived' : 'smoke: failed');
  return passed;
}

async function smokeRun(row: Row, contender: Contender): Promise<boolean> {
  const absent = missing(contender);
  if (absent !== undefined) {
    console.log(`${row.id.padEnd(20)} cannot run: ${absent}`);
    return false;
  }
  try {
    const run = ownFaultVoids(
      contender,
      await withPool(row, DURATIONS, (poolFile) => measure(row, contender, DURATIONS, poolFile)),
    );
    console.log(
      `${row.id.padEnd(20)} ${run.arrivedItems} of ${run.acceptedItems} items, ${run.comparedItems} compared  ${describe(run)}`,
    );
    return run.voided === undefined;
  } catch (cause) {
    console.log(`${row.id.padEnd(20)} ${(cause as Error).message}`);
    return false;
  }
}
