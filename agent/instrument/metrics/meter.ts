import type { Attributes, BatchObservableCallback, Meter, MetricOptions, Observable } from '@opentelemetry/api';
import type { AgentCounter, AgentMeter, AgentRecorder, InstrumentKind, MeterRecord } from './contract.ts';
import { AddingInstrument, RecordingInstrument, UNMEASURED } from './instruments.ts';
import { METRIC_LIMITS } from './limits.ts';
import { AgentObservable, type Callbacks } from './observables.ts';
import type { ObservedSeries, Series } from './series.ts';
import { type Stream } from './stream.ts';
import { makeObserved, makeRecorded, type StreamFactory } from './streams.ts';
import { boundsOf, type InstrumentDescription } from './views.ts';

type Instrument = AddingInstrument | RecordingInstrument | AgentObservable | typeof UNMEASURED;

/** The specification's rule for names of instruments. */
const NAME = new RegExp(`^[a-z][\\w./-]{0,${METRIC_LIMITS.nameCharacters - 1}}$`, 'i');
/** ValueType.INT of the API; its enum would be the only value imported from there. */
const VALUE_TYPE_INT = 0;

interface Made {
  readonly description: InstrumentDescription;
  readonly instrument: Instrument;
  readonly streams: readonly Stream<unknown>[];
}

/** A meter: instruments of one library. */
export class PeriscopeMeter implements AgentMeter {
  readonly #record: MeterRecord;
  readonly #factory: StreamFactory;
  readonly #callbacks: Callbacks;
  readonly #made = new Map<string, Made>();

  constructor(record: MeterRecord, factory: StreamFactory, callbacks: Callbacks) {
    this.#record = record;
    this.#factory = factory;
    this.#callbacks = callbacks;
  }

  get instruments(): number {
    return this.#made.size;
  }

  get streams(): readonly Stream<unknown>[] {
    return [...this.#made.values()].flatMap(({ streams }) => streams);
  }

  createCounter(...given: Parameters<Meter['createCounter']>): AgentCounter {
    return this.#synchronous('counter', ...given);
  }

  createUpDownCounter(...given: Parameters<Meter['createUpDownCounter']>): AgentCounter {
    return this.#synchronous('up_down_counter', ...given);
  }

  createHistogram(...given: Parameters<Meter['createHistogram']>): AgentRecorder {
    return this.#synchronous('histogram', ...given);
  }

  createGauge(...given: Parameters<Meter['createGauge']>): AgentRecorder {
    return this.#synchronous('gauge', ...given);
  }

  createObservableCounter<T extends Attributes>(name: string, options?: MetricOptions): Observable<T> {
    return this.#observable('observable_counter', name, options) as unknown as Observable<T>;
  }

  createObservableUpDownCounter<T extends Attributes>(name: string, options?: MetricOptions): Observable<T> {
    return this.#observable('observable_up_down_counter', name, options) as unknown as Observable<T>;
  }

  createObservableGauge<T extends Attributes>(name: string, options?: MetricOptions): Observable<T> {
    return this.#observable('observable_gauge', name, options) as unknown as Observable<T>;
  }

  addBatchObservableCallback<T extends Attributes>(callback: BatchObservableCallback<T>, observables: Observable<T>[]): void {
    this.#callbacks.add({ callback: callback as BatchObservableCallback, observables: ours(observables), batch: true });
  }

  removeBatchObservableCallback<T extends Attributes>(callback: BatchObservableCallback<T>, observables: Observable<T>[]): void {
    this.#callbacks.remove({ callback: callback as BatchObservableCallback, observables: ours(observables), batch: true });
  }

  #synchronous(kind: InstrumentKind, name: string, options?: MetricOptions): AgentCounter & AgentRecorder {
    const make = (description: InstrumentDescription): Made => {
      const nonNegative = kind === 'counter' || kind === 'histogram';
      const streams = makeRecorded(this.#factory, this.#record, description, nonNegative);
      const measuring = { name: description.name, streams, nonNegative, faults: this.#factory.host.faults };
      if (streams.length === 0) return { description, instrument: UNMEASURED, streams };
      const Kind = kind === 'counter' || kind === 'up_down_counter' ? AddingInstrument : RecordingInstrument;
      return { description, instrument: new Kind(measuring), streams };
    };
    return (this.#instrument(kind, name, options, make) ?? UNMEASURED) as AgentCounter & AgentRecorder;
  }

  #observable(kind: InstrumentKind, name: string, options?: MetricOptions): AgentObservable {
    const make = (description: InstrumentDescription): Made => {
      const streams = makeObserved(this.#factory, this.#record, description);
      return { description, instrument: this.#observing(description, streams), streams };
    };
    const made = this.#instrument(kind, name, options, make);
    return made instanceof AgentObservable
      ? made
      : this.#observing({ name: typeof name === 'string' ? name : '', integers: false }, []);
  }

  #observing(
    { name, integers }: Pick<InstrumentDescription, 'name' | 'integers'>,
    streams: readonly Stream<ObservedSeries | Series>[],
  ): AgentObservable {
    return new AgentObservable({ name, integers, streams, faults: this.#factory.host.faults, callbacks: this.#callbacks });
  }

  /** The instrument of that name, kind and unit, made if it is not there. */
  #instrument(
    kind: InstrumentKind,
    name: unknown,
    options: MetricOptions | undefined,
    make: (description: InstrumentDescription) => Made,
  ): Instrument | undefined {
    if (typeof name !== 'string' || !NAME.test(name)) {
      this.#factory.host.faults.count('name', typeof name === 'string' ? name : typeof name, () => this.#wrongName(name));
      // An odd name is a bad habit, and no reason to lose what is measured under it; the SDK thinks so, too.
      if (typeof name !== 'string' || name === '' || name.length > METRIC_LIMITS.nameCharacters) return undefined;
    }
    const description = this.#describe(kind, name, options);
    const key = `${name.toLowerCase()} ${kind} ${String(description.integers)} ${description.unit}`;
    const known = this.#made.get(key);
    if (known !== undefined) {
      this.#reconcile(known, description);
      return known.instrument;
    }
    if (this.#factory.metrics() >= METRIC_LIMITS.instruments || this.#made.size >= METRIC_LIMITS.instruments)
      return this.#tooMany(name);
    this.#warnOfOthers(description);
    const made = make(description);
    this.#made.set(key, made);
    return made.instrument;
  }

  #wrongName(name: unknown): string {
    return `cannot approve the name ${JSON.stringify(name)} of an instrument of ${this.#record.name}: a name begins with a letter, goes on with letters, digits, _ . - /, and has at most ${METRIC_LIMITS.nameCharacters} characters`;
  }

  #tooMany(name: string): undefined {
    const { faults } = this.#factory.host;
    const text = `cannot create instrument ${name} of ${this.#record.name}: there are ${METRIC_LIMITS.instruments}`;
    faults.count('name', this.#record.name, () => text);
  }

  #describe(kind: InstrumentKind, name: string, options: MetricOptions | undefined): InstrumentDescription {
    const { description, unit, valueType, advice } = options ?? {};
    const advised: unknown = advice?.explicitBucketBoundaries;
    const boundaries = advised === undefined ? undefined : boundsOf(advised);
    if (advised !== undefined && boundaries === undefined)
      this.#factory.host.faults.count(
        'view',
        name,
        () => `cannot take the boundaries advised for ${name}: they are no numbers, or too many; the defaults apply`,
      );
    return {
      name,
      kind,
      description: typeof description === 'string' ? description : '',
      unit: typeof unit === 'string' ? unit : '',
      integers: valueType === VALUE_TYPE_INT,
      boundaries,
    };
  }

  /** The longer description stays, as the specification advises. */
  #reconcile({ description, streams }: Made, again: InstrumentDescription): void {
    if (description.description === again.description) return;
    this.#factory.host.faults.count(
      'duplicate',
      again.name,
      () => `cannot keep two descriptions of instrument ${again.name} of ${this.#record.name}: the longer one stays`,
    );
    for (const stream of streams) {
      const { description: present } = stream.record;
      if (again.description.length > present.length) stream.describe(again.description);
    }
  }

  #warnOfOthers({ name, kind, unit, integers }: InstrumentDescription): void {
    for (const { description } of this.#made.values()) {
      if (description.name.toLowerCase() !== name.toLowerCase()) continue;
      const differences = [
        ...(description.kind === kind ? [] : [`kind ${description.kind} and ${kind}`]),
        ...(description.unit === unit ? [] : [`unit "${description.unit}" and "${unit}"`]),
        ...(description.integers === integers ? [] : ['integers and doubles']),
      ];
      this.#factory.host.faults.count(
        'duplicate',
        name,
        () =>
          `cannot make one metric of the instruments ${name} of ${this.#record.name}: they differ in ${differences.join(', ')}; both are exported`,
      );
    }
  }
}

function ours(observables: unknown): readonly AgentObservable[] {
  return (Array.isArray(observables) ? [...new Set<unknown>(observables)] : []).filter((each) => each instanceof AgentObservable);
}
