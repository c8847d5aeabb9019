import { buildGroup } from './groups.ts';
import type { Marks } from './wire-writer.ts';
import { itemsPerBody, ITEMS_PER_GROUP, LATER_NS, MILLION_SETS, RESOURCES, type Workload } from './workload.ts';

/** Hexadecimal text of every two-byte number, as the four bytes that a little-endian store writes. */
const HEX = hexTable();
/** Identifiers of new series begin here, far from those of the 100,000 that repeat. */
const NEW_SERIES = 0x40000000;
/** A full hour, and how far each body goes into it. */
const HOUR_FROM_MS = 1_763_722_800_000;
const HOUR_STEP_MS = 720;

/**
 * Bodies by number: body n of a workload is the same bytes in every process, so the far end can rebuild what any item
 * must have looked like. Each body copies its resource groups in an order of its own out of prebuilt ones, then patches
 * times, values and identifiers: one memcpy and a few thousand stores, far below what a receiver needs for it.
 */
export class BodySource {
  readonly items: number;
  /** No body is longer than this. */
  readonly maxBytes: number;
  readonly #workload: Workload;
  readonly #groups: Groups;
  readonly #inOrder = Uint16Array.from({ length: RESOURCES }, (_, i) => i);
  readonly #order = new Uint16Array(RESOURCES);
  #random = 0;

  constructor(workload: Workload) {
    this.#workload = workload;
    this.items = itemsPerBody(workload);
    this.#groups = groupsOf(workload);
    this.maxBytes = workload.groupsPerBody * this.#groups.maxBytes;
  }

  /** Number of the body that an item with this lower half of its time came in. */
  numberOf(timeLow: number): number {
    return this.#workload.signal === 'metrics' ? timeLow : Math.floor(timeLow / this.items);
  }

  /** Writes body `number` into `out` from `at` on and returns where it ends. `view` looks at the same buffer as `out`. */
  write(number: number, out: Buffer, view: DataView, at: number): number {
    if (number * this.items >= 0xf0000000) throw new RangeError(`cannot make body ${number}: its times would repeat`);
    this.#random = Math.imul(number + 1, 0x9e3779b1) ^ 0x5bd1e995;
    this.#shuffle();
    const { arena, starts, variants } = this.#groups;
    let end = at;
    for (let i = 0; i < this.#workload.groupsPerBody; i++) {
      const group = this.#order[i]! * variants + ((this.#next() >>> 8) % variants);
      const from = starts[group]!;
      const to = starts[group + 1]!;
      arena.copy(out, end, from, to);
      this.#patch(view, end, group, number, i);
      end += to - from;
    }
    return end;
  }

  #patch(view: DataView, base: number, group: number, number: number, position: number): void {
    const { marks } = this.#groups;
    const firstItem = number * this.items + position * ITEMS_PER_GROUP;
    if (this.#workload.signal === 'metrics') {
      this.#storeTimes(view, base, marks.times, group, number);
      this.#random = storeDoubles(view, base, marks.doubles, group, this.#random);
      this.#random = storeRandom(view, base, marks.integers, group, this.#random, 12);
    } else {
      storeCounting(view, base, marks.times, group, firstItem);
      storeCounting(view, base, marks.laterTimes, group, firstItem + LATER_NS);
      this.#random = storeRandomHex(view, base, marks.texts, group, this.#random);
      this.#random = storeRandom(view, base, marks.randoms, group, this.#random, 0);
    }
    this.#patchIdentifiers(view, base, group, firstItem);
  }

  #storeTimes(view: DataView, base: number, table: MarkTable, group: number, number: number): void {
    const { times } = this.#workload;
    if (times === undefined) {
      storeSame(view, base, table, group, number);
      return;
    }
    const atMs = times === 'now' ? Date.now() : HOUR_FROM_MS + number * HOUR_STEP_MS;
    storeNs(view, base, table, group, BigInt(atMs) * 1_000_000n + BigInt(number % 1_000_000));
  }

  #patchIdentifiers(view: DataView, base: number, group: number, firstItem: number): void {
    const sets = this.#workload.sets;
    const table = this.#groups.marks.identifiers;
    if (sets === 'unique') {
      storeHex(view, base, table, group, NEW_SERIES + firstItem, 1, -1);
    } else if (sets === 'million') {
      // An odd factor permutes the sets; adding the pass to it gives each pass another order.
      const factor = 0x9e3779b1 + 2 * Math.floor(firstItem / MILLION_SETS);
      storeHex(view, base, table, group, Math.imul(firstItem, factor), factor, MILLION_SETS - 1);
    } else if (this.#workload.signal === 'metrics' && (firstItem / ITEMS_PER_GROUP) % 10 === 0) {
      writeHex(view, base + table.offsets[table.starts[group]!]!, NEW_SERIES + firstItem);
    }
  }

  /** Draws the first `groupsPerBody` of a fresh permutation of the resources. */
  #shuffle(): void {
    const order = this.#order;
    order.set(this.#inOrder);
    for (let i = 0; i < this.#workload.groupsPerBody; i++) {
      const other = i + ((this.#next() >>> 8) % (RESOURCES - i));
      const kept = order[i]!;
      order[i] = order[other]!;
      order[other] = kept;
    }
  }

  #next(): number {
    this.#random = nextRandom(this.#random);
    return this.#random;
  }
}

/** All groups of a kind of load, one after another. */
interface Groups {
  readonly arena: Buffer;
  /** Where each begins, and one entry for the end of the last. */
  readonly starts: Int32Array;
  /** Per resource. */
  readonly variants: number;
  readonly marks: Readonly<Record<keyof Marks, MarkTable>>;
  readonly maxBytes: number;
}

const built = new Map<string, Groups>();

/** Builds the groups once per process: which attribute sets repeat is decided when they are patched. */
function groupsOf(workload: Workload): Groups {
  const key = `${workload.signal} ${workload.dirty}`;
  const known = built.get(key);
  if (known) return known;
  const variants = workload.signal === 'metrics' ? 10 : 2;
  const groups = Array.from({ length: RESOURCES * variants }, (_, i) =>
    buildGroup(workload, Math.floor(i / variants), i % variants),
  );
  const starts = new Int32Array(groups.length + 1);
  groups.forEach((group, i) => (starts[i + 1] = starts[i]! + group.bytes.length));
  const table = (kind: keyof Marks): MarkTable => markTable(groups.map((group) => group.marks[kind]));
  const made: Groups = {
    arena: Buffer.concat(groups.map((group) => group.bytes)),
    starts,
    variants,
    marks: {
      times: table('times'),
      laterTimes: table('laterTimes'),
      doubles: table('doubles'),
      integers: table('integers'),
      identifiers: table('identifiers'),
      texts: table('texts'),
      randoms: table('randoms'),
    },
    maxBytes: Math.max(...groups.map((group) => group.bytes.length)),
  };
  built.set(key, made);
  return made;
}

interface MarkTable {
  readonly offsets: Int32Array;
  /** Where the marks of each group begin in `offsets`, and one entry for the end of the last. */
  readonly starts: Int32Array;
}

function markTable(groups: readonly number[][]): MarkTable {
  const starts = new Int32Array(groups.length + 1);
  groups.forEach((offsets, i) => (starts[i + 1] = starts[i]! + offsets.length));
  return { offsets: Int32Array.from(groups.flat()), starts };
}

// One plain loop per kind of patch: a loop that took the patch as a function would be several times slower.

function storeSame(view: DataView, base: number, table: MarkTable, group: number, value: number): void {
  const end = table.starts[group + 1]!;
  for (let i = table.starts[group]!; i < end; i++) view.setUint32(base + table.offsets[i]!, value, true);
}

function storeNs(view: DataView, base: number, table: MarkTable, group: number, ns: bigint): void {
  const end = table.starts[group + 1]!;
  for (let i = table.starts[group]!; i < end; i++) view.setBigUint64(base + table.offsets[i]!, ns, true);
}

function storeCounting(view: DataView, base: number, table: MarkTable, group: number, first: number): void {
  const start = table.starts[group]!;
  const end = table.starts[group + 1]!;
  for (let i = start; i < end; i++) view.setUint32(base + table.offsets[i]!, first + i - start, true);
}

function storeDoubles(view: DataView, base: number, table: MarkTable, group: number, seed: number): number {
  const end = table.starts[group + 1]!;
  let random = seed;
  for (let i = table.starts[group]!; i < end; i++) {
    random = nextRandom(random);
    view.setFloat64(base + table.offsets[i]!, (random >>> 14) / 100, true);
  }
  return random;
}

function storeRandom(view: DataView, base: number, table: MarkTable, group: number, seed: number, shift: number): number {
  const end = table.starts[group + 1]!;
  let random = seed;
  for (let i = table.starts[group]!; i < end; i++) {
    random = nextRandom(random);
    view.setUint32(base + table.offsets[i]!, random >>> shift, true);
  }
  return random;
}

function storeRandomHex(view: DataView, base: number, table: MarkTable, group: number, seed: number): number {
  const end = table.starts[group + 1]!;
  let random = seed;
  for (let i = table.starts[group]!; i < end; i++) {
    random = nextRandom(random);
    writeHex(view, base + table.offsets[i]!, random);
  }
  return random;
}

/** Writes first, first + step, … under the mask, as text. */
function storeHex(
  view: DataView,
  base: number,
  table: MarkTable,
  group: number,
  first: number,
  step: number,
  mask: number,
): void {
  const end = table.starts[group + 1]!;
  let value = first | 0;
  for (let i = table.starts[group]!; i < end; i++) {
    writeHex(view, base + table.offsets[i]!, value & mask);
    value = (value + step) | 0;
  }
}

/** A linear congruential generator: its low bits are poor, so callers shift them away. */
function nextRandom(random: number): number {
  return (Math.imul(random, 1664525) + 1013904223) | 0;
}

function hexTable(): Uint32Array {
  const table = new Uint32Array(65536);
  for (let i = 0; i < table.length; i++) table[i] = Buffer.from(i.toString(16).padStart(4, '0')).readUInt32LE(0);
  return table;
}

function writeHex(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, HEX[value >>> 16]!, true);
  view.setUint32(offset + 4, HEX[value & 0xffff]!, true);
}
