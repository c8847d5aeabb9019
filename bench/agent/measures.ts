import { setTimeout as sleep } from 'node:timers/promises';
import { canPin, LOAD_CORE, OrderedProcess } from '../ingest/pinned.ts';
import { residentBytes } from '../ingest/process-figures.ts';
import { spread } from '../statistics.ts';
import { loadedBytes } from './bundle-size.ts';
import { answerOf, bundleOf, end, firstLine, preloadOf, startChild } from './child.ts';
import { CAP_CYCLES, CAP_SETS } from './programs/cap-load.ts';
import type { LoadAnswer, LoadOrder } from './programs/load-process.ts';
import type { EffortName } from './programs/timing.ts';
import type { Program, Row } from './rows.ts';
import type { Runtime } from './runtimes.ts';
import type { MetricSink } from './sink.ts';

export interface Round {
  readonly runtime: Runtime;
  readonly effort: EffortName;
  readonly sink: MetricSink;
}

/** By id of a row, by contender. */
export type Measured = Record<string, Record<string, number>>;

/** One round of a program: the rows that it gives, each for every contender. */
export const MEASURES: Readonly<Record<Program, (rows: readonly Row[], round: Round) => Promise<Measured>>> = {
  record: async (rows, round) => {
    const measured: Measured = {};
    for (const row of rows) measured[row.id] = await perContender(row, (contender) => nsOf(row.id, contender, round));
    return measured;
  },
  http: ([row], round) => requests(row!, round),
  start: (rows, round) => starts(rows, round),
  rss: (rows, round) => resident(rows, round),
  stall: (rows, round) => stalls(rows, round),
  cap: (rows, round) => cap(rows, round),
  bundle: async ([row], { runtime }) => ({ [row!.id]: { ours: loadedBytes(bundleOf(runtime)) / 1000 } }),
};

async function perContender(row: Row, measure: (contender: string) => Promise<number>): Promise<Record<string, number>> {
  const figures: Record<string, number> = {};
  for (const contender of row.contenders) figures[contender] = await measure(contender);
  return figures;
}

async function nsOf(row: string, contender: string, { runtime, effort, sink }: Round): Promise<number> {
  const { value } = await answerOf({
    runtime,
    program: 'record',
    args: [row, contender, effort],
    sinkUrl: sink.url,
    pinned: canPin,
  });
  return value!;
}

const HTTP = {
  full: { connections: 16, warmUp: 6000, windows: 7, requests: 4000 },
  smoke: { connections: 4, warmUp: 100, windows: 1, requests: 200 },
} as const;

/** Servers on one core, the load on the other; windows in turn, as a busy machine changes by the second. us a request. */
async function requests(row: Row, { runtime, effort, sink }: Round): Promise<Measured> {
  const { connections, warmUp, windows, requests: count } = HTTP[effort];
  const load = new OrderedProcess<LoadOrder, LoadAnswer>(LOAD_CORE, new URL('./programs/load-process.js', import.meta.url));
  const apps = row.contenders.map((contender) =>
    startChild({ runtime, program: 'app', preload: preloadOf(contender, runtime), sinkUrl: sink.url, pinned: canPin }),
  );
  try {
    const ports = await Promise.all(apps.map(async (app) => (await firstLine(app))['port']!));
    const usPerRequest = ports.map((): number[] => []);
    for (const port of ports) await load.ask({ port, requests: warmUp, connections });
    for (let window = 0; window < windows; window++) {
      for (const [i, port] of ports.entries()) {
        const before = await appFigures(port);
        const { answered } = await load.ask({ port, requests: count, connections });
        if (answered !== count) throw new Error(`cannot measure: ${count - answered} of ${count} requests were not answered`);
        usPerRequest[i]!.push(((await appFigures(port)).cpuUs - before.cpuUs) / count);
      }
    }
    return { [row.id]: Object.fromEntries(row.contenders.map((contender, i) => [contender, spread(usPerRequest[i]!).median])) };
  } finally {
    await Promise.all([load.end(), ...apps.map(end)]);
  }
}

async function appFigures(port: number): Promise<{ readonly cpuUs: number }> {
  const response = await fetch(`http://127.0.0.1:${port}/figures`, { headers: { Connection: 'close' } });
  return (await response.json()) as { cpuUs: number };
}

const STARTS = { full: 9, smoke: 1 } as const;

/** Starts in turn, by the wall from outside and by the CPU time that the app has used when it listens. */
async function starts(rows: readonly Row[], { runtime, effort, sink }: Round): Promise<Measured> {
  const { contenders } = rows[0]!;
  const wallMs = contenders.map((): number[] => []);
  const cpuMs = contenders.map((): number[] => []);
  for (let i = 0; i < STARTS[effort]; i++) {
    for (const [at, contender] of contenders.entries()) {
      const beganMs = performance.now();
      const app = startChild({ runtime, program: 'app', preload: preloadOf(contender, runtime), sinkUrl: sink.url });
      const { cpuUs } = await firstLine(app);
      wallMs[at]!.push(performance.now() - beganMs);
      cpuMs[at]!.push(cpuUs! / 1000);
      await end(app);
    }
  }
  const medians = (figures: readonly number[][]): Record<string, number> =>
    Object.fromEntries(contenders.map((contender, i) => [contender, spread(figures[i]!).median]));
  return { 'start-wall': medians(wallMs), 'start-cpu': medians(cpuMs) };
}

const RESIDENT = { full: { intervalMs: 500, settleMs: 4000 }, smoke: { intervalMs: 200, settleMs: 800 } } as const;

/** The apps at the same time: memory does not depend on who else runs. */
async function resident(rows: readonly Row[], { runtime, effort, sink }: Round): Promise<Measured> {
  const { intervalMs, settleMs } = RESIDENT[effort];
  const env = { OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs) };
  const { contenders } = rows[0]!;
  const apps = contenders.map((contender) =>
    startChild({ runtime, program: 'app', preload: preloadOf(contender, runtime), sinkUrl: sink.url, env }),
  );
  try {
    await Promise.all(apps.map(async (app) => appFigures((await firstLine(app))['port']!)));
    await sleep(settleMs);
    const megabytes = (which: 'VmRSS' | 'RssAnon'): Record<string, number> =>
      Object.fromEntries(contenders.map((contender, i) => [contender, residentBytes(apps[i]!.pid!, which, 'alone') / 1e6]));
    return { rss: megabytes('VmRSS'), 'rss-own': megabytes('RssAnon') };
  } finally {
    await Promise.all(apps.map(end));
  }
}

const STALL = { full: { intervalMs: 300, exports: 9 }, smoke: { intervalMs: 200, exports: 4 } } as const;

async function stalls(rows: readonly Row[], { runtime, effort, sink }: Round): Promise<Measured> {
  const { intervalMs, exports } = STALL[effort];
  const measured: Measured = { stall: {}, 'stall-first': {}, 'stall-start': {} };
  for (const contender of rows[0]!.contenders) {
    const { value, first, start } = await answerOf({
      runtime,
      program: 'stall',
      args: [contender, String(exports)],
      sinkUrl: sink.url,
      env: { OTEL_METRIC_EXPORT_INTERVAL: String(intervalMs) },
    });
    measured['stall']![contender] = value!;
    measured['stall-first']![contender] = first!;
    measured['stall-start']![contender] = start!;
  }
  return measured;
}

/** What arrived is what counts, of the SDK what it would have sent. */
async function cap(rows: readonly Row[], { runtime, effort, sink }: Round): Promise<Measured> {
  const measured: Measured = { 'cap-series': {}, 'cap-lost': {} };
  // Only ours is judged, and the SDK takes most of the time.
  for (const contender of effort === 'smoke' ? ['ours'] : rows[0]!.contenders) {
    sink.take();
    const answer = await answerOf({ runtime, program: 'cap', args: [contender], sinkUrl: sink.url });
    const { series, total } = contender === 'ours' ? (sink.take() ?? { series: 0, total: 0 }) : answer;
    measured['cap-series']![contender] = series!;
    measured['cap-lost']![contender] = CAP_CYCLES * CAP_SETS - total!;
  }
  return measured;
}
