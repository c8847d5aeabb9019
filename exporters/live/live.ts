import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Context, Exporter, Outcome } from '../../pipeline/component.ts';
import type { Config } from './config.ts';

const SHOWN: Outcome = { ok: true };

export function create(_config: Config, { host }: Context): Exporter {
  return {
    async start() {},
    async send(batch: ScopedBatch): Promise<Outcome> {
      host.live.publish(batch);
      return SHOWN;
    },
    async stop() {},
    stats() {
      const { watchedItems, skippedItems } = host.live.stats();
      return { watchedItems, skippedItems };
    },
  };
}
