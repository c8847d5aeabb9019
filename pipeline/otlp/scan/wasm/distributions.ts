import {
  BUCKETS_EXEMPLARS,
  BUCKETS_MAX,
  BUCKETS_MIN,
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
  EXPONENTIAL_SCALE,
  EXPONENTIAL_SERIES,
  EXPONENTIAL_ZERO_COUNT,
  EXPONENTIAL_ZERO_THRESHOLD,
  HAS_MAX,
  HAS_MIN,
  HAS_SUM,
  HISTOGRAM,
  HISTOGRAM_BOUNDS,
  HISTOGRAM_COUNTS,
  HISTOGRAM_FLAGS,
  HISTOGRAM_PRESENT,
  HISTOGRAM_SERIES,
  SHAPES,
  SUMMARY,
  SUMMARY_FLAGS,
  SUMMARY_QUANTILES,
  SUMMARY_SERIES,
} from '../../scan-cells.ts';
import { keepBuckets, keepFixed, keepQuantile } from './lists.ts';
import { keepExemplars } from './messages.ts';
import { seriesOf } from './series.ts';
import { Table, tableOf } from './tables.ts';
import { broken, full, repeated } from './verdict.ts';
import { at, key, skip, varint32, zigzag } from './wire.ts';

/**
 * Data points of histograms, exponential histograms and summaries: one loop, told by a table per message what a key means.
 */
const ATTRIBUTE: i32 = 1;
const EXEMPLAR: i32 = 2;
const LIST: i32 = 3;
const QUANTILE: i32 = 4;
const TIME: i32 = 5;
const START: i32 = 6;
const COUNT: i32 = 7;
const SUM: i32 = 8;
const FLAGS: i32 = 9;
const MIN: i32 = 10;
const MAX: i32 = 11;
const SCALE: i32 = 12;
const ZERO_COUNT: i32 = 13;
const ZERO_THRESHOLD: i32 = 14;
const BUCKETS: i32 = 15;

/** Field 1 of histogram and summary points is gone from OTLP: an unknown field. */
const REMOVED_FIELD: i32 = 1;

@inline
function shapeOf(kind: i32): usize {
  return <usize>SHAPES + (<usize>(kind - HISTOGRAM) << 7);
}

function means(kind: i32, tag: i32, action: i32): void {
  store<u8>(shapeOf(kind) + tag, <u8>action);
}

/** Writes down once what the keys of the messages mean. */
export function openShapes(): void {
  for (let kind = HISTOGRAM; kind <= SUMMARY; kind++) {
    means(kind, 17, START);
    means(kind, 25, TIME);
    means(kind, 33, COUNT);
    means(kind, 41, SUM);
    means(kind, kind == SUMMARY ? 64 : 80, FLAGS);
    means(kind, attributeTag(kind), ATTRIBUTE);
  }
  // HistogramDataPoint { 6 bucket_counts, 7 explicit_bounds, 8 exemplars, 9 attributes, 10 flags, 11 min, 12 max }
  means(HISTOGRAM, 49, LIST);
  means(HISTOGRAM, 50, LIST);
  means(HISTOGRAM, 57, LIST);
  means(HISTOGRAM, 58, LIST);
  means(HISTOGRAM, 66, EXEMPLAR);
  means(HISTOGRAM, 89, MIN);
  means(HISTOGRAM, 97, MAX);
  // ExponentialHistogramDataPoint { 1 attributes, 6 scale, 7 zero_count, 8 positive, 9 negative, 10 flags, 11 exemplars, … }
  means(EXPONENTIAL_HISTOGRAM, 48, SCALE);
  means(EXPONENTIAL_HISTOGRAM, 57, ZERO_COUNT);
  means(EXPONENTIAL_HISTOGRAM, 66, BUCKETS);
  means(EXPONENTIAL_HISTOGRAM, 74, BUCKETS);
  means(EXPONENTIAL_HISTOGRAM, 90, EXEMPLAR);
  means(EXPONENTIAL_HISTOGRAM, 97, MIN);
  means(EXPONENTIAL_HISTOGRAM, 105, MAX);
  means(EXPONENTIAL_HISTOGRAM, 113, ZERO_THRESHOLD);
  // SummaryDataPoint { 6 quantile_values, 7 attributes, 8 flags }
  means(SUMMARY, 50, QUANTILE);
}

function attributeTag(kind: i32): i32 {
  return kind == HISTOGRAM ? 74 : kind == EXPONENTIAL_HISTOGRAM ? 10 : 58;
}

/** Field numbers above this are unknown. */
function fieldMax(kind: i32): i32 {
  return kind == HISTOGRAM ? 12 : kind == EXPONENTIAL_HISTOGRAM ? 14 : 8;
}

/** The point in [start, end) as a row of the table of that kind. */
export function distribution(kind: i32, start: usize, end: usize): bool {
  const table = tableOf(kind);
  if (!table.reserve()) return full();
  table.clearRow();
  const heapAt = table.heapLength;
  let once = 0;
  let runStart: usize = 0;
  let runEnd: usize = 0;
  let scattered = false;
  let exemplars = false;
  let lists = 0;
  for (let p = start; p < end; ) {
    const fieldStart = p;
    const tag = key(p, end);
    if (tag == 0) return broken();
    const content = at;
    p = skip(tag, content, end);
    if (p == 0) return broken();
    const field = tag >>> 3;
    const action = tag < 128 ? <i32>load<u8>(shapeOf(kind) + tag) : 0;
    if (action == ATTRIBUTE) {
      if (runEnd == 0) runStart = fieldStart;
      else if (fieldStart != runEnd) scattered = true;
      runEnd = p;
    } else if (action == EXEMPLAR) exemplars = true;
    else if (action == LIST) lists |= 1 << field;
    else if (action == QUANTILE) {
      if (!keepQuantile(table, at, p)) return false;
    } else if (action == 0) {
      const removed = field == REMOVED_FIELD && kind != EXPONENTIAL_HISTOGRAM;
      if (field <= fieldMax(kind) && !removed) return broken();
    } else {
      if ((once & (1 << field)) != 0) return repeated();
      once |= 1 << field;
      if (!scalar(table, kind, action, field, content, p)) return false;
    }
  }
  const index = seriesOf(attributeTag(kind), start, end, runStart, runEnd, scattered);
  if (index < 0) return false;
  table.set32(kind == HISTOGRAM ? HISTOGRAM_SERIES : kind == SUMMARY ? SUMMARY_SERIES : EXPONENTIAL_SERIES, index);
  if (kind == SUMMARY) table.setRange(SUMMARY_QUANTILES, heapAt);
  if (kind == HISTOGRAM) {
    if (!keepFixed(table, HISTOGRAM_COUNTS, 6, (lists & (1 << 6)) != 0, start, end)) return false;
    if (!keepFixed(table, HISTOGRAM_BOUNDS, 7, (lists & (1 << 7)) != 0, start, end)) return false;
  }
  if (kind != SUMMARY) {
    if (!keepExemplars(table, BUCKETS_EXEMPLARS, kind == HISTOGRAM ? 66 : 90, exemplars, start, end)) return false;
  }
  table.rows += 1;
  return true;
}

/** A field that may stand once, in [content, end) behind its key. */
function scalar(table: Table, kind: i32, action: i32, field: i32, content: usize, end: usize): bool {
  if (action == TIME) table.set64(DISTRIBUTION_TIME, load<u64>(content));
  else if (action == START) table.set64(DISTRIBUTION_START, load<u64>(content));
  else if (action == COUNT) table.set64(DISTRIBUTION_COUNT, load<u64>(content));
  else if (action == SUM) {
    table.set64(DISTRIBUTION_SUM, load<u64>(content));
    mark(table, kind, HAS_SUM);
  } else if (action == FLAGS) {
    const column = kind == HISTOGRAM ? HISTOGRAM_FLAGS : kind == SUMMARY ? SUMMARY_FLAGS : EXPONENTIAL_FLAGS;
    table.set32(column, varint32(content, end));
  } else if (action == MIN) {
    table.set64(BUCKETS_MIN, load<u64>(content));
    mark(table, kind, HAS_MIN);
  } else if (action == MAX) {
    table.set64(BUCKETS_MAX, load<u64>(content));
    mark(table, kind, HAS_MAX);
  } else if (action == SCALE) table.set32(EXPONENTIAL_SCALE, zigzag(varint32(content, end)));
  else if (action == ZERO_COUNT) table.set64(EXPONENTIAL_ZERO_COUNT, load<u64>(content));
  else if (action == ZERO_THRESHOLD) table.set64(EXPONENTIAL_ZERO_THRESHOLD, load<u64>(content));
  else if (field == 8) return keepBuckets(table, EXPONENTIAL_POSITIVE, EXPONENTIAL_POSITIVE_OFFSET, at, end);
  else return keepBuckets(table, EXPONENTIAL_NEGATIVE, EXPONENTIAL_NEGATIVE_OFFSET, at, end);
  return true;
}

/** Notes that the row has a sum, a minimum or a maximum. */
function mark(table: Table, kind: i32, bit: i32): void {
  if (kind == SUMMARY) return;
  const cell = table.cell(kind == HISTOGRAM ? HISTOGRAM_PRESENT : EXPONENTIAL_PRESENT, 1);
  store<u8>(cell, <u8>(<i32>load<u8>(cell) | bit));
}
