import { setOf } from './attribute-sets.ts';
import { attributesEntry } from './origin.ts';
import { digestOf, isKnownByDigest, same } from './runs.ts';
import { attributes, contexts, EXPECTED_BYTES, FOLLOWER, reserveExpected, RUN_DIGEST, RUN_LENGTH, RUN_START, series, state } from './state.ts';

/**
 * The series of a point is guessed: most senders write the same points in the same order each time, so the one that
 * followed last time is compared first, without a hash.
 */

/** Of the metric that is read: origin and metric. Has it had no point yet? */
export let context: i32 = 0;
export let isFirst: bool = true;

export function beginMetric(next: i32): void {
  context = next;
  isFirst = true;
}

@inline
export function expected(index: i32): usize {
  return state.expected + <usize>index * EXPECTED_BYTES;
}

/** The series of the context that is expected next; -1 for none. */
@inline
export function guess(): i32 {
  const next = load<i32>(expected(state.lastSeries), FOLLOWER);
  if (next < series.count && load<i32>(expected(next)) == context) return next;
  return isFirst ? <i32>contexts.note(context) - 1 : -1;
}

/** Is the run that of the attributes of this series? */
@inline
export function isRunOf(index: i32, start: usize, end: usize): bool {
  const known = expected(index);
  const length = end - start;
  if (<usize>load<u32>(known, RUN_LENGTH) != length) return false;
  if (isKnownByDigest(length)) return !v128.any_true(v128.xor(digestOf(start, end), v128.load(known, RUN_DIGEST)));
  return same(attributes.keys + load<u32>(known, RUN_START), start, length);
}

@inline
export function seen(index: i32): void {
  state.lastSeries = index;
  isFirst = false;
}

/** The series of the context with these attributes, as `attributesEntry` takes them; -1 when they cannot be read. */
export function seriesOf(tag: i32, start: usize, end: usize, runStart: usize, runEnd: usize, scattered: bool): i32 {
  const guessed = guess();
  if (guessed >= 0 && !scattered && isRunOf(guessed, runStart, runEnd)) {
    seen(guessed);
    return guessed;
  }
  const entry = attributesEntry(tag, start, end, runStart, runEnd, scattered);
  if (entry < 0) return -1;
  const found = intern(entry);
  learn(guessed, found);
  seen(found);
  return found;
}

function intern(entry: i32): i32 {
  reserveExpected();
  const found = series.intern(context, setOf(entry));
  const known = expected(found);
  store<i32>(known, context);
  if (series.isNew) store<u32>(known, 0, FOLLOWER);
  store<u32>(known, <u32>attributes.start(entry), RUN_START);
  store<u32>(known, <u32>attributes.length(entry), RUN_LENGTH);
  v128.store(known, attributes.digest(entry), RUN_DIGEST);
  return found;
}

/**
 * A series that was not expected has come; `guessed` of the same context was (-1: nothing). One that has never come before
 * changes no expectation: of senders with a few new series in each request the others come back in their order.
 */
function learn(guessed: i32, found: i32): void {
  if (series.isNew && guessed >= 0) {
    store<i32>(expected(found), load<i32>(expected(guessed), FOLLOWER), FOLLOWER);
    return;
  }
  store<i32>(expected(state.lastSeries), found, FOLLOWER);
  if (isFirst) contexts.setNote(context, found + 1);
}
