import { EXPONENTIAL_HISTOGRAM, GAUGE, HISTOGRAM, QUEUE, QUEUE_LENGTH, SUM, SUMMARY } from '../../scan-cells.ts';
import { distribution } from './distributions.ts';
import { DATA_POINT, GAUGE_FIELD, HISTOGRAM_FIELD, readMetric, SUM_FIELD, SUMMARY_FIELD } from './metrics.ts';
import { numberPoints } from './number-points.ts';
import { origin } from './origin.ts';
import { pairHash } from './runs.ts';
import { beginMetric, expected } from './series.ts';
import { contexts, series } from './state.ts';
import { tableOf } from './tables.ts';
import { at, key, skip } from './wire.ts';

/**
 * Metrics wait until there are some of them, and are read in steps, each for all: which metric it is; which context; which
 * series is expected; the points. What the next step of one will look at is touched before. So where the dictionaries are
 * larger than the caches the processor waits for many places at once, and not for one after the other: a slot, an entry,
 * what is expected, and the attributes of it are found by way of each other.
 */
const QUEUED_BYTES: usize = 48;
const SERIES_A_LINE: i32 = 2;
/** Of a metric with more points the processor itself sees what comes next. */
const TOUCHED_POINTS: i32 = 16;

@unmanaged
export class QueuedMetric {
  start: usize;
  end: usize;
  origin: i32;
  /** The key of the field with the points; 0: it has none. */
  data: i32;
  dataStart: usize;
  dataEnd: usize;
  points: i32;
  metric: i32;
  /** Of origin and metric. */
  hash: u32;
  context: i32;
}

let waiting: i32 = 0;
/** What was touched goes here, so that touching is not taken for nothing. */
export let touched: u32 = 0;

@inline
function queued(index: i32): QueuedMetric {
  return changetype<QueuedMetric>(<usize>QUEUE + <usize>index * QUEUED_BYTES);
}

/** Forgets what waits: a request that was given up may have left some. */
export function beginQueue(): void {
  waiting = 0;
}

/** Takes the Metric in [start, end) of the origin that is read. False when the request must not be read on. */
export function queueMetric(start: usize, end: usize): bool {
  const next = queued(waiting++);
  next.start = start;
  next.end = end;
  next.origin = origin;
  return waiting < QUEUE_LENGTH || isDrained();
}

/** Reads those that wait; false when one cannot be. */
export function isDrained(): bool {
  const count = waiting;
  waiting = 0;
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const each = queued(i);
    if (!readMetric(each)) return false;
    if (each.data == 0) continue;
    each.hash = pairHash(each.origin, each.metric);
    if (kept < i) memory.copy(changetype<usize>(queued(kept)), changetype<usize>(each), QUEUED_BYTES);
    kept += 1;
  }
  touchContexts(kept);
  for (let i = 0; i < kept; i++) {
    const each = queued(i);
    each.context = contexts.internHashed(each.origin, each.metric, each.hash);
    touched ^= touchExpected(each);
  }
  for (let i = 0; i < kept; i++) if (!readPoints(queued(i))) return false;
  return true;
}

/** First the slots of all, then the entries: loops so short that many loads are under way at once. */
function touchContexts(count: i32): void {
  let seen: u32 = 0;
  const mask = contexts.mask;
  for (let i = 0; i < count; i++) seen ^= load<u32>(contexts.slot(<usize>queued(i).hash & mask));
  for (let i = 0; i < count; i++) {
    const found = load<u32>(contexts.slot(<usize>queued(i).hash & mask), 4);
    seen ^= load<u32>(contexts.entry(<i32>max(found, 1) - 1));
  }
  touched ^= seen;
}

/** Touches what is expected of the first points: mostly series that came one after the other. */
function touchExpected(each: QueuedMetric): u32 {
  let seen: u32 = 0;
  const first = max(<i32>contexts.note(each.context) - 1, 0);
  const last = min(first + min(each.points, TOUCHED_POINTS), series.count) - 1;
  for (let i = first; i <= last; i += SERIES_A_LINE) seen ^= load<u32>(expected(i));
  return seen;
}

function readPoints(each: QueuedMetric): bool {
  const data = each.data;
  const end = each.dataEnd;
  beginMetric(each.context);
  if (data == GAUGE_FIELD) return numberPoints(tableOf(GAUGE), each.dataStart, end);
  if (data == SUM_FIELD) return numberPoints(tableOf(SUM), each.dataStart, end);
  const kind = data == HISTOGRAM_FIELD ? HISTOGRAM : data == SUMMARY_FIELD ? SUMMARY : EXPONENTIAL_HISTOGRAM;
  for (let p = each.dataStart; p < end; ) {
    const tag = key(p, end);
    p = skip(tag, at, end);
    if (tag == DATA_POINT && !distribution(kind, at, p)) return false;
  }
  return true;
}
