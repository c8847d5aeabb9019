/**
 * Counts the items of a protobuf Export…ServiceRequest by hopping from length to length: the sink does this to
 * everything that arrives and must cost little, so it looks at nothing else. -1 when the bytes do not add up.
 */
export function countItems(signal: 'metrics' | 'logs' | 'traces', bytes: Uint8Array): number {
  broken = false;
  const items = count(bytes, 0, bytes.length, signal === 'metrics' ? METRIC_PATH : RECORD_PATH, 0);
  return broken ? -1 : items;
}

/** Resource groups (1) hold scope groups (2), those hold items or metrics (2), a metric's data (any kind) points (1). */
const RECORD_PATH = [1, 2, 2];
const ANY_METRIC_DATA = 0;
const METRIC_PATH = [1, 2, 2, ANY_METRIC_DATA, 1];

/** Set by what goes wrong in a count. */
let broken = false;
/** Where the last `longVarint` ended. */
let after = 0;

function count(bytes: Uint8Array, from: number, to: number, path: readonly number[], depth: number): number {
  const wanted = path[depth]!;
  const isLast = depth + 1 === path.length;
  let items = 0;
  let at = from;
  while (at < to) {
    let tag = bytes[at++]!;
    if (tag >= 0x80) {
      tag = longVarint(bytes, at, tag);
      at = after;
    }
    const wireType = tag & 7;
    if (wireType === 2) {
      let length = bytes[at++]!;
      if (length >= 0x80) {
        length = longVarint(bytes, at, length);
        at = after;
      }
      const end = at + length;
      // NaN, from a length past the end of the bytes, must land here too.
      if (!(end <= to)) return fail();
      if (matches(wanted, tag >>> 3)) items += isLast ? 1 : count(bytes, at, end, path, depth + 1);
      at = end;
    } else if (wireType === 0) {
      while (bytes[at++]! >= 0x80);
    } else if (wireType === 1) {
      at += 8;
    } else if (wireType === 5) {
      at += 4;
    } else {
      return fail();
    }
  }
  return at === to ? items : fail();
}

function fail(): number {
  broken = true;
  return 0;
}

function longVarint(bytes: Uint8Array, from: number, first: number): number {
  let value = first & 0x7f;
  let at = from;
  let byte = 0x80;
  for (let factor = 128; byte >= 0x80; factor *= 128) {
    byte = bytes[at++]!;
    value += (byte & 0x7f) * factor;
  }
  after = at;
  return value;
}

function matches(wanted: number, field: number): boolean {
  if (wanted !== ANY_METRIC_DATA) return wanted === field;
  return field === 5 || field === 7 || field === 9 || field === 10 || field === 11;
}
