import { LOG_FIELDS, Matcher, POINT_FIELDS, SPAN_FIELDS, type ItemFields } from '../../pipeline/attributes/matcher.ts';
import { AttributeRewriter } from '../../pipeline/attributes/rewriter.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Drop, Emit, MutationCounts, Processor } from '../../pipeline/component.ts';
import { ENTER, PASS, type Descent, type Visitor } from '../../pipeline/otlp/descent.kernel.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { Config } from './config.ts';

const FIELDS: Readonly<Record<Signal, ItemFields>> = { metrics: POINT_FIELDS, traces: SPAN_FIELDS, logs: LOG_FIELDS };
/** Field number of the attribute list: of a Span, of a LogRecord, and of a data point by the field of Metric.data. */
const SPAN_ATTRIBUTES = 9;
const LOG_ATTRIBUTES = 6;
const POINT_ATTRIBUTES: Readonly<Record<number, number>> = { 5: 7, 7: 7, 9: 9, 10: 1, 11: 7 };

/** Works on the attributes of items, not on those of what is around them or inside them (events, links, exemplars). */
class Attributes implements Processor, Visitor {
  readonly #rewriter: AttributeRewriter;
  readonly #include: Matcher | undefined;
  readonly #exclude: Matcher | undefined;
  #fields: ItemFields = SPAN_FIELDS;
  #attributes = SPAN_ATTRIBUTES;
  /** Everything around the item matches `exclude`. */
  #groupExcluded = false;
  #listExcluded = false;
  #metricExcluded = false;

  constructor(config: Config) {
    this.#rewriter = new AttributeRewriter(config.actions);
    this.#include = config.include ? new Matcher(config.include) : undefined;
    this.#exclude = config.exclude ? new Matcher(config.exclude) : undefined;
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.#rewriter.editor.counts };
  }

  mutations(): MutationCounts {
    return this.#rewriter.mutations();
  }

  process(batch: ScopedBatch, emit: Emit, drop: Drop): void {
    this.#fields = FIELDS[batch.signal];
    this.#attributes = batch.signal === 'logs' ? LOG_ATTRIBUTES : SPAN_ATTRIBUTES;
    this.#rewriter.process(batch, this, emit, drop);
  }

  group(at: Descent): number {
    this.#groupExcluded = this.#exclude?.group(at) ?? false;
    return this.#include?.group(at) === false ? PASS : ENTER;
  }

  list(at: Descent): number {
    this.#listExcluded = this.#groupExcluded && this.#exclude!.list(at);
    this.#metricExcluded = this.#listExcluded;
    return this.#include?.list(at) === false ? PASS : ENTER;
  }

  metric(at: Descent): number {
    this.#attributes = POINT_ATTRIBUTES[at.dataField] ?? 0;
    this.#metricExcluded = this.#listExcluded && this.#exclude!.metric(at);
    return this.#include?.metric(at) === false ? PASS : ENTER;
  }

  item(at: Descent): number {
    const fields = this.#fields;
    if (this.#include?.item(at, fields, this.#attributes) === false) return PASS;
    if (this.#metricExcluded && this.#exclude!.item(at, fields, this.#attributes)) return PASS;
    this.#rewriter.edit(at, at.itemStart, at.itemEnd, at.itemDepth, this.#attributes);
    return ENTER;
  }
}

export function create(config: Config): Processor {
  return new Attributes(config);
}
