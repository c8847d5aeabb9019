import type { InstrumentRecord, KeptPoint, KeptPoints } from '../metrics/contract.ts';
import { type HeldPoint, HeldPoints } from '../metrics/kept-points.ts';
import { encodeAttributes } from './attributes.ts';
import { FIXED64, NUMBER_FIELDS } from './fields.ts';
import type { Moment } from './point-image.ts';
import type { Points, Runs } from './runs.ts';

const NOTHING = new Uint8Array(0);
/** Below the numbers that a MeterProvider gives. */
export const KEPT_GAUGE = -1;

/** Points that are told whole, each a NumberDataPoint that is encoded once. */
export class KeptGauge implements Points {
  instrument: InstrumentRecord;
  readonly delta = false;
  readonly #held = new HeldPoints<Uint8Array>();
  /** Of the last collection, by place. */
  #sent: readonly HeldPoint<Uint8Array>[] = [];

  constructor({ name, meter }: KeptPoints) {
    this.instrument = {
      id: KEPT_GAUGE,
      meter: { id: KEPT_GAUGE, name: meter, version: '', schemaUrl: '', attributes: NOTHING },
      name,
      description: '',
      unit: '',
      kind: 'gauge',
      point: 'gauge',
      monotonic: false,
      integers: false,
      bounds: [],
      bucketsMax: 0,
      signed: false,
      minMax: false,
    };
  }

  keep({ key, point }: KeptPoint): void {
    this.#held.keep(key, point === undefined ? undefined : contentOf(point));
  }

  /** Whether any of it has arrived is not known. */
  repeat(): void {
    this.#held.repeat();
  }

  read(now: Moment, runs: Runs): void {
    this.#sent = this.#held.due(nanosOf(now));
    for (const [place, { content }] of this.#sent.entries()) runs.addWritten(this, content, NOTHING, place);
  }

  commit(first: number, end: number, now: Moment): void {
    for (const held of this.#sent.slice(first, end)) held.arrivedNs = nanosOf(now);
  }

  /** They stand in no cells, and bring exemplars of their own. */
  add(): number {
    throw new Error(`BUG: ${this.instrument.name} has series`);
  }

  setExemplars(): void {
    throw new Error(`BUG: ${this.instrument.name} has series`);
  }
}

/** Of a point's time and number, with the keys of their fields. */
const FIXED_BYTES = 18;

function contentOf({ timeNs, value, attributes }: NonNullable<KeptPoint['point']>): Uint8Array {
  const encoded = encodeAttributes(NUMBER_FIELDS.attributes, Object.entries(attributes));
  const content = new Uint8Array(FIXED_BYTES + encoded.length);
  const view = new DataView(content.buffer);
  content[0] = NUMBER_FIELDS.time * 8 + FIXED64;
  view.setBigUint64(1, timeNs, true);
  content[9] = NUMBER_FIELDS.asDouble * 8 + FIXED64;
  view.setFloat64(10, value, true);
  content.set(encoded, FIXED_BYTES);
  return content;
}

const nanosOf = ({ high, low }: Moment): number => high * 2 ** 32 + low;
