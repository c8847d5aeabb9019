import { perfAttributes, PERF_EVENT, PERF_INSTRUMENTATION_SCOPE } from '../../../pipeline/perf/attributes.ts';
import type { PerfRow } from '../../../pipeline/perf/record.ts';
import type { PerfRows } from '../../perf/rows.ts';
import { encodeAttributes } from '../encode/attributes.ts';
import { FIXED64, NUMBER_FIELDS } from '../encode/fields.ts';
import type { KeptSource } from '../export/series-log.ts';
import type { InstrumentRecord, KeptPoint, KeptPoints } from '../metrics/contract.ts';
import { AGENT_VERSION } from '../version.ts';

/** Below the numbers that a MeterProvider gives. */
const NUMBER = -1;
const GAUGE: InstrumentRecord = {
  id: NUMBER,
  meter: { id: NUMBER, name: PERF_INSTRUMENTATION_SCOPE, version: AGENT_VERSION, schemaUrl: '', attributes: new Uint8Array(0) },
  name: PERF_EVENT,
  description: 'Rows of MASTER_PERF: what each says stands in its attributes.',
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

/** Rows on their way to the exporting thread: each is a point of the gauge `perf.metric`, with its own time. */
export class PerfOutbox implements KeptSource {
  readonly #rows: PerfRows;
  readonly #refresh: () => void;
  #told = new Map<string, PerfRow>();

  /** `refresh` is called before rows are taken. */
  constructor(rows: PerfRows, refresh: () => void) {
    this.#rows = rows;
    this.#refresh = refresh;
  }

  get version(): number {
    return this.#rows.taken;
  }

  take(all: boolean): KeptPoints {
    this.#refresh();
    const { all: rows } = this.#rows;
    const known = all ? new Map<string, PerfRow>() : this.#told;
    const points: KeptPoint[] = [];
    for (const key of known.keys()) if (!rows.has(key)) points.push({ key, content: undefined });
    for (const [key, row] of rows) if (known.get(key) !== row) points.push({ key, content: pointOf(row) });
    if (points.length > 0 || all) this.#told = new Map(rows);
    return { instrument: GAUGE, points };
  }
}

const LEADING_NUMBER = /^[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?/i;

/** Of a point's time and number, with the keys of their fields. */
const FIXED_BYTES = 18;

/** A NumberDataPoint. Its number is the one that the value begins with, for whoever draws it; 1 where there is none. */
export function pointOf(row: PerfRow): Uint8Array {
  const attributes = encodeAttributes(NUMBER_FIELDS.attributes, Object.entries(perfAttributes(row)));
  const point = new Uint8Array(FIXED_BYTES + attributes.length);
  const view = new DataView(point.buffer);
  point[0] = NUMBER_FIELDS.time * 8 + FIXED64;
  view.setBigUint64(1, row.timeUnixNano, true);
  point[9] = NUMBER_FIELDS.asDouble * 8 + FIXED64;
  view.setFloat64(10, numberOf(row.value), true);
  point.set(attributes, FIXED_BYTES);
  return point;
}

function numberOf(value: string): number {
  const [number = '1'] = LEADING_NUMBER.exec(value) ?? [];
  const parsed = Number(number);
  return Number.isFinite(parsed) ? parsed : 1;
}
