import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Context, Drop, Emit, MutationCounts, Processor } from '../../pipeline/component.ts';
import { CUT, Descent, ENTER, PASS, type Visitor } from '../../pipeline/otlp/descent.kernel.ts';
import { FieldReader } from '../../pipeline/otlp/field-reader.kernel.ts';
import { rewritten, wholeBytes } from '../../pipeline/otlp/rewrite.ts';
import { Splices } from '../../pipeline/otlp/splices.kernel.ts';
import { ITEM_NAMES, SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { rulesOf, type Rule, type Rules } from './conditions.ts';
import type { Config } from './config.ts';
import { Place } from './place.kernel.ts';
import { selectionOf, type Stays } from './selections.ts';

const SPAN_EVENTS = 11;
const EMPTY = new Uint8Array(0);

type Lowest = 'resource' | 'list' | 'metric' | 'item';

/** Asks every level from the outside in; what a condition is true of goes, and what is emptied by that goes with it. */
class Filter implements Processor, Visitor {
  readonly #splices = new Splices();
  readonly #descent = new Descent(this.#splices);
  readonly #place = new Place(this.#descent);
  readonly #events = new FieldReader();
  readonly #rules: Readonly<Record<Signal, Rules>>;
  readonly #selections: Readonly<Record<Signal, Stays | undefined>>;
  readonly #context: Context;
  readonly #counts = { errors: 0, span_events: 0 };
  /** Items and span events since the start; span events of the batch under way. */
  #deleted = 0;
  #eventsCut = 0;
  #now: Rules = {};
  #item: readonly Rule[] | undefined;
  /** Include and exclude, which no condition stands beside. */
  #selection: Stays | undefined;
  /** Nothing below this level is asked. */
  #lowest: Lowest = 'item';
  /** The condition, with error_mode propagate, that had no answer. */
  #failed = '';

  constructor(config: Config, context: Context) {
    this.#context = context;
    this.#rules = Object.fromEntries(SIGNALS.map((signal) => [signal, rulesOf(config, signal)])) as Record<Signal, Rules>;
    const selections = SIGNALS.map((signal) => [signal, selectionOf(config, signal)]);
    this.#selections = Object.fromEntries(selections) as Record<Signal, Stays | undefined>;
  }

  stats(): Readonly<Record<string, number>> {
    return { ...this.#counts };
  }

  mutations(): MutationCounts {
    return { added: 0, modified: 0, deleted: this.#deleted };
  }

  process(batch: ScopedBatch, emit: Emit, drop: Drop): void {
    const { signal } = batch;
    const rules = this.#rules[signal];
    const selection = this.#selections[signal];
    if (selection === undefined && Object.keys(rules).length === 0) {
      emit(batch);
      return;
    }
    this.#now = rules;
    this.#item = rules.datapoint ?? rules.span ?? rules.log;
    this.#selection = selection;
    this.#lowest = lowestOf(rules, selection, signal);
    this.#failed = '';
    this.#eventsCut = 0;
    const bytes = wholeBytes(batch);
    this.#descent.run(bytes, signal === 'metrics', this);
    if (this.#failed !== '') {
      this.#deleted += batch.items;
      drop(batch, batch.items, 'filter_error', `cannot filter ${batch.items} ${ITEM_NAMES[signal]}: ${this.#failed}`);
    } else if (this.#splices.full) {
      const message = `cannot filter ${batch.items} ${ITEM_NAMES[signal]}: more changes than one request may need; send smaller requests`;
      this.#deleted += batch.items;
      drop(batch, batch.items, 'filter_too_many', message);
    } else this.#settle(batch, bytes, emit, drop);
  }

  #settle(batch: ScopedBatch, bytes: Uint8Array, emit: Emit, drop: Drop): void {
    const { itemsCut } = this.#descent;
    const left = batch.items - itemsCut;
    this.#deleted += itemsCut + this.#eventsCut;
    this.#counts.span_events += this.#eventsCut;
    if (itemsCut > 0) drop(batch, itemsCut, 'filter');
    if (left === 0) return;
    emit(this.#splices.count === 0 ? batch : rewritten(batch, bytes, this.#splices, EMPTY, left));
  }

  /** Is one of the conditions true here? */
  #isHit(rules: readonly Rule[] | undefined): boolean {
    if (rules === undefined) return false;
    const place = this.#place;
    for (const rule of rules) {
      const hit = rule.test(place);
      if (place.fault === '') {
        if (hit) return true;
      } else this.#fault(rule);
    }
    return false;
  }

  #fault({ text, errorMode }: Rule): void {
    this.#counts.errors += 1;
    const message = `the condition ${text} has no answer: ${this.#place.fault}`;
    this.#place.fault = '';
    if (errorMode === 'propagate') this.#failed = message;
    else if (errorMode === 'ignore') this.#context.log.limited(`condition ${text}`, `cannot tell whether to drop: ${message}`);
  }

  group(): number {
    if (this.#failed !== '') return PASS;
    if (this.#selection?.group(this.#descent) === false || this.#isHit(this.#now.resource)) return CUT;
    return this.#lowest === 'resource' ? PASS : ENTER;
  }

  list(): number {
    if (this.#failed !== '') return PASS;
    if (this.#selection?.list(this.#descent) === false || this.#isHit(this.#now.scope)) return CUT;
    return this.#lowest === 'list' ? PASS : ENTER;
  }

  metric(): number {
    if (this.#failed !== '') return PASS;
    if (this.#selection?.metric(this.#descent) === false || this.#isHit(this.#now.metric)) return CUT;
    return this.#lowest === 'metric' ? PASS : ENTER;
  }

  item(): number {
    if (this.#failed !== '') return PASS;
    if (this.#selection?.item(this.#descent) === false || this.#isHit(this.#item)) return CUT;
    if (this.#now.spanevent !== undefined) this.#spanEvents();
    return ENTER;
  }

  /** A span stays when all its events go. */
  #spanEvents(): void {
    const { bytes, itemStart, itemEnd, itemDepth } = this.#descent;
    const place = this.#place;
    const events = this.#events;
    events.begin(bytes, itemStart, itemEnd);
    place.eventIndex = 0;
    while (events.next()) {
      if (events.number !== SPAN_EVENTS || events.wireType !== 2) continue;
      place.eventStart = events.valueStart;
      place.eventEnd = events.position;
      if (this.#isHit(this.#now.spanevent)) {
        this.#splices.cut(itemDepth, events.start, events.position);
        this.#eventsCut += 1;
      }
      place.eventIndex += 1;
    }
  }
}

function lowestOf(rules: Rules, selection: Stays | undefined, signal: Signal): Lowest {
  if (selection !== undefined) return signal === 'metrics' ? 'metric' : 'item';
  if ((rules.datapoint ?? rules.span ?? rules.log ?? rules.spanevent) !== undefined) return 'item';
  if (rules.metric !== undefined) return 'metric';
  return rules.scope !== undefined ? 'list' : 'resource';
}

export function create(config: Config, context: Context): Processor {
  return new Filter(config, context);
}
