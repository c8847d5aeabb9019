import { CONTROL } from '../export/messages.ts';
import { SpanExport } from './span-export.ts';
import type { FromSpanWorker, SpanWorkerData, ToSpanWorker } from './span-messages.ts';

const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');

/** The program of the thread that sends the application's spans. */
function run({ spans, control }: SpanWorkerData, port: NonNullable<typeof parentPort>): void {
  const cells = new Int32Array(control);
  const post = (message: FromSpanWorker): void => port.postMessage(message);
  const sending = new SpanExport(spans, {
    ended(id, delivered) {
      if (!delivered) Atomics.store(cells, CONTROL.delivered, 0);
      Atomics.store(cells, CONTROL.flushed, id);
      Atomics.notify(cells, CONTROL.flushed);
      post({ type: 'ended', id, delivered });
    },
    open: (open) => void Atomics.store(cells, CONTROL.open, open),
    line: (level, text) => post({ type: 'line', level, text }),
  });
  port.on('message', (message: ToSpanWorker) => {
    if (message.type === 'spans') sending.take(message);
    else if (message.type === 'seam') sending.connect(message.seam);
    else sending.end(message.timeoutMs);
  });
}

if (parentPort !== null) run(workerData as SpanWorkerData, parentPort);
