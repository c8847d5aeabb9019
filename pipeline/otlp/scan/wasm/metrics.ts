import { hashOf, finished, same } from './runs.ts';
import { QueuedMetric } from './metric-queue.ts';
import { metrics, state } from './state.ts';
import { broken, repeated } from './verdict.ts';
import { at, key, sized, skip, varint32, varint64 } from './wire.ts';

/** Metrics: which one it is, and where its points are. */
export const GAUGE_FIELD: i32 = 42;
export const SUM_FIELD: i32 = 58;
export const HISTOGRAM_FIELD: i32 = 74;
export const EXPONENTIAL_HISTOGRAM_FIELD: i32 = 82;
export const SUMMARY_FIELD: i32 = 90;
export const DATA_POINT: i32 = 10;
/** Type, temporality, monotonic. */
const METRIC_HEAD_BYTES: usize = 3;

/** Of the metric that is read. */
let nameStart: usize = 0;
let nameEnd: usize = 0;
let unitStart: usize = 0;
let unitEnd: usize = 0;
let descriptionStart: usize = 0;
let descriptionEnd: usize = 0;

/**
 * Metric { 1 name, 2 description, 3 unit, 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary }: says of a
 * queued one what it is and where its points are.
 */
export function readMetric(queued: QueuedMetric): bool {
  const start = queued.start;
  const end = queued.end;
  nameStart = nameEnd = unitStart = unitEnd = descriptionStart = descriptionEnd = start;
  let data = 0;
  let dataStart: usize = 0;
  let dataEnd: usize = 0;
  let seen = 0;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return broken();
    p = skip(tag, at, end);
    if (p == 0) return broken();
    if (tag == 10 || tag == 18 || tag == 26) {
      const bit = 1 << (tag >>> 3);
      if ((seen & bit) != 0) return repeated();
      seen |= bit;
      if (tag == 10) {
        nameStart = at;
        nameEnd = p;
      } else if (tag == 18) {
        descriptionStart = at;
        descriptionEnd = p;
      } else {
        unitStart = at;
        unitEnd = p;
      }
    } else if (isData(tag)) {
      if (data != 0) return repeated();
      data = tag;
      dataStart = at;
      dataEnd = p;
    } else if (isMetricField(tag >>> 3)) return broken();
  }
  queued.data = data;
  queued.dataStart = dataStart;
  queued.dataEnd = dataEnd;
  return data == 0 || readData(queued);
}

function isData(tag: i32): bool {
  return (
    tag == GAUGE_FIELD || tag == SUM_FIELD || tag == HISTOGRAM_FIELD || tag == EXPONENTIAL_HISTOGRAM_FIELD || tag == SUMMARY_FIELD
  );
}

function isMetricField(field: i32): bool {
  return field <= 3 || field == 5 || field == 7 || (field >= 9 && field <= 11);
}

/** Gauge, Sum, … { repeated points = 1; temporality = 2; is_monotonic = 3 } */
function readData(queued: QueuedMetric): bool {
  const data = queued.data;
  const end = queued.dataEnd;
  let temporality = -1;
  let monotonic = -1;
  const hasTemporality = data != GAUGE_FIELD && data != SUMMARY_FIELD;
  let points = 0;
  for (let p = queued.dataStart; p < end; ) {
    const tag = key(p, end);
    if (tag == DATA_POINT) {
      p = sized(at, end);
      if (p == 0) return broken();
      points += 1;
      continue;
    }
    if (tag == 0) return broken();
    const content = at;
    p = skip(tag, content, end);
    if (p == 0) return broken();
    const field = tag >>> 3;
    if (field == 1) return broken();
    if (field == 2 && hasTemporality) {
      if (tag != 16) return broken();
      if (temporality >= 0) return repeated();
      temporality = varint32(content, end) & 0xff;
    } else if (field == 3 && data == SUM_FIELD) {
      if (tag != 24) return broken();
      if (monotonic >= 0) return repeated();
      monotonic = varint64(content, end) != 0 ? 1 : 0;
    }
  }
  queued.points = points;
  queued.metric = find(data >>> 3, max(temporality, 0), max(monotonic, 0));
  return true;
}

/** The metric that is read: the one that followed last time, if it is that. */
function find(type: i32, temporality: i32, monotonic: i32): i32 {
  const head = type | (temporality << 8) | (monotonic << 16);
  const last = state.lastMetric;
  let known = last < metrics.count ? <i32>metrics.note(last) : 0;
  if (known >= metrics.count || !isMetric(known, head)) {
    known = intern(head);
    metrics.setNote(last, known);
  }
  state.lastMetric = known;
  return known;
}

function intern(head: i32): i32 {
  let sum = <u64>hashOf(nameStart, nameEnd) << 32;
  sum += <u64>hashOf(unitStart, unitEnd) << 16;
  const hash = finished((sum ^ head) + hashOf(descriptionStart, descriptionEnd));
  const mask = metrics.mask;
  for (let slot = <usize>hash & mask; ; slot = (slot + 1) & mask) {
    const known = <i32>load<u32>(metrics.slot(slot), 4) - 1;
    if (known < 0) break;
    if (load<u32>(metrics.slot(slot)) == hash && isMetric(known, head)) return known;
  }
  metrics.hash = hash;
  const texts = nameEnd - nameStart + (unitEnd - unitStart) + (descriptionEnd - descriptionStart);
  const length = METRIC_HEAD_BYTES + 12 + texts;
  metrics.reserve(length);
  let to = metrics.keys + metrics.keysLength;
  store<u8>(to, <u8>head);
  store<u16>(to, <u16>(head >>> 8), 1);
  to = put(nameStart, nameEnd, to + METRIC_HEAD_BYTES);
  to = put(unitStart, unitEnd, to);
  put(descriptionStart, descriptionEnd, to);
  return metrics.added(length);
}

function put(start: usize, end: usize, to: usize): usize {
  store<u32>(to, <u32>(end - start));
  memory.copy(to + 4, start, end - start);
  return to + 4 + end - start;
}

/** Is the metric that is read this one? */
function isMetric(known: i32, head: i32): bool {
  let p = metrics.keys + metrics.start(known);
  if ((load<i32>(p) & 0xffffff) != head) return false;
  p = behind(p + METRIC_HEAD_BYTES, nameStart, nameEnd);
  if (p != 0) p = behind(p, unitStart, unitEnd);
  return p != 0 && behind(p, descriptionStart, descriptionEnd) != 0;
}

/** The place behind this text and its length, if they stand at `p`; else 0. */
function behind(p: usize, start: usize, end: usize): usize {
  const length = end - start;
  return <usize>load<u32>(p) == length && same(p + 4, start, length) ? p + 4 + length : 0;
}
