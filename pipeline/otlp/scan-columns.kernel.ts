/**
 * The columns of a scan as it fills them: one class per kind of row, arrays that double. `reserve` makes room for one more
 * row; whoever gives up a request sets `length` and `heapLength` back. See scan-types.ts for what stands in them.
 */
const FIRST_ROWS = 256;
const FIRST_HEAP_BYTES = 1024;
/** From here on a native copy beats a loop. */
const COPY_LOOP_BYTES = 48;

function words(array: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const grown = new Uint32Array(array.length * 2);
  grown.set(array);
  return grown;
}
function integers(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(array.length * 2);
  grown.set(array);
  return grown;
}
function bytes(array: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const grown = new Uint8Array(array.length * 2);
  grown.set(array);
  return grown;
}
function doubles(array: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const grown = new Float64Array(array.length * 2);
  grown.set(array);
  return grown;
}

abstract class Table {
  length = 0;
  heap = new Uint8Array(FIRST_HEAP_BYTES);
  heapLength = 0;
  protected capacity = FIRST_ROWS;

  reserve(): void {
    if (this.length < this.capacity) return;
    this.grow();
    this.capacity *= 2;
  }

  protected abstract grow(): void;

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

  protected override grow(): void {
    this.series = words(this.series);
    this.time = words(this.time);
    this.startTime = words(this.startTime);
    this.flags = words(this.flags);
  }
}

export class PointTable extends SeriesTable {
  value = new Float64Array(FIRST_ROWS);
  exemplars = new Uint32Array(2 * FIRST_ROWS);

  protected override grow(): void {
    super.grow();
    this.value = doubles(this.value);
    this.exemplars = words(this.exemplars);
  }
}

/** Bits of `present`. */
export const HAS_SUM = 1;
export const HAS_MIN = 2;
export const HAS_MAX = 4;

abstract class DistributionTable extends SeriesTable {
  count = new Uint32Array(2 * FIRST_ROWS);
  sum = new Float64Array(FIRST_ROWS);

  protected override grow(): void {
    super.grow();
    this.count = words(this.count);
    this.sum = doubles(this.sum);
  }
}

abstract class BucketTable extends DistributionTable {
  present = new Uint8Array(FIRST_ROWS);
  min = new Float64Array(FIRST_ROWS);
  max = new Float64Array(FIRST_ROWS);
  exemplars = new Uint32Array(2 * FIRST_ROWS);

  protected override grow(): void {
    super.grow();
    this.present = bytes(this.present);
    this.min = doubles(this.min);
    this.max = doubles(this.max);
    this.exemplars = words(this.exemplars);
  }
}

export class HistogramTable extends BucketTable {
  bucketCounts = new Uint32Array(2 * FIRST_ROWS);
  explicitBounds = new Uint32Array(2 * FIRST_ROWS);

  protected override grow(): void {
    super.grow();
    this.bucketCounts = words(this.bucketCounts);
    this.explicitBounds = words(this.explicitBounds);
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

  protected override grow(): void {
    super.grow();
    this.scale = integers(this.scale);
    this.zeroCount = words(this.zeroCount);
    this.zeroThreshold = doubles(this.zeroThreshold);
    this.positiveOffset = integers(this.positiveOffset);
    this.positiveBucketCounts = words(this.positiveBucketCounts);
    this.negativeOffset = integers(this.negativeOffset);
    this.negativeBucketCounts = words(this.negativeBucketCounts);
  }
}

export class SummaryTable extends DistributionTable {
  quantiles = new Uint32Array(2 * FIRST_ROWS);

  protected override grow(): void {
    super.grow();
    this.quantiles = words(this.quantiles);
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

  protected override grow(): void {
    this.origin = words(this.origin);
    this.attributes = words(this.attributes);
    this.time = words(this.time);
    this.traceId = words(this.traceId);
    this.spanId = words(this.spanId);
    this.flags = words(this.flags);
  }
}

export class LogTable extends RecordTable {
  severityNumber = new Uint8Array(FIRST_ROWS);
  severityText = new Uint32Array(FIRST_ROWS);
  eventName = new Uint32Array(FIRST_ROWS);
  body = new Uint32Array(2 * FIRST_ROWS);
  bodyIsText = new Uint8Array(FIRST_ROWS);

  protected override grow(): void {
    super.grow();
    this.severityNumber = bytes(this.severityNumber);
    this.severityText = words(this.severityText);
    this.eventName = words(this.eventName);
    this.body = words(this.body);
    this.bodyIsText = bytes(this.bodyIsText);
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

  protected override grow(): void {
    super.grow();
    this.duration = words(this.duration);
    this.parentSpanId = words(this.parentSpanId);
    this.name = words(this.name);
    this.traceState = words(this.traceState);
    this.statusMessage = words(this.statusMessage);
    this.kind = bytes(this.kind);
    this.statusCode = bytes(this.statusCode);
    this.events = words(this.events);
    this.links = words(this.links);
  }
}

/** What has a place to go back to. */
export type AnyTable = Table;
