import { describe, expect, it } from 'vitest';
import { liveExporter } from '../../../exporters/live/index.ts';
import type { ScopedBatch } from '../../../pipeline/batch/scoped-batch.ts';
import type { LiveHub } from '../../../pipeline/live.ts';
import { quietContext } from '../../support/contexts.ts';
import { scopedBatch } from '../../support/scoped-batches.ts';

describe('exporter live', () => {
  it('drops what its queue has no room for unless told otherwise', () => {
    expect(liveExporter.config.parse(undefined).sending_queue.on_full).toBe('drop');
  });

  it('hands each batch to the live stream of its host, whether somebody watches or not', async () => {
    const context = quietContext();
    const { create } = await liveExporter.load!();
    const exporter = create(liveExporter.config.parse(undefined), context);
    await exporter.start();
    const [one, two] = [scopedBatch('logs', [new Uint8Array(2)], 1), scopedBatch('logs', [new Uint8Array(2)], 1)];
    expect(await exporter.send(one, new AbortController().signal)).toEqual({ ok: true });
    const seen: ScopedBatch[] = [];
    const counted = { connections: 1, subscriptions: 1, watchedItems: 5, skippedItems: 2, messages: 0, droppedMessages: 0 };
    const live = context.host.live as LiveHub;
    live.attach({ publish: (batch) => seen.push(batch), register: () => () => {}, stats: () => counted });
    expect(await exporter.send(two, new AbortController().signal)).toEqual({ ok: true });
    expect(seen).toEqual([two]);
    expect(exporter.stats?.()).toEqual({ watchedItems: 5, skippedItems: 2 });
    await exporter.stop(0);
  });
});
