import { encodeAttributes } from '../encode/attributes.ts';
import { HISTOGRAM_FIELDS, NUMBER_FIELDS } from '../encode/fields.ts';
import { CellArena, type Cells } from '../metrics/cells.ts';
import type { InstrumentRecord, MeterRecord, SeriesSink } from '../metrics/contract.ts';
import { ExplicitBuckets } from '../metrics/explicit.kernel.ts';
import { clearExplicit, EXPLICIT_BUCKETS } from '../metrics/layout.kernel.ts';
import { AGENT_NAME, AGENT_VERSION } from '../version.ts';

type OwnAttributes = Readonly<Record<string, string | number>>;

const METER: MeterRecord = { id: 0, name: AGENT_NAME, version: AGENT_VERSION, schemaUrl: '', attributes: new Uint8Array(0) };
/** s; the boundaries that semantic conventions advise for durations of requests. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const BUCKETS = new ExplicitBuckets(SECONDS);
const FIELDS: Readonly<Partial<Record<InstrumentRecord['point'], number>>> = {
  sum: NUMBER_FIELDS.attributes,
  gauge: NUMBER_FIELDS.attributes,
  histogram: HISTOGRAM_FIELDS.attributes,
};

/** What the exporting thread measures of itself: the same cells as an application's, without a meter provider, which a worker
 *  would have to load. Few series, each of attributes that only this folder chooses. */
export class OwnInstruments {
  readonly #sink: SeriesSink;
  readonly #arena: CellArena;
  readonly #series = new Map<string, Cells>();
  #instruments = 0;
  readonly #nowNs: () => bigint;

  constructor(sink: SeriesSink, nowNs: () => bigint) {
    this.#sink = sink;
    this.#arena = new CellArena(sink);
    this.#nowNs = nowNs;
  }

  counter(name: string, unit: string, description: string): (value: number, attributes: OwnAttributes) => void {
    return this.#number({ name, unit, description, kind: 'counter', point: 'sum', monotonic: true, integers: true });
  }

  upDownCounter(name: string, unit: string, description: string): (value: number, attributes: OwnAttributes) => void {
    return this.#number({ name, unit, description, kind: 'up_down_counter', point: 'sum', monotonic: false, integers: true });
  }

  gauge(name: string, unit: string, description: string): (value: number, attributes: OwnAttributes) => void {
    return this.#number({ name, unit, description, kind: 'gauge', point: 'gauge', monotonic: false, integers: false });
  }

  /** In seconds. */
  durations(name: string, description: string): (value: number, attributes: OwnAttributes) => void {
    const kind = 'histogram';
    const record = this.#add({ name, unit: 's', description, kind, point: kind, monotonic: false, integers: false });
    return (value, attributes) => {
      const { floats, offset } = this.#find(
        record,
        attributes,
        EXPLICIT_BUCKETS + SECONDS.length + 1,
        ({ floats: cells, offset: at }) => clearExplicit(cells, at, SECONDS.length + 1),
      );
      BUCKETS.record(floats, offset, value);
    };
  }

  #number(given: Pick<InstrumentRecord, Given>): (value: number, attributes: OwnAttributes) => void {
    const record = this.#add(given);
    const adds = record.point === 'sum';
    return (value, attributes) => {
      const { floats, offset } = this.#find(record, attributes, 1, (cells) => (cells.floats[cells.offset] = adds ? -0 : NaN));
      floats[offset] = adds ? floats[offset]! + value : value;
    };
  }

  #add(given: Pick<InstrumentRecord, Given>): InstrumentRecord {
    const bounds = given.point === 'histogram' ? SECONDS : [];
    const record = { ...given, id: this.#instruments++, meter: METER, bounds, bucketsMax: 0, signed: false, minMax: true };
    this.#sink.addInstrument(record);
    return record;
  }

  #find(
    { id: instrument, point }: InstrumentRecord,
    attributes: OwnAttributes,
    floats: number,
    clear: (cells: Cells) => void,
  ): Cells {
    const key = `${instrument} ${JSON.stringify(attributes)}`;
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const cells = this.#arena.allocate(floats);
    clear(cells);
    const encoded = encodeAttributes(FIELDS[point]!, Object.entries(attributes));
    const { page, offset } = cells;
    const startTimeNs = this.#nowNs();
    this.#sink.addSeries({ id: this.#series.size, instrument, page, offset, startTimeNs, attributes: encoded });
    this.#series.set(key, cells);
    return cells;
  }
}

type Given = 'name' | 'unit' | 'description' | 'kind' | 'point' | 'monotonic' | 'integers';
