import { family, residentBytes } from '../ingest/process-figures.ts';
import { PERISCOPE_WATCH } from '../ingest/contenders.ts';
import { itemsPerBody, type Workload } from '../load/workload.ts';
import { spread } from '../statistics.ts';
import { BUSIEST_SERIES, BY_SERVICE_AND_MINUTE, BY_SERVICE_AND_MINUTE_VIEWS } from './questions.ts';
import type { Figures } from './record.ts';
import { rowsOf, type SqlClient } from './sql-client.ts';
import { COUNT_POINTS, METRICS, onStage, settled, startLoad } from './stage.ts';
import { setTimeout as sleep } from 'node:timers/promises';

const POINTS = 5_000_000;
const AN_HOUR: Workload = { ...METRICS, times: 'hour' };
/** Below what a core takes, so that memory is that of a window and not of a queue. */
const FILL_ITEMS_PER_S = 400_000;
const FILL_MS = 60_000;
const REST_MS = 3000;
const TIMES = 15;

/** Memory with five million points of an hour in a window, and questions that read all of them. On all cores: nobody sends. */
export function fullWindow(): Promise<{ figures: Figures; voided?: string }> {
  return onStage(
    async ({ system, client }) => {
      const accepted = await fill(system.port, client);
      const rows = await settled(client, accepted);
      await sleep(REST_MS);
      const [main, ...others] = family(system.pid).map((pid) => residentBytes(pid, 'VmRSS', 'alone'));
      const figures = {
        fullRows: rows,
        fullRssMb: (main! + others.reduce((sum, bytes) => sum + bytes, 0)) / 1e6,
        fullMainRssMb: main! / 1e6,
        byServiceMinuteMs: await medianMs(client, BY_SERVICE_AND_MINUTE),
        byServiceMinuteViewsMs: await medianMs(client, BY_SERVICE_AND_MINUTE_VIEWS),
        seriesListMs: await medianMs(client, BUSIEST_SERIES),
        fullPeakRssMb: residentBytes(system.pid, 'VmHWM') / 1e6,
      };
      if (rows !== accepted) return { figures, voided: `${accepted} points accepted, ${rows} in the window` };
      return rows < POINTS ? { figures, voided: `only ${rows} points in the window` } : { figures };
    },
    { ...PERISCOPE_WATCH, everyCore: true },
  );
}

/** Sends exactly as many, waits until the window has them, and returns how many were accepted. */
async function fill(port: number, client: SqlClient): Promise<number> {
  const load = await startLoad(port, AN_HOUR, FILL_ITEMS_PER_S, POINTS / itemsPerBody(AN_HOUR));
  try {
    const from = performance.now();
    while (Number((await rowsOf(client, COUNT_POINTS))[0]![0]) < POINTS && performance.now() - from < FILL_MS) await sleep(100);
    const sent = await load.stop();
    if (sent.bodies * itemsPerBody(AN_HOUR) !== sent.acceptedItems) {
      throw new Error(`cannot fill the window: refused ${JSON.stringify(sent.refused)}, unanswered ${sent.unanswered}`);
    }
    return sent.acceptedItems;
  } finally {
    await load.end();
  }
}

/** Of the time in the analytics process; the first answers, which compile and cache, are not counted. */
async function medianMs(client: SqlClient, sql: string): Promise<number> {
  const times: number[] = [];
  for (let i = -2; i < TIMES; i++) {
    const reply = await client.ask(sql);
    if (reply.status !== 200) throw new Error(`cannot ask: ${reply.status} ${reply.problem}`);
    if (i >= 0) times.push(reply.elapsedMs);
  }
  return spread(times).median;
}
