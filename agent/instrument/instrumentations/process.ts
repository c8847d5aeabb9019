import type { BatchObservableResult, MetricOptions, Observable } from '@opentelemetry/api';
import type { Instrumentation, Stop, Tools } from './contract.ts';

/** ValueType.INT of the API, from which nothing but types is imported. */
const INT = 0;
/** Fields of /proc/self/stat behind the name of the program, which may hold anything: numbers of proc(5) less 3. */
const STAT_THREADS = 17;
const STAT_VIRTUAL_BYTES = 20;

/** What the operating system says of this process, as it is when it is collected. */
export const processMetrics: Instrumentation = {
  name: 'process',
  start: ({ later, ...tools }) => ({ stop: later(() => observingProcess(tools)) }),
};

function observingProcess({ meter, quietly }: Pick<Tools, 'meter' | 'quietly'>): Stop {
  const instruments = instrumentsOf((kind, name, options) =>
    kind === 'counter'
      ? meter.createObservableCounter(name, options)
      : kind === 'gauge'
        ? meter.createObservableGauge(name, options)
        : meter.createObservableUpDownCounter(name, options),
  );
  const utilization = cpuUtilization();
  const observing = (observables: Observable[], observe: (result: BatchObservableResult) => void): Stop => {
    const callback = quietly(observe);
    meter.addBatchObservableCallback(callback, observables);
    return () => meter.removeBatchObservableCallback(callback, observables);
  };
  const { threads, virtual, descriptors, ...others } = instruments;
  // Two callbacks, as each may have a turn of the event loop to itself, and a file is the half of it.
  const stops = [
    observing(Object.values(others), (result) => {
      observeUsage(instruments, result);
      for (const { mode, share } of utilization()) result.observe(others.cpuUtilization, share, { 'cpu.mode': mode });
    }),
  ];
  if (process.platform === 'linux')
    stops.push(observing([threads, virtual, descriptors], (result) => observeProc(instruments, result)));
  return () => stops.forEach((stop) => stop());
}

type Create = (kind: 'counter' | 'gauge' | 'up_down_counter', name: string, options: MetricOptions) => Observable;
type Instruments = ReturnType<typeof instrumentsOf>;

function instrumentsOf(create: Create) {
  return {
    cpuTime: create('counter', 'process.cpu.time', {
      description: 'Total CPU seconds broken down by different CPU modes.',
      unit: 's',
    }),
    cpuUtilization: create('gauge', 'process.cpu.utilization', {
      description:
        'Difference in process.cpu.time since the last measurement, divided by the elapsed time and number of CPUs available to the process.',
      unit: '1',
    }),
    memory: create('up_down_counter', 'process.memory.usage', {
      description: 'The amount of physical memory in use.',
      unit: 'By',
      valueType: INT,
    }),
    virtual: create('up_down_counter', 'process.memory.virtual', {
      description: 'The amount of committed virtual memory.',
      unit: 'By',
      valueType: INT,
    }),
    uptime: create('gauge', 'process.uptime', { description: 'The time the process has been running.', unit: 's' }),
    threads: create('up_down_counter', 'process.thread.count', {
      description: 'Process threads count.',
      unit: '{thread}',
      valueType: INT,
    }),
    descriptors: create('up_down_counter', 'process.unix.file_descriptor.count', {
      description: 'Number of UNIX file descriptors in use by the process.',
      unit: '{file_descriptor}',
      valueType: INT,
    }),
    faults: create('counter', 'process.paging.faults', {
      description: 'Number of page faults the process has made.',
      unit: '{fault}',
      valueType: INT,
    }),
    switches: create('counter', 'process.context_switches', {
      description: 'Number of times the process has been context switched.',
      unit: '{context_switch}',
      valueType: INT,
    }),
  };
}

function observeUsage({ cpuTime, memory, uptime, faults, switches }: Instruments, result: BatchObservableResult): void {
  const usage = process.resourceUsage();
  result.observe(cpuTime, usage.userCPUTime / 1e6, { 'cpu.mode': 'user' });
  result.observe(cpuTime, usage.systemCPUTime / 1e6, { 'cpu.mode': 'system' });
  result.observe(memory, process.memoryUsage.rss());
  result.observe(uptime, process.uptime());
  // Windows counts neither.
  if (process.platform === 'win32') return;
  result.observe(faults, usage.minorPageFault, { 'system.paging.fault.type': 'minor' });
  result.observe(faults, usage.majorPageFault, { 'system.paging.fault.type': 'major' });
  result.observe(switches, usage.voluntaryContextSwitches, { 'process.context_switch.type': 'voluntary' });
  result.observe(switches, usage.involuntaryContextSwitches, { 'process.context_switch.type': 'involuntary' });
}

/** Shares of the CPUs since the last call, at first since the process started; none when no time has passed. */
function cpuUtilization(): () => readonly { readonly mode: string; readonly share: number }[] {
  const cpus = process.getBuiltinModule('node:os').availableParallelism();
  let last = { user: 0, system: 0, atMs: 0 };
  return () => {
    const now = { ...process.cpuUsage(), atMs: performance.now() };
    const cpuMicroseconds = (now.atMs - last.atMs) * 1000 * cpus;
    const shares =
      cpuMicroseconds <= 0
        ? []
        : [
            { mode: 'user', share: (now.user - last.user) / cpuMicroseconds },
            { mode: 'system', share: (now.system - last.system) / cpuMicroseconds },
          ];
    last = now;
    return shares;
  };
}

function observeProc({ threads, virtual, descriptors }: Instruments, result: BatchObservableResult): void {
  const { readFileSync, statSync } = process.getBuiltinModule('node:fs');
  const stat = readFileSync('/proc/self/stat', 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const threadCount = Number(fields[STAT_THREADS]);
  const virtualBytes = Number(fields[STAT_VIRTUAL_BYTES]);
  if (threadCount > 0) result.observe(threads, threadCount);
  if (virtualBytes > 0) result.observe(virtual, virtualBytes);
  // Since Linux 6.2 the folder's size is the number of its entries; before, it is 0. Listing them would take longer the
  // more there are.
  const { size } = statSync('/proc/self/fd');
  if (size > 0) result.observe(descriptors, size);
}
