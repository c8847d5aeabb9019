import type { Work } from './compare.ts';
import { openSink } from './sink-server.ts';
import { Sink, type SinkCounts, type SinkReport } from './sink.ts';
import type { Workload } from './workload.ts';

/** What the bench tells its sink process, and what that answers. */
export type SinkOrder =
  | { readonly type: 'open'; readonly workload: Workload; readonly work: Work }
  | { readonly type: 'mark' | 'total' | 'report' };
export type SinkAnswer =
  | { readonly type: 'done' }
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'total'; readonly total: SinkCounts }
  | { readonly type: 'report'; readonly report: SinkReport };

let sink: Sink | undefined;

process.on('message', (order: SinkOrder) => void obey(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit(0));

async function obey(order: SinkOrder): Promise<SinkAnswer> {
  if (order.type === 'open') {
    sink = new Sink(order.workload, order.work);
    const server = await openSink((body, encoding) => sink!.take(body, encoding));
    return { type: 'listening', port: server.port };
  }
  if (order.type === 'total') return { type: 'total', total: sink!.total() };
  if (order.type === 'report') return { type: 'report', report: sink!.report() };
  sink!.mark();
  return { type: 'done' };
}
