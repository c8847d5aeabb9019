import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import type { ExemplarRecord, InstrumentRecord, SeriesRecord } from '../metrics/contract.ts';
import { encodeExemplars } from './exemplars.ts';
import { NUMBER_FIELDS } from './fields.ts';
import { putInt64 } from './numbers.kernel.ts';
import { fixed, momentOf, PointImage, room, START_AT, TIME_AT, FIXED_FIELD_BYTES, type Moment } from './point-image.ts';
import type { Points, Runs } from './runs.ts';

const VALUE_AT = TIME_AT + FIXED_FIELD_BYTES;
const content = new GrowingBuffer();

/** Points of sums and gauges. */
export class NumberPoints implements Points {
  instrument: InstrumentRecord;
  readonly delta: boolean;
  readonly #image = new PointImage();
  readonly #cells: Float64Array[] = [];
  readonly #offsets: number[] = [];
  /** Of a delta: what has arrived, and what is on its way. */
  readonly #arrived: number[] = [];
  readonly #sent: number[] = [];
  readonly #exemplars = new Map<number, readonly ExemplarRecord[]>();

  constructor(instrument: InstrumentRecord, delta: boolean) {
    this.instrument = instrument;
    this.delta = delta;
  }

  add(series: SeriesRecord, cells: Float64Array): number {
    content.clear();
    const start = momentOf(series.startTimeNs);
    fixed(content, NUMBER_FIELDS.startTime, start);
    room(content, NUMBER_FIELDS.time);
    room(content, this.instrument.integers ? NUMBER_FIELDS.asInt : NUMBER_FIELDS.asDouble);
    content.copy(series.attributes, 0, series.attributes.length);
    this.#image.append(content);
    this.#cells.push(cells);
    this.#offsets.push(series.offset);
    this.#arrived.push(0);
    this.#sent.push(0);
    return this.#image.points - 1;
  }

  setExemplars(place: number, exemplars: readonly ExemplarRecord[]): void {
    this.#exemplars.set(place, exemplars);
  }

  read(now: Moment, runs: Runs): void {
    const image = this.#image;
    const { view } = image;
    const { integers } = this.instrument;
    for (let place = 0; place < image.points; place++) {
      const held = this.#cells[place]![this.#offsets[place]!]!;
      // -0 is a sum without a measurement, NaN a gauge without one.
      if (held !== held || (held === 0 && 1 / held < 0)) continue;
      const value = this.delta ? this.#since(place, held) : held;
      if (this.delta && value === 0) continue;
      const at = image.content(place);
      image.putMoment(at + TIME_AT, now);
      if (integers) putInt64(view, at + VALUE_AT, value);
      else view.setFloat64(at + VALUE_AT, value, true);
      const exemplars = this.#exemplars.size > 0 ? this.#exemplars.get(place) : undefined;
      if (exemplars === undefined) runs.add(this, image, image.start(place), image.start(place + 1), place);
      else
        runs.addWritten(
          this,
          image.peek().subarray(at, image.start(place + 1)),
          encodeExemplars(NUMBER_FIELDS.exemplars, exemplars, integers),
          place,
        );
    }
  }

  commit(first: number, end: number, now: Moment): void {
    for (let place = first; place < end; place++) {
      this.#exemplars.delete(place);
      if (!this.delta) continue;
      this.#arrived[place] = this.#sent[place]!;
      this.#image.putMoment(this.#image.content(place) + START_AT, now);
    }
  }

  /** A monotonic sum that fell was set back: all it holds is new. */
  #since(place: number, held: number): number {
    this.#sent[place] = held;
    const arrived = this.#arrived[place]!;
    return this.instrument.monotonic && held < arrived ? held : held - arrived;
  }
}
