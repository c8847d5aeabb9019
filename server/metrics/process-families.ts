import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { processMemory } from '../../pipeline/process-memory.ts';
import type { Family } from './exposition.ts';

const NS_PER_S = 1e9;
/** The delay is of the last whole window of so long, and of what there is of the present one. */
const WINDOW_MS = 15_000;
const RESOLUTION_MS = 20;

/** How the process itself is. Watches the event loop until `stop`; keeps no process alive. */
export class ProcessWatch {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #timer: NodeJS.Timeout;
  #before = { mean: 0, p99: 0, max: 0 };

  constructor() {
    this.#delay.enable();
    this.#timer = setInterval(() => {
      this.#before = this.#reading();
      this.#delay.reset();
    }, WINDOW_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#delay.disable();
  }

  /** `otelcol_process_*`, as the Go collector names them; what Node cannot tell (bytes allocated so far) is not there. */
  collectorFamilies(bare: boolean): Family[] {
    const { user, system } = process.cpuUsage();
    const { rss, heapUsed, heapTotal, external } = processMemory();
    const one = (name: string, help: string, type: Family['type'], value: number): Family => ({
      name: `otelcol_process_${name}`,
      help,
      type,
      bare,
      samples: [{ labels: {}, value }],
    });
    return [
      one('uptime', 'Uptime of the process, in seconds', 'counter', process.uptime()),
      one('cpu_seconds', 'Total CPU user and system time in seconds', 'counter', (user + system) / 1e6),
      one('memory_rss', 'Total physical memory (resident set size), in bytes', 'gauge', rss),
      one('runtime_heap_alloc_bytes', 'Bytes of allocated heap objects', 'gauge', heapUsed),
      one(
        'runtime_total_sys_memory_bytes',
        'Bytes that the runtime has for the heap and for buffers beside it',
        'gauge',
        heapTotal + external,
      ),
    ];
  }

  eventLoopFamilies(): Family[] {
    const now = this.#reading();
    const { active, idle } = performance.eventLoopUtilization();
    const delay = (stat: 'mean' | 'p99' | 'max'): Family['samples'][number] => ({
      labels: { stat },
      value: Math.max(now[stat], this.#before[stat]),
    });
    const seconds = (name: string, help: string, ms: number): Family => ({
      name: `periscope_process_event_loop_${name}_seconds`,
      help,
      type: 'counter',
      samples: [{ labels: {}, value: ms / 1000 }],
    });
    return [
      {
        name: 'periscope_process_event_loop_delay_seconds',
        help: 'How late timers were, lately: the longest wait of whoever asks for something.',
        type: 'gauge',
        samples: [delay('mean'), delay('p99'), delay('max')],
      },
      seconds('active', 'Time in which the event loop was at work.', active),
      seconds('idle', 'Time in which the event loop waited for something to do.', idle),
    ];
  }

  #reading(): { readonly mean: number; readonly p99: number; readonly max: number } {
    if (this.#delay.count === 0) return { mean: 0, p99: 0, max: 0 };
    // A timer that is on time fires after one resolution; what comes on top is delay.
    const late = (ns: number): number => Math.max(0, ns / NS_PER_S - RESOLUTION_MS / 1000);
    return { mean: late(this.#delay.mean), p99: late(this.#delay.percentile(99)), max: late(this.#delay.max) };
  }
}
