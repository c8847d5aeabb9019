import {
  BUCKETS_EXEMPLARS,
  BUCKETS_MAX,
  BUCKETS_MIN,
  COLUMNS,
  DISTRIBUTION_COUNT,
  DISTRIBUTION_START,
  DISTRIBUTION_SUM,
  DISTRIBUTION_TIME,
  EXPONENTIAL_FLAGS,
  EXPONENTIAL_HISTOGRAM,
  EXPONENTIAL_NEGATIVE,
  EXPONENTIAL_NEGATIVE_OFFSET,
  EXPONENTIAL_POSITIVE,
  EXPONENTIAL_POSITIVE_OFFSET,
  EXPONENTIAL_PRESENT,
  EXPONENTIAL_ROW,
  EXPONENTIAL_SCALE,
  EXPONENTIAL_SERIES,
  EXPONENTIAL_ZERO_COUNT,
  EXPONENTIAL_ZERO_THRESHOLD,
  HEAP,
  HEAP_LENGTH,
  HISTOGRAM,
  HISTOGRAM_BOUNDS,
  HISTOGRAM_COUNTS,
  HISTOGRAM_FLAGS,
  HISTOGRAM_PRESENT,
  HISTOGRAM_ROW,
  HISTOGRAM_SERIES,
  LOG_ATTRIBUTES,
  LOG_BODY,
  LOG_BODY_IS_TEXT,
  LOG_EVENT_NAME,
  LOG_FLAGS,
  LOG_ORIGIN,
  LOG_ROW,
  LOG_SEVERITY_NUMBER,
  LOG_SEVERITY_TEXT,
  LOGS,
  POINT_EXEMPLARS,
  POINT_FLAGS,
  POINT_ROW,
  POINT_SERIES,
  POINT_START,
  POINT_TIME,
  POINT_VALUE,
  RECORD_SPAN_ID,
  RECORD_TIME,
  RECORD_TRACE_ID,
  ROOM,
  ROWS,
  SPAN_ATTRIBUTES,
  SPAN_DURATION,
  SPAN_EVENTS,
  SPAN_FLAGS,
  SPAN_KIND,
  SPAN_LINKS,
  SPAN_NAME,
  SPAN_ORIGIN,
  SPAN_PARENT,
  SPAN_ROW,
  SPAN_STATUS_CODE,
  SPAN_STATUS_MESSAGE,
  SPAN_TRACE_STATE,
  SPANS,
  SUMMARY,
  SUMMARY_FLAGS,
  SUMMARY_QUANTILES,
  SUMMARY_ROW,
  SUMMARY_SERIES,
  TABLE_BYTES,
  TABLES,
} from './scan-cells.ts';
import type {
  ExponentialHistogramColumns,
  HistogramColumns,
  LogColumns,
  PointColumns,
  SpanColumns,
  SummaryColumns,
} from './scan-types.ts';

/** Of each table, by number: bytes a row, and how many of them are in columns of 16, of 8 and of 4; the rest, of 1. */
export const TABLE_SHAPES: readonly (readonly [row: number, sixteens: number, eights: number, fours: number])[] = [
  [POINT_ROW, 0, 32, 8],
  [POINT_ROW, 0, 32, 8],
  [HISTOGRAM_ROW, 0, 72, 8],
  [EXPONENTIAL_ROW, 0, 88, 20],
  [SUMMARY_ROW, 0, 40, 8],
  [LOG_ROW, 16, 24, 20],
  [SPAN_ROW, 16, 48, 24],
];

/** The memory that columns lie in. */
interface Memory {
  readonly words: Uint32Array;
}

/** Where columns are: the memory's buffer, the block, and how many rows it has room for. */
interface Place {
  readonly buffer: ArrayBuffer;
  readonly at: number;
  readonly room: number;
}

const words = ({ buffer, at, room }: Place, before: number, perRow = 1): Uint32Array =>
  new Uint32Array(buffer, at + before * room, room * perRow);
const integers = ({ buffer, at, room }: Place, before: number): Int32Array => new Int32Array(buffer, at + before * room, room);
const doubles = ({ buffer, at, room }: Place, before: number): Float64Array => new Float64Array(buffer, at + before * room, room);
const bytes = ({ buffer, at, room }: Place, before: number): Uint8Array => new Uint8Array(buffer, at + before * room, room);

const NOWHERE: Place = { buffer: new ArrayBuffer(0), at: 0, room: 0 };

/** The columns of a scan as they lie in its memory. `look` after each change of it; arrays of before are void then. */
export abstract class Table {
  heap = new Uint8Array(0);
  #place = NOWHERE;
  readonly #memory: Memory;
  readonly #at: number;

  constructor(memory: Memory, table: number) {
    this.#memory = memory;
    this.#at = (TABLES + table * TABLE_BYTES) / 4;
  }

  get length(): number {
    return this.#memory.words[this.#at + ROWS]!;
  }
  set length(rows: number) {
    this.#memory.words[this.#at + ROWS] = rows;
  }
  get heapLength(): number {
    return this.#memory.words[this.#at + HEAP_LENGTH]!;
  }
  set heapLength(length: number) {
    this.#memory.words[this.#at + HEAP_LENGTH] = length;
  }

  look(): void {
    const memory = this.#memory.words;
    const buffer = memory.buffer as ArrayBuffer;
    const at = memory[this.#at + COLUMNS]!;
    const room = memory[this.#at + ROOM]!;
    const heapAt = memory[this.#at + HEAP]!;
    const place = this.#place;
    if (place.buffer !== buffer || place.at !== at || place.room !== room) {
      this.#place = { buffer, at, room };
      this.place(this.#place);
    }
    const heapBytes = memory[this.#at + HEAP + 1]!;
    // A block may grow where it is.
    if (this.heap.buffer !== buffer || this.heap.byteOffset !== heapAt || this.heap.length !== heapBytes)
      this.heap = new Uint8Array(buffer, heapAt, heapBytes);
  }

  protected abstract place(place: Place): void;
}

export class PointTable extends Table implements PointColumns {
  time = words(NOWHERE, 0);
  startTime = words(NOWHERE, 0);
  value = doubles(NOWHERE, 0);
  exemplars = words(NOWHERE, 0);
  series = words(NOWHERE, 0);
  flags = words(NOWHERE, 0);

  protected override place(place: Place): void {
    this.time = words(place, POINT_TIME, 2);
    this.startTime = words(place, POINT_START, 2);
    this.value = doubles(place, POINT_VALUE);
    this.exemplars = words(place, POINT_EXEMPLARS, 2);
    this.series = words(place, POINT_SERIES);
    this.flags = words(place, POINT_FLAGS);
  }
}

abstract class DistributionTable extends Table {
  time = words(NOWHERE, 0);
  startTime = words(NOWHERE, 0);
  count = words(NOWHERE, 0);
  sum = doubles(NOWHERE, 0);
  series = words(NOWHERE, 0);
  flags = words(NOWHERE, 0);

  protected override place(place: Place): void {
    this.time = words(place, DISTRIBUTION_TIME, 2);
    this.startTime = words(place, DISTRIBUTION_START, 2);
    this.count = words(place, DISTRIBUTION_COUNT, 2);
    this.sum = doubles(place, DISTRIBUTION_SUM);
  }
}

abstract class BucketTable extends DistributionTable {
  min = doubles(NOWHERE, 0);
  max = doubles(NOWHERE, 0);
  exemplars = words(NOWHERE, 0);
  present = bytes(NOWHERE, 0);

  protected override place(place: Place): void {
    super.place(place);
    this.min = doubles(place, BUCKETS_MIN);
    this.max = doubles(place, BUCKETS_MAX);
    this.exemplars = words(place, BUCKETS_EXEMPLARS, 2);
  }
}

export class HistogramTable extends BucketTable implements HistogramColumns {
  bucketCounts = words(NOWHERE, 0);
  explicitBounds = words(NOWHERE, 0);

  constructor(memory: Memory) {
    super(memory, HISTOGRAM);
  }

  protected override place(place: Place): void {
    super.place(place);
    this.bucketCounts = words(place, HISTOGRAM_COUNTS, 2);
    this.explicitBounds = words(place, HISTOGRAM_BOUNDS, 2);
    this.series = words(place, HISTOGRAM_SERIES);
    this.flags = words(place, HISTOGRAM_FLAGS);
    this.present = bytes(place, HISTOGRAM_PRESENT);
  }
}

export class ExponentialHistogramTable extends BucketTable implements ExponentialHistogramColumns {
  zeroCount = words(NOWHERE, 0);
  zeroThreshold = doubles(NOWHERE, 0);
  positiveBucketCounts = words(NOWHERE, 0);
  negativeBucketCounts = words(NOWHERE, 0);
  scale = integers(NOWHERE, 0);
  positiveOffset = integers(NOWHERE, 0);
  negativeOffset = integers(NOWHERE, 0);

  constructor(memory: Memory) {
    super(memory, EXPONENTIAL_HISTOGRAM);
  }

  protected override place(place: Place): void {
    super.place(place);
    this.zeroCount = words(place, EXPONENTIAL_ZERO_COUNT, 2);
    this.zeroThreshold = doubles(place, EXPONENTIAL_ZERO_THRESHOLD);
    this.positiveBucketCounts = words(place, EXPONENTIAL_POSITIVE, 2);
    this.negativeBucketCounts = words(place, EXPONENTIAL_NEGATIVE, 2);
    this.series = words(place, EXPONENTIAL_SERIES);
    this.flags = words(place, EXPONENTIAL_FLAGS);
    this.scale = integers(place, EXPONENTIAL_SCALE);
    this.positiveOffset = integers(place, EXPONENTIAL_POSITIVE_OFFSET);
    this.negativeOffset = integers(place, EXPONENTIAL_NEGATIVE_OFFSET);
    this.present = bytes(place, EXPONENTIAL_PRESENT);
  }
}

export class SummaryTable extends DistributionTable implements SummaryColumns {
  quantiles = words(NOWHERE, 0);

  constructor(memory: Memory) {
    super(memory, SUMMARY);
  }

  protected override place(place: Place): void {
    super.place(place);
    this.quantiles = words(place, SUMMARY_QUANTILES, 2);
    this.series = words(place, SUMMARY_SERIES);
    this.flags = words(place, SUMMARY_FLAGS);
  }
}

/** What a log record and a span have in common. */
abstract class RecordTable extends Table {
  traceId = words(NOWHERE, 0);
  time = words(NOWHERE, 0);
  spanId = words(NOWHERE, 0);
  origin = words(NOWHERE, 0);
  attributes = words(NOWHERE, 0);
  flags = words(NOWHERE, 0);

  protected override place(place: Place): void {
    this.traceId = words(place, RECORD_TRACE_ID, 4);
    this.time = words(place, RECORD_TIME, 2);
    this.spanId = words(place, RECORD_SPAN_ID, 2);
  }
}

export class LogTable extends RecordTable implements LogColumns {
  body = words(NOWHERE, 0);
  severityText = words(NOWHERE, 0);
  eventName = words(NOWHERE, 0);
  severityNumber = bytes(NOWHERE, 0);
  bodyIsText = bytes(NOWHERE, 0);

  constructor(memory: Memory) {
    super(memory, LOGS);
  }

  protected override place(place: Place): void {
    super.place(place);
    this.body = words(place, LOG_BODY, 2);
    this.origin = words(place, LOG_ORIGIN);
    this.attributes = words(place, LOG_ATTRIBUTES);
    this.severityText = words(place, LOG_SEVERITY_TEXT);
    this.eventName = words(place, LOG_EVENT_NAME);
    this.flags = words(place, LOG_FLAGS);
    this.severityNumber = bytes(place, LOG_SEVERITY_NUMBER);
    this.bodyIsText = bytes(place, LOG_BODY_IS_TEXT);
  }
}

export class SpanTable extends RecordTable implements SpanColumns {
  duration = words(NOWHERE, 0);
  parentSpanId = words(NOWHERE, 0);
  events = words(NOWHERE, 0);
  links = words(NOWHERE, 0);
  name = words(NOWHERE, 0);
  traceState = words(NOWHERE, 0);
  statusMessage = words(NOWHERE, 0);
  kind = bytes(NOWHERE, 0);
  statusCode = bytes(NOWHERE, 0);

  constructor(memory: Memory) {
    super(memory, SPANS);
  }

  protected override place(place: Place): void {
    super.place(place);
    this.duration = words(place, SPAN_DURATION, 2);
    this.parentSpanId = words(place, SPAN_PARENT, 2);
    this.events = words(place, SPAN_EVENTS, 2);
    this.links = words(place, SPAN_LINKS, 2);
    this.origin = words(place, SPAN_ORIGIN);
    this.attributes = words(place, SPAN_ATTRIBUTES);
    this.name = words(place, SPAN_NAME);
    this.traceState = words(place, SPAN_TRACE_STATE);
    this.statusMessage = words(place, SPAN_STATUS_MESSAGE);
    this.flags = words(place, SPAN_FLAGS);
    this.kind = bytes(place, SPAN_KIND);
    this.statusCode = bytes(place, SPAN_STATUS_CODE);
  }
}
