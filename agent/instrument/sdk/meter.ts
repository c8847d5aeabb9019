import type { Attributes, BatchObservableCallback, Context, Meter, MetricOptions, Observable } from '@opentelemetry/api';
import { entriesOf } from '../metrics/attribute-set.ts';
import type { AgentCounter, AgentMeter, AgentRecorder, BoundCounter, BoundRecorder } from '../metrics/contract.ts';
import type { Faults } from '../metrics/faults.ts';

/** The instruments that the SDK's counters, up-down counters, histograms and gauges are. */
type Measure = (value: number, attributes?: Attributes, context?: Context) => void;

/** A meter of the official SDK under the agent's interface: its instruments can be bound, and what is no finite number, which
 *  the SDK would add to a sum for good, is refused. A bound instrument saves nothing here. */
export class SdkMeter implements AgentMeter {
  readonly #meter: Meter;
  readonly #faults: Faults;
  readonly #created: () => void;

  constructor(meter: Meter, faults: Faults, created: () => void) {
    this.#meter = meter;
    this.#faults = faults;
    this.#created = created;
  }

  createCounter(name: string, options?: MetricOptions): AgentCounter {
    const counter = this.#meter.createCounter(name, options);
    return this.#guarded(name, true, (...given) => counter.add(...given));
  }

  createUpDownCounter(name: string, options?: MetricOptions): AgentCounter {
    const counter = this.#meter.createUpDownCounter(name, options);
    return this.#guarded(name, false, (...given) => counter.add(...given));
  }

  createHistogram(name: string, options?: MetricOptions): AgentRecorder {
    const histogram = this.#meter.createHistogram(name, options);
    return this.#guarded(name, true, (...given) => histogram.record(...given));
  }

  createGauge(name: string, options?: MetricOptions): AgentRecorder {
    const gauge = this.#meter.createGauge(name, options);
    return this.#guarded(name, false, (...given) => gauge.record(...given));
  }

  createObservableCounter<T extends Attributes>(name: string, options?: MetricOptions): Observable<T> {
    this.#created();
    return this.#meter.createObservableCounter<T>(name, options);
  }

  createObservableUpDownCounter<T extends Attributes>(name: string, options?: MetricOptions): Observable<T> {
    this.#created();
    return this.#meter.createObservableUpDownCounter<T>(name, options);
  }

  createObservableGauge<T extends Attributes>(name: string, options?: MetricOptions): Observable<T> {
    this.#created();
    return this.#meter.createObservableGauge<T>(name, options);
  }

  addBatchObservableCallback<T extends Attributes>(callback: BatchObservableCallback<T>, observables: Observable<T>[]): void {
    this.#meter.addBatchObservableCallback(callback, observables);
  }

  removeBatchObservableCallback<T extends Attributes>(callback: BatchObservableCallback<T>, observables: Observable<T>[]): void {
    this.#meter.removeBatchObservableCallback(callback, observables);
  }

  #guarded(name: string, nonNegative: boolean, measure: Measure): AgentCounter & AgentRecorder {
    this.#created();
    const take: Measure = (value, attributes, context) => {
      if (!(typeof value === 'number' && value < Infinity && value > -Infinity && !(nonNegative && value < 0)))
        return this.#faults.refuse(name, value);
      try {
        measure(value, attributes, context);
      } catch (error) {
        this.#faults.count('attribute', name, () => `cannot read the attributes of a measurement of ${name}: ${String(error)}`);
      }
    };
    const bind = (attributes?: Attributes): BoundCounter & BoundRecorder => {
      const copied = this.#copied(name, attributes);
      const bound = (value: number, context?: Context): void => take(value, copied, context);
      return { add: bound, record: bound };
    };
    return { add: take, record: take, bind };
  }

  #copied(name: string, attributes: Attributes | undefined): Attributes {
    const unreadable = (key: string): void =>
      this.#faults.count('attribute', `${name} ${key}`, () => `cannot take attribute ${key} of ${name}: OTLP has no type for it`);
    try {
      return Object.freeze(Object.fromEntries(entriesOf(attributes, undefined, unreadable)));
    } catch {
      unreadable('');
      return {};
    }
  }
}
