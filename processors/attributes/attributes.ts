import { AttributeRewriter } from '../../pipeline/attributes/rewriter.ts';
import { Selection } from '../../pipeline/attributes/selection.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Drop, Emit, MutationCounts, Processor } from '../../pipeline/component.ts';
import { ENTER, PASS, type Descent, type Visitor } from '../../pipeline/otlp/descent.kernel.ts';
import type { Config } from './config.ts';

/** Works on the attributes of items, not on those of what is around them or inside them (events, links, exemplars). */
class Attributes implements Processor, Visitor {
  readonly #rewriter: AttributeRewriter;
  readonly #selection: Selection;

  constructor(config: Config) {
    this.#rewriter = new AttributeRewriter(config.actions);
    this.#selection = new Selection(config.include, config.exclude);
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.#rewriter.editor.counts };
  }

  mutations(): MutationCounts {
    return this.#rewriter.mutations();
  }

  process(batch: ScopedBatch, emit: Emit, drop: Drop): void {
    this.#selection.begin(batch.signal);
    this.#rewriter.process(batch, this, emit, drop);
  }

  group(at: Descent): number {
    return this.#selection.group(at) ? ENTER : PASS;
  }

  list(at: Descent): number {
    return this.#selection.list(at) ? ENTER : PASS;
  }

  metric(at: Descent): number {
    return this.#selection.metric(at) ? ENTER : PASS;
  }

  item(at: Descent): number {
    if (!this.#selection.item(at)) return PASS;
    this.#rewriter.edit(at, at.itemStart, at.itemEnd, at.itemDepth, this.#selection.attributes);
    return ENTER;
  }
}

export function create(config: Config): Processor {
  return new Attributes(config);
}
