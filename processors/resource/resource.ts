import { AttributeRewriter } from '../../pipeline/attributes/rewriter.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Drop, Emit, MutationCounts, Processor } from '../../pipeline/component.ts';
import { ENTER, PASS, type Descent, type Visitor } from '../../pipeline/otlp/descent.kernel.ts';
import type { Config } from './config.ts';

/** Works on the Resource of every group; the items are stepped over as a whole. */
class Resource implements Processor, Visitor {
  readonly #rewriter: AttributeRewriter;

  constructor(config: Config) {
    this.#rewriter = new AttributeRewriter(config.attributes);
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.#rewriter.editor.counts };
  }

  mutations(): MutationCounts {
    return this.#rewriter.mutations();
  }

  process(batch: ScopedBatch, emit: Emit, drop: Drop): void {
    this.#rewriter.process(batch, this, emit, drop);
  }

  group(at: Descent): number {
    this.#rewriter.editResource(at);
    return PASS;
  }

  list(): number {
    return PASS;
  }

  metric(): number {
    return PASS;
  }

  item(): number {
    return ENTER;
  }
}

export function create(config: Config): Processor {
  return new Resource(config);
}
