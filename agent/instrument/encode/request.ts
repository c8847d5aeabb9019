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
  const content = new Pieces().message(RESOURCE_METRICS_FIELDS.resource, new Pieces().add(resource));
  for (const ofMeter of grouped(runs, ({ points }) => points.instrument.meter.id)) {
    content.message(RESOURCE_METRICS_FIELDS.scopeMetrics, meterMetrics(ofMeter));
  }
  content.add(encodeText(RESOURCE_METRICS_FIELDS.schemaUrl, schemaUrl));
  return joined(new Pieces().message(REQUEST_FIELDS.resourceMetrics, content));
}

/** A ScopeMetrics of runs of one meter. */
function meterMetrics(runs: readonly Run[]): Pieces {
  const { scope, schemaUrl } = meterFrame(runs[0]!.points.instrument.meter);
  const pieces = new Pieces().message(SCOPE_METRICS_FIELDS.instrumentationScope, new Pieces().add(scope));
  for (const ofInstrument of grouped(runs, ({ points }) => points.instrument.id)) {
    pieces.message(SCOPE_METRICS_FIELDS.metrics, metricOf(ofInstrument));
  }
  return pieces.add(schemaUrl);
}

/** A Metric of runs of one instrument. */
function metricOf(runs: readonly Run[]): Pieces {
  const { instrument, delta } = runs[0]!.points;
  const points = new Pieces();
  for (const { source, from, to } of runs) points.add(source.peek().subarray(from, to));
  points.add(tailOf(instrument, delta));
  return new Pieces().add(metricHead(instrument)).message(DATA[instrument.point], points);
}

/** Content of a message, with its length: what is around it does not count it again. */
class Pieces {
  readonly parts: Uint8Array[] = [];
  bytes = 0;

  add(part: Uint8Array): this {
    this.parts.push(part);
    this.bytes += part.length;
    return this;
  }

  /** A nested message: its key and length before what is in it. */
  message(field: number, content: Pieces): this {
    head.clear();
    head.key(field, BYTES);
    head.varint(content.bytes);
    this.add(head.take());
    for (const part of content.parts) this.parts.push(part);
    this.bytes += content.bytes;
    return this;
  }
}

const head = new GrowingBuffer();

function joined({ parts, bytes: length }: Pieces): Uint8Array {
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
    known = joined(
      new Pieces()
        .add(encodeText(METRIC_FIELDS.name, name))
        .add(encodeText(METRIC_FIELDS.description, description))
        .add(encodeText(METRIC_FIELDS.unit, unit)),
    );
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
