import { performance } from 'node:perf_hooks';
import { Sender, type DemoTargets } from './sender.ts';
import { Simulation } from './simulation.ts';

/** The program that a collector starts for `--demo`; its one argument is a DemoOrder as JSON. It ends with its parent. */
export interface DemoOrder {
  readonly seed: string;
  readonly targets: DemoTargets;
}

/** What it says to its parent. */
export interface DemoNews {
  readonly news: string;
}

const STEP_MS = 500;

const { seed, targets } = JSON.parse(process.argv[2] ?? '') as DemoOrder;
const sender = new Sender(targets);
// The clock of the machine may be set; the shop's goes on evenly.
const simulation = new Simulation(seed, performance.timeOrigin);
let timer: NodeJS.Timeout | undefined;

async function step(): Promise<void> {
  const begunMs = performance.now();
  const { requests, news } = simulation.step(performance.timeOrigin + begunMs);
  for (const text of news) process.send?.({ news: text } satisfies DemoNews);
  await Promise.all(requests.map(({ signal, bytes }) => sender.send(signal, bytes)));
  timer = setTimeout(() => void step(), Math.max(0, STEP_MS - (performance.now() - begunMs)));
}

function leave(): void {
  clearTimeout(timer);
  sender.close();
  process.exit(0);
}

// A terminal's Ctrl-C reaches both: the parent says when it is over.
process.on('SIGINT', () => {});
process.on('SIGTERM', leave);
process.on('disconnect', leave);
void step();
