import { internAttributes, setOf, verdict as attributesVerdict } from './attribute-sets.ts';
import { longDigestOf } from './runs.ts';
import { instrumentationScopes, origins, resourceMessages, resources, scopeMessages, scratchFor, state, texts } from './state.ts';
import { checkKeyValue } from './strict.ts';
import { broken, found, repeated } from './verdict.ts';
import { at, key, skip } from './wire.ts';

/** What an item comes from: its resource, then its instrumentation scope. */
let resource: i32 = 0;
/** Where the items that are read stand. */
export let origin: i32 = 0;

/** Resource { repeated KeyValue attributes = 1; … } in [start, end), with the text of its schema URL. */
export function findResource(start: usize, end: usize, url: i32): bool {
  const digest = longDigestOf(start, end);
  const known = resourceMessages.find(digest, start, end);
  if (known >= 0) {
    resource = resources.intern(<i32>resourceMessages.note(known), url);
    return true;
  }
  let runStart: usize = 0;
  let runEnd: usize = 0;
  let scattered = false;
  let seen = false;
  for (let p = start; p < end; ) {
    const fieldStart = p;
    const tag = key(p, end);
    if (tag == 0) return broken();
    p = skip(tag, at, end);
    if (p == 0) return broken();
    if (tag == 10) {
      if (runEnd == 0) runStart = fieldStart;
      else if (fieldStart != runEnd) scattered = true;
      runEnd = p;
    } else if (tag == 16) {
      if (seen) return repeated();
      seen = true;
    } else if (tag < 24) return broken();
  }
  const entry = attributesEntry(10, start, end, runStart, runEnd, scattered);
  if (entry < 0) return false;
  const set = setOf(entry);
  resourceMessages.setNote(resourceMessages.add(digest, start, end), set);
  resource = resources.intern(set, url);
  return true;
}

/** InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; … } */
export function findOrigin(start: usize, end: usize, url: i32): bool {
  let message = state.lastScope;
  // Most requests have one instrumentation scope after the other of the same name: compared without a hash.
  if (message >= scopeMessages.count || !scopeMessages.equals(message, start, end)) {
    const digest = longDigestOf(start, end);
    message = scopeMessages.find(digest, start, end);
    if (message < 0) {
      if (!checkScope(start, end)) return false;
      message = scopeMessages.add(digest, start, end);
    }
    state.lastScope = message;
  }
  origin = origins.intern(resource, instrumentationScopes.intern(message, url));
  return true;
}

function checkScope(start: usize, end: usize): bool {
  const depthMax = state.depthMax;
  let seen = 0;
  for (let p = start; p < end; ) {
    const tag = key(p, end);
    if (tag == 0) return broken();
    p = skip(tag, at, end);
    if (p == 0) return broken();
    if (tag >= 40) continue;
    if (tag == 26) {
      if (!found(checkKeyValue(at, p, depthMax))) return false;
      continue;
    }
    if (tag != 10 && tag != 18 && tag != 32) return broken();
    const bit = 1 << (tag >>> 3);
    if ((seen & bit) != 0) return repeated();
    seen |= bit;
  }
  return true;
}

/** The entry of a message's attributes, which have this key and stand from `runStart` to `runEnd`, 0 if there are none. */
export function attributesEntry(
  tag: i32,
  start: usize,
  end: usize,
  runStart: usize,
  runEnd: usize,
  scattered: bool,
): i32 {
  if (scattered) {
    runStart = scratchFor(end - start + 32);
    runEnd = gather(tag, start, end, runStart);
  }
  const entry = internAttributes(runStart, runEnd);
  if (entry < 0) found(attributesVerdict);
  return entry;
}

/** Copies the fields with this key behind each other; returns where they end. */
function gather(wanted: i32, start: usize, end: usize, to: usize): usize {
  for (let p = start; p < end; ) {
    const fieldStart = p;
    const tag = key(p, end);
    p = skip(tag, at, end);
    if (tag != wanted) continue;
    memory.copy(to, fieldStart, p - fieldStart);
    to += p - fieldStart;
  }
  return to;
}

/** The text in [start, end). */
export function textOf(start: usize, end: usize): i32 {
  if (start < end) return texts.intern(start, end);
  if (state.emptyText == 0) state.emptyText = texts.intern(start, start) + 1;
  return state.emptyText - 1;
}
