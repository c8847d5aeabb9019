import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import type { InstrumentRecord, MeterRecord, PointKind } from '../metrics/contract.ts';
import { encodeInstrumentationScope, encodeText } from './attributes.ts';
import {
  BYTES,
  DATA_FIELDS,
  METRIC_FIELDS,
  REQUEST_FIELDS,
  RESOURCE_METRICS_FIELDS,
  SCOPE_METRICS_FIELDS,
  TEMPORALITY,
  VARINT,
} from './fields.ts';
import type { Run } from './runs.ts';

const DATA: Readonly<Record<PointKind, number>> = {
  sum: METRIC_FIELDS.sum,
  gauge: METRIC_FIELDS.gauge,
  histogram: METRIC_FIELDS.histogram,
  exponential_histogram: METRIC_FIELDS.exponentialHistogram,
};
/** Most bytes that key and length of a message take, and what stands behind the points of a metric. */
const HEAD_BYTES = 6;
const TAIL_BYTES = 4;

/** What is the same in every request. */
export interface RequestFrame {
  /** A Resource message. */
  readonly resource: Uint8Array;
  readonly schemaUrl: string;
}

/** Runs in the order of their meters and instruments, shared out to requests of at most `maxBytes`; a run that is larger has
 *  one of its own. */
export function shareOut(runs: readonly Run[], frame: RequestFrame, maxBytes: number): readonly (readonly Run[])[] {
  const shares: Run[][] = [];
  const empty = frame.resource.length + frame.schemaUrl.length * 3 + 4 * HEAD_BYTES;
  let share: Run[] = [];
  let bytes = empty;
  for (const run of runs) {
    const before = share.at(-1);
    let added = headBytes(run, before) + run.to - run.from;
    if (share.length > 0 && bytes + added > maxBytes) {
      shares.push(share);
      [share, bytes] = [[], empty];
      added = headBytes(run, undefined) + run.to - run.from;
    }
    share.push(run);
    bytes += added;
  }
  if (share.length > 0) shares.push(share);
  return shares;
}

/** What must stand before a run that follows `before`. */
function headBytes({ points }: Run, before: Run | undefined): number {
  let bytes = 0;
  if (points !== before?.points) bytes += metricHead(points.instrument).length + 2 * HEAD_BYTES + TAIL_BYTES;
  if (points.instrument.meter.id !== before?.points.instrument.meter.id) {
    const { scope, schemaUrl } = meterFrame(points.instrument.meter);
    bytes += scope.length + schemaUrl.length + 3 * HEAD_BYTES;
  }
  return bytes;
}

/** An ExportMetricsServiceRequest of these runs. */
export function writeRequest(runs: readonly Run[], { resource, schemaUrl }: RequestFrame): Uint8Array {
  const meters = grouped(runs, ({ points }) => points.instrument.meter.id).map((ofMeter) =>
    meterMetrics(grouped(ofMeter, ({ points }) => points.instrument.id).map(metricOf)),
  );
  const content = [
    message(RESOURCE_METRICS_FIELDS.resource, [resource]),
    ...meters,
    [encodeText(RESOURCE_METRICS_FIELDS.schemaUrl, schemaUrl)],
  ].flat();
  return joined(message(REQUEST_FIELDS.resourceMetrics, content));
}

interface Metric {
  readonly instrument: InstrumentRecord;
  readonly parts: readonly Uint8Array[];
}

function meterMetrics(metrics: readonly Metric[]): readonly Uint8Array[] {
  const [first] = metrics;
  if (first === undefined) return [];
  const { scope, schemaUrl } = meterFrame(first.instrument.meter);
  return message(RESOURCE_METRICS_FIELDS.scopeMetrics, [
    ...message(SCOPE_METRICS_FIELDS.instrumentationScope, [scope]),
    ...metrics.flatMap(({ parts }) => parts),
    schemaUrl,
  ]);
}

function metricOf(runs: readonly Run[]): Metric {
  const { instrument, delta } = runs[0]!.points;
  const points = runs.map(({ source, from, to }) => source.peek().subarray(from, to));
  const data = message(DATA[instrument.point], [...points, tailOf(instrument, delta)]);
  return { instrument, parts: message(SCOPE_METRICS_FIELDS.metrics, [metricHead(instrument), ...data]) };
}

/** A nested message in pieces: its key and length before `parts`. */
function message(field: number, parts: readonly Uint8Array[]): readonly Uint8Array[] {
  let length = 0;
  for (const part of parts) length += part.length;
  head.clear();
  head.key(field, BYTES);
  head.varint(length);
  return [head.take(), ...parts];
}

const head = new GrowingBuffer();

function joined(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  // Memory of its own, so that it can be handed to another thread, and not cleared first.
  const body = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
  }
  return body;
}

/** Neighbours with the same key together. */
function grouped<T>(items: readonly T[], keyOf: (item: T) => number): readonly (readonly T[])[] {
  const groups: T[][] = [];
  let last: number | undefined;
  for (const item of items) {
    const key = keyOf(item);
    if (key !== last) groups.push([]);
    groups.at(-1)!.push(item);
    last = key;
  }
  return groups;
}

/** Kept with the record: it is told again, as another object, when something of it changes. */
const metricHeads = new WeakMap<InstrumentRecord, Uint8Array>();

function metricHead(instrument: InstrumentRecord): Uint8Array {
  let known = metricHeads.get(instrument);
  if (known === undefined) {
    const { name, description, unit } = instrument;
    known = joined([
      encodeText(METRIC_FIELDS.name, name),
      encodeText(METRIC_FIELDS.description, description),
      encodeText(METRIC_FIELDS.unit, unit),
    ]);
    metricHeads.set(instrument, known);
  }
  return known;
}

interface MeterFrame {
  readonly scope: Uint8Array;
  readonly schemaUrl: Uint8Array;
}
const meterFrames = new WeakMap<MeterRecord, MeterFrame>();

function meterFrame(meter: MeterRecord): MeterFrame {
  let known = meterFrames.get(meter);
  if (known === undefined) {
    known = {
      scope: encodeInstrumentationScope(meter.name, meter.version, meter.attributes),
      schemaUrl: encodeText(SCOPE_METRICS_FIELDS.schemaUrl, meter.schemaUrl),
    };
    meterFrames.set(meter, known);
  }
  return known;
}

/** Temporality and monotonicity. */
function tailOf({ point, monotonic }: InstrumentRecord, delta: boolean): Uint8Array {
  if (point === 'gauge') return new Uint8Array(0);
  const temporality = delta ? TEMPORALITY.delta : TEMPORALITY.cumulative;
  const tail = [DATA_FIELDS.aggregationTemporality * 8 + VARINT, temporality];
  if (point === 'sum' && monotonic) tail.push(DATA_FIELDS.isMonotonic * 8 + VARINT, 1);
  return Uint8Array.from(tail);
}
