import type { Descent } from '../otlp/descent.kernel.ts';
import type { Signal } from '../signal.ts';
import type { MatchConfig } from './match-config.ts';
import { LOG_FIELDS, Matcher, POINT_FIELDS, SPAN_FIELDS, type ItemFields } from './matcher.ts';

const FIELDS: Readonly<Record<Signal, ItemFields>> = { metrics: POINT_FIELDS, traces: SPAN_FIELDS, logs: LOG_FIELDS };
/** Field number of the attribute list: of a Span, of a LogRecord, and of a data point by the field of Metric.data. */
const SPAN_ATTRIBUTES = 9;
const LOG_ATTRIBUTES = 6;
const POINT_ATTRIBUTES: Readonly<Record<number, number>> = { 5: 7, 7: 7, 9: 9, 10: 1, 11: 7 };

/**
 * Which items an `include` and an `exclude` choose: those that match all of the first and not all of the second. Each
 * level is asked in the order of the descent; false = nothing below it is chosen.
 */
export class Selection {
  readonly #include: Matcher | undefined;
  readonly #exclude: Matcher | undefined;
  #fields: ItemFields = SPAN_FIELDS;
  #attributes = SPAN_ATTRIBUTES;
  /** Everything around the item matches `exclude`. */
  #groupExcluded = false;
  #listExcluded = false;
  #metricExcluded = false;

  constructor(include: MatchConfig | null | undefined, exclude: MatchConfig | null | undefined) {
    this.#include = include ? new Matcher(include) : undefined;
    this.#exclude = exclude ? new Matcher(exclude) : undefined;
  }

  /** Field number of the attributes of the item that was asked about last. */
  get attributes(): number {
    return this.#attributes;
  }

  begin(signal: Signal): void {
    this.#fields = FIELDS[signal];
    this.#attributes = signal === 'logs' ? LOG_ATTRIBUTES : SPAN_ATTRIBUTES;
  }

  group(at: Descent): boolean {
    this.#groupExcluded = this.#exclude?.group(at) ?? false;
    return this.#include?.group(at) !== false;
  }

  list(at: Descent): boolean {
    this.#listExcluded = this.#groupExcluded && this.#exclude!.list(at);
    this.#metricExcluded = this.#listExcluded;
    return this.#include?.list(at) !== false;
  }

  metric(at: Descent): boolean {
    this.#attributes = POINT_ATTRIBUTES[at.dataField] ?? 0;
    this.#metricExcluded = this.#listExcluded && this.#exclude!.metric(at);
    return this.#include?.metric(at) !== false;
  }

  item(at: Descent): boolean {
    if (this.#include?.item(at, this.#fields, this.#attributes) === false) return false;
    return !(this.#metricExcluded && this.#exclude!.item(at, this.#fields, this.#attributes));
  }
}
