import { encodeAttributes } from '../encode/attributes.ts';
import { INSTRUMENTATION_SCOPE_FIELDS } from '../encode/fields.ts';
import { canonicalKey, entriesOf, type Entry } from './attribute-set.ts';
import { CellArena } from './cells.ts';
import type {
  AgentMeter,
  AgentMeterOptions,
  InstrumentEngine,
  MeterRecord,
  MeterProviderOptions,
  MeterProviderStats,
  View,
} from './contract.ts';
import { ExemplarGate } from './exemplars.ts';
import { Faults } from './faults.ts';
import { METRIC_LIMITS } from './limits.ts';
import { PeriscopeMeter } from './meter.ts';
import { Callbacks } from './observables.ts';
import type { StreamFactory } from './streams.ts';
import { faultOfView } from './views.ts';

/** No key of a meter looks like this. */
const SURPLUS = 'surplus';

/**
 * The API's MeterProvider: measurements become numbers in shared cells, found by a trie of attributes or by a bound handle,
 * and a sink is told what each cell means. It exports nothing itself: a CellReader reads the cells, here or in a worker.
 * Nothing an application hands in makes it throw.
 */
export class AgentMeterProvider implements InstrumentEngine {
  readonly #factory: StreamFactory;
  readonly #callbacks: Callbacks;
  readonly #meters = new Map<string, PeriscopeMeter>();
  #series = 0;
  /** Until the first round of callbacks. */
  readonly #waiting: (() => void)[] = [];
  #metrics = 0;

  constructor(options: MeterProviderOptions) {
    const { sink } = options;
    const faults = new Faults(options.onFault);
    // Not `performance.now`, which stands still while a machine sleeps.
    const now = options.now ?? Date.now;
    this.#callbacks = new Callbacks(faults);
    this.#factory = {
      host: {
        sink,
        faults,
        now,
        arena: new CellArena(sink),
        gate: new ExemplarGate(options.exemplarFilter ?? 'trace_based', now),
        nextSeriesId: () => this.#series++,
        seriesCount: () => this.#series,
      },
      views: usable(options.views ?? [], faults),
      defaults: {
        cardinalityLimit: limitOf(options.cardinalityLimit),
        advice: options.advice ?? [],
        histogramAggregation: options.histogramAggregation ?? 'explicit_bucket_histogram',
      },
      nextInstrumentId: () => this.#metrics++,
      metrics: () => this.#metrics,
    };
  }

  /** The same meter for the same name, version, schema URL and attributes. */
  getMeter(name: string, version?: string, options?: AgentMeterOptions): AgentMeter {
    const asked = { name: text(name), version: text(version), schemaUrl: text(options?.schemaUrl) };
    const entries = this.#attributesOf(asked.name, options);
    const key = JSON.stringify([...Object.values(asked), canonicalKey(entries)]);
    const known = this.#meters.get(key);
    if (known !== undefined) return known;
    if (this.#meters.size >= METRIC_LIMITS.meters) return this.#surplus(asked.name);
    return this.#make(key, { ...asked, attributes: encodeAttributes(INSTRUMENTATION_SCOPE_FIELDS.attributes, entries) });
  }

  #attributesOf(name: string, options: AgentMeterOptions | undefined): readonly Entry[] {
    const refuse = (key: string): void =>
      this.#factory.host.faults.count('attribute', `${name} ${key}`, () => `cannot take attribute ${key} of meter ${name}`);
    try {
      return entriesOf(options?.attributes, undefined, refuse);
    } catch {
      refuse('');
      return [];
    }
  }

  /** Whoever comes too late shares a meter without a name. */
  #surplus(name: string): AgentMeter {
    const { faults } = this.#factory.host;
    faults.count(
      'name',
      'meters',
      () => `cannot keep meter ${name}: there are ${METRIC_LIMITS.meters}; it measures without its name`,
    );
    const unnamed = { name: '', version: '', schemaUrl: '', attributes: new Uint8Array(0) };
    return this.#meters.get(SURPLUS) ?? this.#make(SURPLUS, unnamed);
  }

  #make(key: string, record: Omit<MeterRecord, 'id'>): PeriscopeMeter {
    const meter = new PeriscopeMeter({ id: this.#meters.size, ...record }, this.#factory, this.#callbacks);
    this.#meters.set(key, meter);
    return meter;
  }

  beforeObserving(step: () => void): void {
    this.#waiting.push(step);
  }

  async observe(timeoutMs: number, inTurns = false): Promise<void> {
    for (const step of this.#waiting.splice(0)) step();
    const { gate, sink } = this.#factory.host;
    gate.refresh();
    gate.drain(sink);
    await this.#callbacks.observe(timeoutMs, inTurns);
  }

  stats(): MeterProviderStats {
    const streams = [...this.#meters.values()].flatMap((meter) => meter.streams);
    return {
      instruments: [...this.#meters.values()].reduce((sum, meter) => sum + meter.instruments, 0),
      series: this.#series,
      dropped: { ...this.#factory.host.faults.counts },
      overflowing: streams.flatMap(({ guilty, record }) =>
        guilty === undefined ? [] : [{ instrument: record.name, attribute: guilty }],
      ),
    };
  }
}

function text(given: unknown): string {
  return typeof given === 'string' ? given : '';
}

function limitOf(given: number | undefined): number {
  return given !== undefined && Number.isInteger(given) && given >= 1 ? given : METRIC_LIMITS.cardinality;
}

/** What of a view cannot be used is left out; the rest of it applies. */
function usable(views: readonly View[], faults: Faults): readonly View[] {
  return views.map((view) => {
    const fault = faultOfView(view);
    if (fault === undefined) return view;
    const selected = view.instrumentName ?? '*';
    faults.count('view', selected, () => `cannot apply the view of ${selected} as it is: ${fault}`);
    const { name: _name, aggregation: _aggregation, cardinalityLimit: _cardinalityLimit, ...rest } = view;
    return rest;
  });
}
