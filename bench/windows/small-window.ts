import { PERISCOPE_WATCH } from '../ingest/contenders.ts';
import { PATHS } from '../load/workload.ts';
import { spread } from '../statistics.ts';
import { CORRELATION, SELECT_ONE, Z_SCORE } from './questions.ts';
import type { Figures } from './record.ts';
import type { SqlClient } from './sql-client.ts';
import { onStage, settled } from './stage.ts';

const SERIES = 50;
const POINTS_EACH = 60;
const TIMES = 200;
const PAIRS = (SERIES * (SERIES - 1)) / 2;

/** What is asked of a window with 50 series of 60 points: what questions cost that have little to read. */
export function smallWindow(): Promise<{ figures: Figures; voided?: string }> {
  return onStage(
    async ({ system, client }) => {
      for (let point = 0; point < POINTS_EACH; point++) await post(system.port, point);
      const rows = await settled(client, SERIES * POINTS_EACH);
      const one = await askOften(client, SELECT_ONE, 1);
      const zScore = await askOften(client, Z_SCORE, SERIES);
      const correlation = await askOften(client, CORRELATION, PAIRS);
      const figures = {
        selectOneMs: one.roundTripMs,
        zScoreMs: zScore.elapsedMs,
        zScoreHttpMs: zScore.roundTripMs,
        correlationMs: correlation.elapsedMs,
        correlationHttpMs: correlation.roundTripMs,
      };
      return rows === SERIES * POINTS_EACH ? { figures } : { figures, voided: `${rows} points in the window` };
    },
    { ...PERISCOPE_WATCH, everyCore: true },
  );
}

/** Medians, after a few that compile and cache. Throws on an answer that has not as many rows. */
async function askOften(client: SqlClient, sql: string, rows: number): Promise<{ elapsedMs: number; roundTripMs: number }> {
  const elapsed: number[] = [];
  const roundTrips: number[] = [];
  for (let i = -20; i < TIMES; i++) {
    const reply = await client.ask(sql);
    if (reply.status !== 200) throw new Error(`cannot ask: ${reply.status} ${reply.problem}`);
    if (reply.rows.length !== rows) throw new Error(`cannot use the answer: ${reply.rows.length} rows for ${rows}`);
    if (i < 0) continue;
    elapsed.push(reply.elapsedMs);
    roundTrips.push(reply.roundTripMs);
  }
  return { elapsedMs: spread(elapsed).median, roundTripMs: spread(roundTrips).median };
}

/** Point number `point` of every series: waves of different lengths, so that no two series are the same. */
async function post(port: number, point: number): Promise<void> {
  const timeUnixNano = `${1_763_722_800 + point}000000000`;
  const metrics = Array.from({ length: SERIES }, (_, series) => ({
    name: `bench.wave.${series}`,
    gauge: { dataPoints: [{ timeUnixNano, asDouble: Math.sin((point * (series + 1)) / 40) + (point % (series + 2)) / 10 }] },
  }));
  const attributes = [{ key: 'service.name', value: { stringValue: 'bench' } }];
  const body = JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ metrics }] }] });
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(`http://127.0.0.1:${port}${PATHS.metrics}`, { method: 'POST', headers, body });
  await answer.arrayBuffer();
  if (answer.status !== 200) throw new Error(`cannot fill the window: ${answer.status}`);
}
