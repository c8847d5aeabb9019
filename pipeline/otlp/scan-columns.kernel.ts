/**
 * The columns of a scan as it fills them: one class per kind of row, arrays that double. `reserve` makes room for one more
 * row; whoever gives up a request sets `length` and `heapLength` back. See scan-types.ts for what stands in them.
 */
const FIRST_ROWS = 256;
const FIRST_HEAP_BYTES = 1024;
/** What is kept for the next rows. */
const KEPT_ROWS = 2 ** 18;
const KEPT_HEAP_BYTES = 2 ** 24;
/** From here on a native copy beats a loop. */
const COPY_LOOP_BYTES = 48;

function words(array: Uint32Array<ArrayBuffer>, length: number): Uint32Array<ArrayBuffer> {
  const sized = new Uint32Array(length);
  sized.set(array.subarray(0, Math.min(length, array.length)));
  return sized;
}
function integers(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const sized = new Int32Array(length);
  sized.set(array.subarray(0, Math.min(length, array.length)));
  return sized;
}
function bytes(array: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const sized = new Uint8Array(length);
  sized.set(array.subarray(0, Math.min(length, array.length)));
  return sized;
}
function doubles(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const sized = new Float64Array(length);
  sized.set(array.subarray(0, Math.min(length, array.length)));
  return sized;
}

abstract class Table {
  length = 0;
  heap = new Uint8Array(FIRST_HEAP_BYTES);
  heapLength = 0;
  /** Bounds of what may wait. */
  rowsMax = Number.MAX_SAFE_INTEGER;
  heapBytesMax = Number.MAX_SAFE_INTEGER;
  protected capacity = FIRST_ROWS;

  /** False when there are so many rows, or heap bytes, that no more are taken. */
  reserve(): boolean {
    if (this.heapLength >= this.heapBytesMax || this.length >= this.rowsMax) return false;
    if (this.length < this.capacity) return true;
    this.capacity *= 2;
    this.resize(this.capacity);
    return true;
  }

  /** Forgets the rows, and memory that few requests need. */
  clear(): void {
    this.length = 0;
    this.heapLength = 0;
    if (this.capacity > KEPT_ROWS) {
      this.capacity = FIRST_ROWS;
      this.resize(FIRST_ROWS);
    }
    if (this.heap.length > KEPT_HEAP_BYTES) this.heap = new Uint8Array(FIRST_HEAP_BYTES);
  }

  protected abstract resize(rows: number): void;

  /** Room for so many bytes behind the heap's end, which the caller fills and counts. */
  room(count: number): void {
    if (this.heapLength + count <= this.heap.length) return;
    const grown = new Uint8Array(Math.max(this.heap.length * 2, this.heapLength + count));
    grown.set(this.heap);
    this.heap = grown;
  }

  /** Copies a run behind the heap's end. */
  keep(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.room(count);
    if (count > COPY_LOOP_BYTES) this.heap.set(source.subarray(start, end), this.heapLength);
    else for (let i = 0; i < count; i++) this.heap[this.heapLength + i] = source[start + i]!;
    this.heapLength += count;
  }
}

/** Rows that belong to a series. */
abstract class SeriesTable extends Table {
  series = new Uint32Array(FIRST_ROWS);
  time = new Uint32Array(2 * FIRST_ROWS);
  startTime = new Uint32Array(2 * FIRST_ROWS);
  flags = new Uint32Array(FIRST_ROWS);

  protected override resize(rows: number): void {
    this.series = words(this.series, rows);
    this.time = words(this.time, 2 * rows);
    this.startTime = words(this.startTime, 2 * rows);
    this.flags = words(this.flags, rows);
  }
}

export class PointTable extends SeriesTable {
  value = new Float64Array(FIRST_ROWS);
  exemplars = new Uint32Array(2 * FIRST_ROWS);

  protected override resize(rows: number): void {
    super.resize(rows);
    this.value = doubles(this.value, rows);
    this.exemplars = words(this.exemplars, 2 * rows);
  }
}

/** Bits of `present`. */
export const HAS_SUM = 1;
export const HAS_MIN = 2;
export const HAS_MAX = 4;

abstract class DistributionTable extends SeriesTable {
  count = new Uint32Array(2 * FIRST_ROWS);
  sum = new Float64Array(FIRST_ROWS);

  protected override resize(rows: number): void {
    super.resize(rows);
    this.count = words(this.count, 2 * rows);
    this.sum = doubles(this.sum, rows);
  }
}

abstract class BucketTable extends DistributionTable {
  present = new Uint8Array(FIRST_ROWS);
  min = new Float64Array(FIRST_ROWS);
  max = new Float64Array(FIRST_ROWS);
  exemplars = new Uint32Array(2 * FIRST_ROWS);

  protected override resize(rows: number): void {
    super.resize(rows);
    this.present = bytes(this.present, rows);
    this.min = doubles(this.min, rows);
    this.max = doubles(this.max, rows);
    this.exemplars = words(this.exemplars, 2 * rows);
  }
}

export class HistogramTable extends BucketTable {
  bucketCounts = new Uint32Array(2 * FIRST_ROWS);
  explicitBounds = new Uint32Array(2 * FIRST_ROWS);

  protected override resize(rows: number): void {
    super.resize(rows);
    this.bucketCounts = words(this.bucketCounts, 2 * rows);
    this.explicitBounds = words(this.explicitBounds, 2 * rows);
  }
}

export class ExponentialHistogramTable extends BucketTable {
  scale = new Int32Array(FIRST_ROWS);
  zeroCount = new Uint32Array(2 * FIRST_ROWS);
  zeroThreshold = new Float64Array(FIRST_ROWS);
  positiveOffset = new Int32Array(FIRST_ROWS);
  positiveBucketCounts = new Uint32Array(2 * FIRST_ROWS);
  negativeOffset = new Int32Array(FIRST_ROWS);
  negativeBucketCounts = new Uint32Array(2 * FIRST_ROWS);

  protected override resize(rows: number): void {
    super.resize(rows);
    this.scale = integers(this.scale, rows);
    this.zeroCount = words(this.zeroCount, 2 * rows);
    this.zeroThreshold = doubles(this.zeroThreshold, rows);
    this.positiveOffset = integers(this.positiveOffset, rows);
    this.positiveBucketCounts = words(this.positiveBucketCounts, 2 * rows);
    this.negativeOffset = integers(this.negativeOffset, rows);
    this.negativeBucketCounts = words(this.negativeBucketCounts, 2 * rows);
  }
}

export class SummaryTable extends DistributionTable {
  quantiles = new Uint32Array(2 * FIRST_ROWS);

  protected override resize(rows: number): void {
    super.resize(rows);
    this.quantiles = words(this.quantiles, 2 * rows);
  }
}

/** What a log record and a span have in common. */
abstract class RecordTable extends Table {
  origin = new Uint32Array(FIRST_ROWS);
  attributes = new Uint32Array(FIRST_ROWS);
  time = new Uint32Array(2 * FIRST_ROWS);
  traceId = new Uint32Array(4 * FIRST_ROWS);
  spanId = new Uint32Array(2 * FIRST_ROWS);
  flags = new Uint32Array(FIRST_ROWS);

  protected override resize(rows: number): void {
    this.origin = words(this.origin, rows);
    this.attributes = words(this.attributes, rows);
    this.time = words(this.time, 2 * rows);
    this.traceId = words(this.traceId, 4 * rows);
    this.spanId = words(this.spanId, 2 * rows);
    this.flags = words(this.flags, rows);
  }
}

export class LogTable extends RecordTable {
  severityNumber = new Uint8Array(FIRST_ROWS);
  severityText = new Uint32Array(FIRST_ROWS);
  eventName = new Uint32Array(FIRST_ROWS);
  body = new Uint32Array(2 * FIRST_ROWS);
  bodyIsText = new Uint8Array(FIRST_ROWS);

  protected override resize(rows: number): void {
    super.resize(rows);
    this.severityNumber = bytes(this.severityNumber, rows);
    this.severityText = words(this.severityText, rows);
    this.eventName = words(this.eventName, rows);
    this.body = words(this.body, 2 * rows);
    this.bodyIsText = bytes(this.bodyIsText, rows);
  }
}

export class SpanTable extends RecordTable {
  duration = new Uint32Array(2 * FIRST_ROWS);
  parentSpanId = new Uint32Array(2 * FIRST_ROWS);
  name = new Uint32Array(FIRST_ROWS);
  traceState = new Uint32Array(FIRST_ROWS);
  statusMessage = new Uint32Array(FIRST_ROWS);
  kind = new Uint8Array(FIRST_ROWS);
  statusCode = new Uint8Array(FIRST_ROWS);
  events = new Uint32Array(2 * FIRST_ROWS);
  links = new Uint32Array(2 * FIRST_ROWS);

  protected override resize(rows: number): void {
    super.resize(rows);
    this.duration = words(this.duration, 2 * rows);
    this.parentSpanId = words(this.parentSpanId, 2 * rows);
    this.name = words(this.name, rows);
    this.traceState = words(this.traceState, rows);
    this.statusMessage = words(this.statusMessage, rows);
    this.kind = bytes(this.kind, rows);
    this.statusCode = bytes(this.statusCode, rows);
    this.events = words(this.events, 2 * rows);
    this.links = words(this.links, 2 * rows);
  }
}

/** What has a place to go back to. */
export type AnyTable = Table;
