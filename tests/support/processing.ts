import type { Batch } from '../../pipeline/batch/batch.ts';
import { Receipt } from '../../pipeline/batch/receipt.ts';
import { merge, type ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Processor } from '../../pipeline/component.ts';
import { walk, Walk } from '../../pipeline/otlp/walk.ts';
import { bind } from '../../pipeline/scope/bind.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { decode, type Tree } from './reference/otlp.ts';

/** The key that claims a scope in these tests; the scope stage adds it, as scope A, to every Resource. */
export const CLAIM = 'tenant';

/** Bytes as a processor gets them: walked, bound to scope A. Undefined when nothing is left of them. */
export function boundBatch(
  signal: Signal,
  bytes: Uint8Array,
  metadata?: Readonly<Record<string, string>>,
): ScopedBatch | undefined {
  const walked = walk(signal, bytes, { claimKeys: [Buffer.from(CLAIM)], attributes: undefined, mendsText: false });
  if (!(walked instanceof Walk)) return undefined;
  const origin: Batch['origin'] = {
    receiver: 'otlp',
    transport: 'http',
    binding: { allowed: ['A'], fallback: 'A', from: 'listener' },
    ...(metadata === undefined ? {} : { metadata }),
  };
  const { batches } = bind({ signal, walk: walked, origin }, { keys: [CLAIM], on_missing: 'inject' }, new Receipt());
  return batches[0];
}

export interface Processed {
  /** What came out, decoded; undefined when nothing did. */
  readonly tree: Tree | undefined;
  readonly batch: ScopedBatch | undefined;
  readonly dropped: Record<string, number>;
  readonly messages: string[];
}

/** One batch through one processor. */
export function processed(processor: Processor, batch: ScopedBatch): Processed {
  const out: ScopedBatch[] = [];
  const dropped: Record<string, number> = {};
  const messages: string[] = [];
  processor.process(
    batch,
    (each) => out.push(each),
    (_, items, reason, message) => {
      dropped[reason] = (dropped[reason] ?? 0) + items;
      if (message !== undefined) messages.push(message);
    },
  );
  if (out.length > 1) throw new Error('one batch became several');
  const [first] = out;
  return { tree: first && decode(batch.signal, first.segments), batch: first, dropped, messages };
}

/** A batch as `batch` hands it on: of several requests, without edits, in several segments. */
export function mergedTwice(batch: ScopedBatch, other: ScopedBatch): ScopedBatch {
  return merge([batch, other]);
}
