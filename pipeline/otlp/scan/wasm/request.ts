import { OK, SIGNAL_LOGS, SIGNAL_METRICS } from '../../scan-cells.ts';
import { openShapes } from './distributions.ts';
import { logRecord } from './logs.ts';
import { beginQueue, isDrained, queueMetric } from './metric-queue.ts';
import { findOrigin, findResource, textOf } from './origin.ts';
import { span } from './spans.ts';
import { openState, state } from './state.ts';
import { begin, broken, repeated, verdict } from './verdict.ts';
import { at, key, skip } from './wire.ts';

/**
 * The way from an Export…ServiceRequest down to its items, the same for all signals: request { 1 group }, group
 * { 1 resource, 2 scope group, 3 schema URL }, scope group { 1 instrumentation scope, 2 item, 3 schema URL }. A header may
 * stand behind what it speaks for, so each level is gone through twice: headers first.
 */
const HEADER: i32 = 10;
const MEMBER: i32 = 18;
const SCHEMA_URL: i32 = 26;

let headerStart: usize = 0;
let headerEnd: usize = 0;
let urlStart: usize = 0;
let urlEnd: usize = 0;

/** Once, in a memory that the host has written the settings into: HASH_KEYS, TOP, the bounds of tables. */
export function open(): void {
  openShapes();
  openState();
}

/** Reads the request of so many bytes that stands at `state.body`. OK, or why what it has added is to be taken back. */
export function run(bytes: usize, signal: i32): i32 {
  begin();
  beginQueue();
  const end = state.body + bytes;
  for (let p = state.body; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return fault();
    p = skip(tag, at, end);
    if (p == 0) return fault();
    if (tag == HEADER) {
      if (!group(at, p, signal)) return verdict;
    } else if (tag >>> 3 == 1) return fault();
  }
  return isDrained() ? OK : verdict;
}

function fault(): i32 {
  broken();
  return verdict;
}

function group(start: usize, end: usize, signal: i32): bool {
  if (!headers(start, end) || !findResource(headerStart, headerEnd, textOf(urlStart, urlEnd))) return false;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    p = skip(tag, at, end);
    if (tag == MEMBER && !scopeGroup(at, p, signal)) return false;
  }
  return true;
}

function scopeGroup(start: usize, end: usize, signal: i32): bool {
  if (!headers(start, end) || !findOrigin(headerStart, headerEnd, textOf(urlStart, urlEnd))) return false;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    p = skip(tag, at, end);
    if (tag != MEMBER) continue;
    const isRead = signal == SIGNAL_METRICS ? queueMetric(at, p) : signal == SIGNAL_LOGS ? logRecord(at, p) : span(at, p);
    if (!isRead) return false;
  }
  return true;
}

/** Finds fields 1 and 3, and whether all fields can be stepped over. What is not there is empty. */
function headers(start: usize, end: usize): bool {
  headerStart = headerEnd = urlStart = urlEnd = start;
  let seen = 0;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return broken();
    p = skip(tag, at, end);
    if (p == 0) return broken();
    if (tag == MEMBER || tag >= 32) continue;
    if (tag != HEADER && tag != SCHEMA_URL) return broken();
    const bit = tag == HEADER ? 1 : 2;
    if ((seen & bit) != 0) return repeated();
    seen |= bit;
    if (tag == HEADER) {
      headerStart = at;
      headerEnd = p;
    } else {
      urlStart = at;
      urlEnd = p;
    }
  }
  return true;
}
