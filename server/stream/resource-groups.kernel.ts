import { Wire } from '../../pipeline/otlp/wire.kernel.ts';

/**
 * Where the Resource groups of an Export…ServiceRequest lie, and their Resource messages: fields of number 1 of the
 * request, and fields of number 1 of those. Nothing below is looked at: about 40 ns a group, however many items it has.
 */
const FIRST_GROUPS = 64;
/** Key of a length-typed field of number 1. */
const KEY = 10;
const NOTHING = new Uint8Array(0);

export const GROUP_STRIDE = 4;
/** int32 of a group: where its field begins and ends, key and length included, and the content of its Resource. */
export const GROUP_START = 0;
export const GROUP_END = 1;
export const RESOURCE_START = 2;
export const RESOURCE_END = 3;

export class ResourceGroups {
  count = 0;
  /** `count` rows; a group without a Resource has an empty one, one with two of them has -1. */
  rows = new Int32Array(FIRST_GROUPS * GROUP_STRIDE);
  readonly wire = new Wire();

  /** False for bytes that are not one whole request, such as one that is cut off. */
  find(bytes: Uint8Array): boolean {
    const { wire } = this;
    wire.begin(bytes);
    this.count = 0;
    const end = bytes.length;
    for (let p = 0; p < end;) {
      const start = p;
      const key = wire.key(p, end);
      if (key < 0) return false;
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return false;
      if (key !== KEY) continue;
      wire.sized(at, end);
      if (!this.#add(start, wire.at, p)) return false;
    }
    return true;
  }

  /** Lets go of the bytes. */
  leave(): void {
    this.wire.begin(NOTHING);
    this.count = 0;
  }

  #add(start: number, content: number, end: number): boolean {
    const { wire } = this;
    let resourceStart = content;
    let resourceEnd = content;
    let found = 0;
    for (let p = content; p < end;) {
      const key = wire.key(p, end);
      if (key < 0) return false;
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return false;
      if (key !== KEY) continue;
      found += 1;
      wire.sized(at, end);
      resourceStart = wire.at;
      resourceEnd = p;
    }
    const base = this.count * GROUP_STRIDE;
    if (base === this.rows.length) this.#grow();
    const { rows } = this;
    rows[base + GROUP_START] = start;
    rows[base + GROUP_END] = end;
    rows[base + RESOURCE_START] = found > 1 ? -1 : resourceStart;
    rows[base + RESOURCE_END] = found > 1 ? -1 : resourceEnd;
    this.count += 1;
    return true;
  }

  #grow(): void {
    const grown = new Int32Array(this.rows.length * 2);
    grown.set(this.rows);
    this.rows = grown;
  }
}
