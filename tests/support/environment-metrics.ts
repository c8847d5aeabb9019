/** What the instrumentations of runtime and process measure, by the semantic conventions: written by hand, of no code. */
export interface EnvironmentMetric {
  readonly metric: string;
  readonly unit: string;
  readonly type: 'sum' | 'gauge';
  readonly monotonic: boolean;
  /** The attribute that tells its series apart, and the values that are always there. */
  readonly by?: { readonly key: string; readonly values: readonly string[]; readonly andOthers?: true };
  /** Values of `by`, or '' without it, whose zero is true. Any other zero says what is not so. */
  readonly zeros?: readonly string[];
}

const bytes = (metric: string): EnvironmentMetric => ({ metric, unit: 'By', type: 'sum', monotonic: false });
const MODES = { key: 'cpu.mode', values: ['user', 'system'] };
const SPACES = { key: 'v8js.heap.space.name', values: ['new_space', 'old_space'], andOthers: true } as const;

/** On Node and Bun, Linux. */
export const PROCESS_METRICS: readonly EnvironmentMetric[] = [
  // The kernel tells the modes apart by what it meets at its ticks: in a short time it may meet one of them only.
  { metric: 'process.cpu.time', unit: 's', type: 'sum', monotonic: true, by: MODES, zeros: ['system'] },
  { metric: 'process.cpu.utilization', unit: '1', type: 'gauge', monotonic: false, by: MODES, zeros: MODES.values },
  bytes('process.memory.usage'),
  bytes('process.memory.virtual'),
  { metric: 'process.uptime', unit: 's', type: 'gauge', monotonic: false },
  { metric: 'process.thread.count', unit: '{thread}', type: 'sum', monotonic: false },
  {
    metric: 'process.paging.faults',
    unit: '{fault}',
    type: 'sum',
    monotonic: true,
    by: { key: 'system.paging.fault.type', values: ['minor', 'major'] },
    // Everything was in memory already.
    zeros: ['major'],
  },
  {
    metric: 'process.context_switches',
    unit: '{context_switch}',
    type: 'sum',
    monotonic: true,
    by: { key: 'process.context_switch.type', values: ['voluntary', 'involuntary'] },
    // A process that was never in the way of another, or never waited.
    zeros: ['involuntary', 'voluntary'],
  },
];

/** On Node and Bun, in a process that lives longer than a sample takes. */
export const EVENT_LOOP_DELAYS: readonly EnvironmentMetric[] = ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'].map(
  (name) => ({
    metric: `nodejs.eventloop.delay.${name}`,
    unit: 's',
    type: 'gauge',
    monotonic: false,
    // Of one sample.
    zeros: name === 'stddev' ? [''] : [],
  }),
);

/** On Node. Bun would say zero, or what is not so. */
export const V8_METRICS: readonly EnvironmentMetric[] = [
  { metric: 'nodejs.eventloop.utilization', unit: '1', type: 'gauge', monotonic: false },
  {
    metric: 'nodejs.eventloop.time',
    unit: 's',
    type: 'sum',
    monotonic: true,
    by: { key: 'nodejs.eventloop.state', values: ['active', 'idle'] },
  },
  { ...bytes('v8js.memory.heap.used'), by: SPACES },
  { ...bytes('v8js.memory.heap.space.size'), by: SPACES },
  { ...bytes('v8js.memory.heap.space.available_size'), by: SPACES, zeros: ['*'] },
  { ...bytes('v8js.memory.heap.space.physical_size'), by: SPACES },
];
