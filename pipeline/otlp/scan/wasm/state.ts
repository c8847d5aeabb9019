import {
  ATTRIBUTES,
  CONTEXTS,
  INSTRUMENTATION_SCOPES,
  METRICS,
  ORIGINS,
  RESOURCE_MESSAGES,
  RESOURCES,
  SCOPE_MESSAGES,
  SERIES,
  STATE,
  TEXTS,
} from '../../scan-cells.ts';
import { Interner, PairInterner } from './interner.ts';
import { allocate, allocateZeros, enlarge } from './memory.ts';

/**
 * The dictionaries of a scan and what else outlasts a request. What a row points to is found by pairs: a resource is
 * attributes and schema URL, an origin is a resource and an instrumentation scope, a context is a metric of an origin, a
 * series is a context with an attribute set.
 */
export const texts = changetype<Interner>(TEXTS);
/** Whole InstrumentationScope messages. */
export const scopeMessages = changetype<Interner>(SCOPE_MESSAGES);
/** Whole Resource messages, few beside the attribute sets and so found sooner; the note is the set of its attributes. */
export const resourceMessages = changetype<Interner>(RESOURCE_MESSAGES);
/** Type, temporality, monotonic, then name, unit and description, each behind its length in 4 bytes; the note is the
 *  metric that followed it last. */
export const metrics = changetype<Interner>(METRICS);
/** Runs of attributes; the note is the entry that stands for the set. See attribute-sets.ts. */
export const attributes = changetype<Interner>(ATTRIBUTES);
export const resources = changetype<PairInterner>(RESOURCES);
export const instrumentationScopes = changetype<PairInterner>(INSTRUMENTATION_SCOPES);
export const origins = changetype<PairInterner>(ORIGINS);
/** The note is the series that came first last time, + 1. */
export const contexts = changetype<PairInterner>(CONTEXTS);
export const series = changetype<PairInterner>(SERIES);

/**
 * What to expect, by series, beside each other because they are asked for together: its context, the series that followed
 * it last, and of the run of attributes it was last seen with the place in the keys, the length and the digest.
 */
export const EXPECTED_BYTES: usize = 32;
export const FOLLOWER: usize = 4;
export const RUN_START: usize = 8;
export const RUN_LENGTH: usize = 12;
export const RUN_DIGEST: usize = 16;
const FIRST_EXPECTED: usize = 32;
const FIRST_SETS: usize = 64;

@unmanaged
class State {
  /** What the bytes of a request are copied to, and its size. */
  body: usize;
  bodyBytes: usize;
  /** Another, for attributes that do not stand together. */
  scratch: usize;
  scratchBytes: usize;
  expected: usize;
  expectedBytes: usize;
  /** Slots for sets by the sum of their attributes' hashes: sum, entry + 1. */
  sets: usize;
  setsBytes: usize;
  setCount: i32;
  /** The series of the last point, the metric of the last series, and the last InstrumentationScope message. */
  lastSeries: i32;
  lastMetric: i32;
  lastScope: i32;
  /** The empty text + 1, 0 as long as nothing had it. */
  emptyText: i32;
  /** How deep values may be nested. */
  depthMax: i32;
}
export const state = changetype<State>(STATE);

export function openState(): void {
  texts.open();
  scopeMessages.open();
  resourceMessages.open();
  metrics.open();
  attributes.open();
  resources.open();
  instrumentationScopes.open();
  origins.open();
  contexts.open();
  series.open();
  state.expectedBytes = FIRST_EXPECTED * EXPECTED_BYTES;
  state.expected = allocateZeros(state.expectedBytes);
  state.setsBytes = FIRST_SETS * 8;
  state.sets = allocateZeros(state.setsBytes);
}

/** Room for what is expected of one more series. */
export function reserveExpected(): void {
  const used = <usize>series.count * EXPECTED_BYTES;
  if (used < state.expectedBytes) return;
  const larger = state.expectedBytes * 2;
  state.expected = enlarge(state.expected, state.expectedBytes, used, larger);
  state.expectedBytes = larger;
}

/** Room for so many bytes of attributes that are brought together. */
export function scratchFor(bytes: usize): usize {
  if (bytes > state.scratchBytes) {
    const larger = max<usize>(bytes, 256);
    state.scratch = state.scratchBytes == 0 ? allocate(larger) : enlarge(state.scratch, state.scratchBytes, 0, larger);
    state.scratchBytes = larger;
  }
  return state.scratch;
}

/** Room for a request of so many bytes, and for reading past it. */
export function bodyFor(bytes: usize): usize {
  const needed = bytes + 64;
  if (needed > state.bodyBytes) {
    const larger = max<usize>(needed, 4096);
    state.body = state.bodyBytes == 0 ? allocate(larger) : enlarge(state.body, state.bodyBytes, 0, larger);
    state.bodyBytes = larger;
  }
  return state.body;
}
