import { EXPORT_LIMITS } from '../limits.ts';
import { SENDING_LIMITS } from './limits.ts';
import { CONTROL, type FromWorker, type ToWorker, type WorkerData } from './messages.ts';
import { MetricExport } from './metric-export.ts';
import { StallWatch } from './stall-watch.ts';
import { SeriesTelling } from './series-telling.ts';

const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');

/** The program of the exporting thread. It has the application's cells, a port to its thread, and an HTTP client of its own,
 *  which no instrumentation of the application sees. */
function run(data: WorkerData, port: NonNullable<typeof parentPort>): void {
  const control = new Int32Array(data.control);
  const post = (message: FromWorker): void => port.postMessage(message);
  let round = 0;
  let observed: (() => void) | undefined;
  const metrics = new MetricExport({
    ...data,
    synchronous: true,
    host: {
      observe: (timeoutMs) => {
        round += 1;
        post({ type: 'observe', round, timeoutMs });
        return new Promise((resolve) => {
          const timer = setTimeout(resolve, timeoutMs);
          observed = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      },
      line: (level, text) => post({ type: 'line', level, text }),
      open: (points) => void Atomics.store(control, CONTROL.open, points),
    },
  });

  const telling = new SeriesTelling(metrics.reader);
  const ended = (id: number, delivered: boolean): void => {
    Atomics.store(control, CONTROL.delivered, delivered ? 1 : 0);
    Atomics.store(control, CONTROL.flushed, id);
    Atomics.notify(control, CONTROL.flushed);
    post({ type: 'status', status: metrics.status });
    post({ type: 'flushed', id, delivered });
  };

  let rebases = data.again && data.settings.metrics.temporality !== 'cumulative';
  port.on('message', (message: ToWorker) => {
    if (message.type === 'deliver') {
      void metrics.deliver(message.requests, message.timeoutMs).then((delivered) => ended(message.id, delivered));
      return;
    }
    if (message.type === 'seam') return metrics.connect(message.seam);
    telling.tell(message.records);
    if (rebases) metrics.rebase();
    rebases = false;
    if (message.type === 'flush') {
      // The application's thread ran its callbacks before it asked, and waits: to run them for a round is not in its power.
      observed?.();
      void metrics.flush(message.timeoutMs, false).then((delivered) => ended(message.id, delivered));
    } else if (message.round === round) {
      observed?.();
      post({ type: 'status', status: metrics.status });
    }
  });
  if (!data.exports) return;
  metrics.start();
  watch(control, metrics);
}

function watch(control: Int32Array, metrics: MetricExport): void {
  let reportedMs = -Infinity;
  const watching = new StallWatch(control, {
    blocked: (seconds) => {
      metrics.own.blocked(seconds);
      // Now, and not when it is over: who looks wants to know why nothing answers.
      if (performance.now() - reportedMs < SENDING_LIMITS.stallReportMs) return;
      reportedMs = performance.now();
      void metrics.report();
    },
    released: (seconds) => metrics.own.released(seconds),
  });
  setInterval(() => watching.look(), EXPORT_LIMITS.beatMs);
}

// That of spans has its own.
if (parentPort !== null && !('spans' in workerData)) run(workerData as WorkerData, parentPort);
