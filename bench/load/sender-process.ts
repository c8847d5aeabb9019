import { readPool } from './body-pool.ts';
import { Sender, type SenderOptions, type SenderReport } from './sender.ts';

/** What the bench tells its sender process, and what that answers. */
export type SenderOrder =
  | { readonly type: 'prepare'; readonly options: Omit<SenderOptions, 'pool'>; readonly poolFile?: string }
  | { readonly type: 'start' | 'mark' | 'stop' };
export type SenderAnswer = { readonly type: 'done' } | { readonly type: 'report'; readonly report: SenderReport };

let sender: Sender | undefined;

process.on('message', (order: SenderOrder) => void obey(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit(0));

async function obey(order: SenderOrder): Promise<SenderAnswer> {
  if (order.type === 'prepare') {
    sender = new Sender({ ...order.options, pool: order.poolFile === undefined ? [] : readPool(order.poolFile) });
  } else if (order.type === 'start') {
    sender!.start();
  } else if (order.type === 'mark') {
    sender!.mark();
  } else {
    return { type: 'report', report: await sender!.stop() };
  }
  return { type: 'done' };
}
