import type { AgentRecord, RowFigures, RuntimeName } from './record.ts';
import { type Spread, spread } from '../statistics.ts';

/** How the figures of a row come about. */
export type Program = 'record' | 'http' | 'start' | 'rss' | 'stall' | 'cap' | 'bundle';

export interface Bound {
  readonly must: number;
  readonly stretch?: number;
}

export interface Row {
  readonly id: string;
  readonly program: Program;
  readonly title: string;
  readonly unit: string;
  /** `ours` is judged, the others stand beside it; in their order they take turns. */
  readonly contenders: readonly string[];
  /** What is judged is the difference to `bare`, within a round. */
  readonly added?: true;
  /** At most; a runtime without one is shown, not judged. */
  readonly bound?: (runtime: RuntimeName) => Bound | undefined;
  /** `ours` must be so many times faster than sdk-metrics, within a round. */
  readonly faster?: Bound;
  /** A figure that is the same in each round is taken once. */
  readonly once?: true;
}

const always = (must: number, stretch?: number) => (): Bound => ({ must, ...(stretch === undefined ? {} : { stretch }) });
const PEERS = ['ours', 'sdk-metrics', 'prom-client'];
const ADDED = ['bare', 'ours', 'sdk-metrics'];
const APPS = ['bare', 'ours', 'sdk-http'];
const STARTED = ['bare', 'ours', 'api', 'sdk-http'];

/** The budget of the agent. */
export const ROWS: readonly Row[] = [
  {
    id: 'counter',
    program: 'record',
    title: '`counter.add`, 4 attributes over 1,000 series',
    unit: 'ns',
    contenders: PEERS,
    bound: always(110),
    faster: { must: 8, stretch: 15 },
  },
  {
    id: 'bound-counter',
    program: 'record',
    title: 'bound `add`, 1,000 series',
    unit: 'ns',
    contenders: PEERS,
    bound: always(5, 2),
  },
  {
    id: 'bound-histogram',
    program: 'record',
    title: 'bound histogram `record`, durations of a server',
    unit: 'ns',
    contenders: PEERS,
    bound: always(10, 5),
  },
  {
    id: 'tracked-sync',
    program: 'record',
    title: '`tracked` function, added to a call',
    unit: 'ns',
    contenders: ADDED,
    added: true,
    bound: always(130, 80),
  },
  {
    id: 'tracked-async',
    program: 'record',
    title: '`tracked` async function, added to an awaited call',
    unit: 'ns',
    contenders: ADDED,
    added: true,
    bound: always(130, 80),
  },
  {
    id: 'http',
    program: 'http',
    title: 'request to a server of node:http, CPU added',
    unit: 'us',
    contenders: APPS,
    added: true,
    bound: always(3, 1.5),
  },
  {
    id: 'start-wall',
    program: 'start',
    title: 'start of an HTTP app until it listens, added',
    unit: 'ms',
    contenders: STARTED,
    added: true,
    bound: (runtime) => (runtime === 'bun' ? { must: 30, stretch: 15 } : { must: 15, stretch: 8 }),
  },
  {
    id: 'start-cpu',
    program: 'start',
    title: 'the same, CPU of all threads until then',
    unit: 'ms',
    contenders: STARTED,
    added: true,
  },
  {
    id: 'rss',
    program: 'rss',
    title: 'RSS added to that app, with its worker, after exports',
    unit: 'MB',
    contenders: APPS,
    added: true,
    bound: (runtime) => ({ must: runtime === 'node24' ? 22 : 15 }),
  },
  {
    id: 'rss-own',
    program: 'rss',
    title: "of it memory of its own, not the runtime's code",
    unit: 'MB',
    contenders: APPS,
    added: true,
  },
  {
    id: 'stall',
    program: 'stall',
    title: 'longest turn of the event loop around an export of 10,000 series',
    unit: 'ms',
    contenders: ADDED,
    bound: always(1, 0.3),
  },
  {
    id: 'stall-first',
    program: 'stall',
    title: 'the same, of the export that tells of them for the first time',
    unit: 'ms',
    contenders: ADDED,
    bound: always(1, 0.3),
  },
  {
    id: 'stall-start',
    program: 'stall',
    title: 'the same, when what exports is started',
    unit: 'ms',
    contenders: ADDED,
  },
  {
    id: 'cap-series',
    program: 'cap',
    title: 'series after 100 cycles of 1,900 new sets of attributes',
    unit: '',
    contenders: ['ours', 'sdk-metrics'],
    bound: always(2000),
    once: true,
  },
  {
    id: 'cap-lost',
    program: 'cap',
    title: 'of their 190,000 measurements not in what arrived',
    unit: '',
    contenders: ['ours', 'sdk-metrics'],
    bound: always(0),
    once: true,
  },
  {
    id: 'bundle',
    program: 'bundle',
    title: 'bundle, what an app loads of it',
    unit: 'kB',
    contenders: ['ours'],
    bound: always(100, 60),
    once: true,
  },
];

/** Of a contender, per round: its figures, or what it adds to `bare`. */
export function figuresOf(row: Row, figures: RowFigures, contender = 'ours'): readonly number[] {
  const own = figures[contender] ?? [];
  const bare = figures['bare'] ?? [];
  return row.added === true ? own.flatMap((value, round) => (bare[round] === undefined ? [] : [value - bare[round]])) : own;
}

/** How many times faster than sdk-metrics, per round. */
export function timesFaster(figures: RowFigures): readonly number[] {
  const peer = figures['sdk-metrics'] ?? [];
  return (figures['ours'] ?? []).flatMap((value, round) => (peer[round] === undefined ? [] : [peer[round] / value]));
}

export type Verdict = 'stretch' | 'must' | 'missed';

/** By the median, as machines are. */
export function judged({ median }: Spread, { must, stretch }: Bound, more = false): Verdict {
  const reaches = (bound: number | undefined): boolean => bound !== undefined && (more ? median >= bound : median <= bound);
  return reaches(stretch) ? 'stretch' : reaches(must) ? 'must' : 'missed';
}

/** What a session says of a row on a runtime; undefined where there is nothing to judge. */
export function verdictOf(row: Row, runtime: RuntimeName, figures: RowFigures): Verdict | undefined {
  const own = figuresOf(row, figures);
  const bound = row.bound?.(runtime);
  if (bound === undefined || own.length === 0) return undefined;
  const verdicts = [judged(spread(own), bound)];
  if (row.faster !== undefined) verdicts.push(judged(spread(timesFaster(figures)), row.faster, true));
  // Where only one of two has a stretch that is the one to reach.
  if (verdicts.includes('missed')) return 'missed';
  return verdicts.includes('stretch') ? 'stretch' : 'must';
}

/** The latest figures of a row on a runtime: all contenders of the same session. */
export function latestFigures(
  records: readonly AgentRecord[],
  runtime: RuntimeName,
  row: string,
): { readonly figures: RowFigures; readonly record: AgentRecord } | undefined {
  const record = records.findLast((each) => each.runtime === runtime && each.figures[row] !== undefined);
  return record === undefined ? undefined : { figures: record.figures[row]!, record };
}
