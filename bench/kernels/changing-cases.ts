import { restate, type ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Context, Processor } from '../../pipeline/component.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { config as attributesConfig } from '../../processors/attributes/config.ts';
import { create as createAttributes } from '../../processors/attributes/attributes.ts';
import { config as filterConfig } from '../../processors/filter/config.ts';
import { create as createFilter } from '../../processors/filter/filter.ts';
import { config as resourceConfig } from '../../processors/resource/config.ts';
import { create as createResource } from '../../processors/resource/resource.ts';

const ITEM: Readonly<Record<Signal, [section: string, level: string]>> = {
  metrics: ['metrics', 'datapoint'],
  traces: ['traces', 'span'],
  logs: ['logs', 'log_record'],
};
const quiet = { log: { limited: () => undefined } } as unknown as Context;

/** Processors that look at items and change them, by what they do; made anew for each signal. */
export function changingProcessors(signal: Signal): [name: string, processor: Processor][] {
  const [section, level] = ITEM[signal];
  const filter = (condition: string): Processor =>
    createFilter(filterConfig.parse({ [section]: { [level]: [condition] } }), quiet);
  const attributes = (...actions: object[]): Processor => createAttributes(attributesConfig.parse({ actions }));
  return [
    [
      'resource: one upsert',
      createResource(resourceConfig.parse({ attributes: [{ key: 'zone', value: 'z', action: 'upsert' }] })),
    ],
    ['attributes: nothing to do', attributes({ key: 'not.there', action: 'delete' })],
    ['attributes: one more on each', attributes({ key: 'zone', value: 'z', action: 'insert' })],
    ['attributes: hash by pattern', attributes({ pattern: '^http\\.', action: 'hash' })],
    ['filter: an attribute is no text', filter('attributes["http.route"] == "none"')],
    ['filter: IsMatch', filter('IsMatch(attributes["http.route"], "^/none/.*$")')],
  ];
}

/** The same batch without pooled memory: nobody lets go of what a bench makes, so it would never be given back. */
export function unleased(batch: ScopedBatch): ScopedBatch {
  const { items, byteLength, segments, receipts } = batch;
  return restate(batch, { items, byteLength, segments }, receipts, []);
}

/** One batch through one processor, to the bytes. */
export function runThrough(processor: Processor, batch: ScopedBatch): void {
  processor.process(
    batch,
    (out) => out.segments,
    () => {},
  );
}
