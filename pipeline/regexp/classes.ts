/** Sets of code points as sorted, disjoint pairs [from, to, from, to, …], both ends included. */
export type Ranges = readonly number[];

export const LAST_CODE_POINT = 0x10ffff;
const SURROGATES: Ranges = [0xd800, 0xdfff];

export const NEWLINE = 0x0a;
export const ANY: Ranges = [0, LAST_CODE_POINT];
export const ANY_BUT_NEWLINE: Ranges = [0, NEWLINE - 1, NEWLINE + 1, LAST_CODE_POINT];

/** ASCII only, as in RE2. */
export const PERL: Readonly<Record<string, Ranges>> = {
  d: [0x30, 0x39],
  s: [0x09, 0x0a, 0x0c, 0x0d, 0x20, 0x20],
  w: [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a],
};

/** `[[:alpha:]]` and its kin. */
export const POSIX: Readonly<Record<string, Ranges>> = {
  alnum: [0x30, 0x39, 0x41, 0x5a, 0x61, 0x7a],
  alpha: [0x41, 0x5a, 0x61, 0x7a],
  ascii: [0, 0x7f],
  blank: [0x09, 0x09, 0x20, 0x20],
  cntrl: [0, 0x1f, 0x7f, 0x7f],
  digit: [0x30, 0x39],
  graph: [0x21, 0x7e],
  lower: [0x61, 0x7a],
  print: [0x20, 0x7e],
  punct: [0x21, 0x2f, 0x3a, 0x40, 0x5b, 0x60, 0x7b, 0x7e],
  space: [0x09, 0x0d, 0x20, 0x20],
  upper: [0x41, 0x5a],
  word: [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a],
  xdigit: [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
};

/** Sorted and joined where they touch or overlap. */
export function normal(pairs: Ranges): Ranges {
  const sorted: [number, number][] = [];
  for (let i = 0; i < pairs.length; i += 2) sorted.push([pairs[i]!, pairs[i + 1]!]);
  sorted.sort((a, b) => a[0] - b[0]);
  const out: number[] = [];
  for (const [from, to] of sorted) {
    const last = out.length - 1;
    if (last > 0 && from <= out[last]! + 1) out[last] = Math.max(out[last]!, to);
    else out.push(from, to);
  }
  return out;
}

export function inverse(ranges: Ranges): Ranges {
  const out: number[] = [];
  let next = 0;
  for (let i = 0; i < ranges.length; i += 2) {
    if (ranges[i]! > next) out.push(next, ranges[i]! - 1);
    next = ranges[i + 1]! + 1;
  }
  if (next <= LAST_CODE_POINT) out.push(next, LAST_CODE_POINT);
  return out;
}

const known = new Map<string, Ranges | undefined>();

/** The code points of `\p{name}`: a general category or a script, as in RE2; undefined when there is none. */
export function unicodeClass(name: string): Ranges | undefined {
  if (!known.has(name)) known.set(name, scan(name));
  return known.get(name);
}

function scan(name: string): Ranges | undefined {
  if (name === 'Any') return ANY;
  if (!/^[A-Za-z_]+$/.test(name)) return undefined;
  const pattern = compiled(`\\p{General_Category=${name}}`) ?? compiled(`\\p{Script=${name}}`);
  if (pattern === undefined) return undefined;
  const out: number[] = [];
  for (let point = 0; point <= LAST_CODE_POINT; point++) {
    if (point === SURROGATES[0]) point = SURROGATES[1]! + 1;
    if (!pattern.test(String.fromCodePoint(point))) continue;
    if (out.length > 0 && out.at(-1) === point - 1) out[out.length - 1] = point;
    else out.push(point, point);
  }
  return out;
}

function compiled(source: string): RegExp | undefined {
  try {
    return new RegExp(`^${source}$`, 'u');
  } catch {
    return undefined;
  }
}

let orbits: ReadonlyMap<number, readonly number[]> | undefined;

/** `ranges` and every code point that differs from one of them in case only (Unicode simple folding). */
export function foldCase(ranges: Ranges): Ranges {
  orbits ??= buildOrbits();
  const more: number[] = [...ranges];
  for (const [point, orbit] of orbits) {
    if (contains(ranges, point)) for (const other of orbit) more.push(other, other);
  }
  return normal(more);
}

function contains(ranges: Ranges, point: number): boolean {
  for (let i = 0; i < ranges.length; i += 2) if (point <= ranges[i + 1]!) return point >= ranges[i]!;
  return false;
}

/** Code points that fold to one, each with all of them; only those that are not alone. */
function buildOrbits(): ReadonlyMap<number, readonly number[]> {
  const groups = new Map<string, number[]>();
  const lastCased = 0x1e943;
  for (let point = 0; point <= lastCased; point++) {
    if (point === SURROGATES[0]) point = SURROGATES[1]! + 1;
    const text = String.fromCodePoint(point);
    const upper = single(text.toUpperCase(), text);
    const key = single(upper.toLowerCase(), upper);
    if (key === text && upper === text) continue;
    const group = groups.get(key);
    if (group === undefined)
      groups.set(
        key,
        [key.codePointAt(0)!, point].filter((value, i, all) => all.indexOf(value) === i),
      );
    else if (!group.includes(point)) group.push(point);
  }
  const found = new Map<number, readonly number[]>();
  for (const group of groups.values()) if (group.length > 1) for (const point of group) found.set(point, group);
  return found;
}

/** Folding is of single code points: ß stays ß. */
const single = (text: string, otherwise: string): string =>
  text.length === (text.codePointAt(0)! > 0xffff ? 2 : 1) ? text : otherwise;
