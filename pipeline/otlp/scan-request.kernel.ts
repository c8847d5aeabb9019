import { Interning } from './interning.kernel.ts';
import { BROKEN, checkKeyValue, NOT_CANONICAL, OK } from './strict.kernel.ts';
import { Wire } from './wire.kernel.ts';

/**
 * The way from an Export…ServiceRequest down to its items, the same for all signals: request { 1 group }, group
 * { 1 resource, 2 scope group, 3 schema URL }, scope group { 1 instrumentation scope, 2 item, 3 schema URL }. A header may
 * stand behind what it speaks for, so each level is gone through twice: headers first. About 40 ns a group and level.
 */
const RESOURCE = 10;
const MEMBER = 18;
const SCHEMA_URL = 26;

/** A verdict beside those of strict.kernel.ts. */
export const FULL = 3;

/** A place in the request: [start, end), start -1 for none. */
export class Place {
  start = -1;
  end = -1;
  set(start: number, end: number): void {
    this.start = start;
    this.end = end;
  }
}

export abstract class RequestScanner {
  readonly wire = new Wire();
  interning: Interning;
  /** Where the items that are read stand. */
  origin = 0;
  protected readonly depthMax: number;
  #resource = 0;
  #verdict = OK;
  /** The last InstrumentationScope message, and the empty text, -1 as long as nothing had it. */
  #lastScope = 0;
  #emptyText = -1;
  readonly #header = new Place();
  readonly #url = new Place();
  readonly #scratch = new Wire();
  #seed: number;

  constructor(seed: number, depthMax: number) {
    this.#seed = seed;
    this.depthMax = depthMax;
    this.interning = new Interning(seed);
  }

  forget(): void {
    this.interning = new Interning(this.#seed);
    this.#lastScope = 0;
    this.#emptyText = -1;
  }

  /** Reads an item in [start, end); false when it must not be read on. */
  protected abstract item(start: number, end: number): boolean;

  /** OK, or why the rows that were added so far are to be taken back. */
  run(bytes: Uint8Array): number {
    const { wire } = this;
    wire.begin(bytes);
    this.#verdict = OK;
    const end = bytes.length;
    for (let p = 0; p < end;) {
      const key = wire.key(p, end);
      if (key < 0) return BROKEN;
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return BROKEN;
      if (key !== RESOURCE) {
        if (key >>> 3 === 1) return BROKEN;
        continue;
      }
      wire.sized(at, end);
      if (!this.#group(wire.at, p)) return this.#verdict;
    }
    wire.begin(new Uint8Array(0));
    return OK;
  }

  protected broken(): false {
    this.#verdict = BROKEN;
    return false;
  }
  /** A singular field occurs twice. */
  protected repeated(): false {
    this.#verdict = NOT_CANONICAL;
    return false;
  }
  /** The columns take no more. */
  protected full(): false {
    this.#verdict = FULL;
    return false;
  }
  protected found(verdict: number): boolean {
    this.#verdict = verdict;
    return verdict === OK;
  }

  #group(start: number, end: number): boolean {
    if (!this.#headers(start, end) || !this.#resourceOf(this.#header.start, this.#header.end, this.#url)) return false;
    const { wire } = this;
    for (let p = start; p < end;) {
      const key = wire.key(p, end);
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (key !== MEMBER) continue;
      wire.sized(at, end);
      if (!this.#scopeGroup(wire.at, p)) return false;
    }
    return true;
  }

  #scopeGroup(start: number, end: number): boolean {
    if (!this.#headers(start, end) || !this.#originOf(this.#header.start, this.#header.end, this.#url)) return false;
    const { wire } = this;
    for (let p = start; p < end;) {
      const key = wire.key(p, end);
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (key !== MEMBER) continue;
      wire.sized(at, end);
      if (!this.item(wire.at, p)) return false;
    }
    return true;
  }

  /** Finds fields 1 and 3, and whether all fields can be stepped over. */
  #headers(start: number, end: number): boolean {
    const { wire } = this;
    this.#header.set(-1, -1);
    this.#url.set(-1, -1);
    for (let p = start; p < end;) {
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      if (key === MEMBER || key >= 32) continue;
      const place = key === RESOURCE ? this.#header : key === SCHEMA_URL ? this.#url : undefined;
      if (place === undefined) return this.broken();
      if (place.start >= 0) return this.repeated();
      wire.sized(at, end);
      place.set(wire.at, p);
    }
    return true;
  }

  /** Resource { repeated KeyValue attributes = 1; … } */
  #resourceOf(start: number, end: number, url: Place): boolean {
    const { wire, interning } = this;
    const urlText = this.text(url);
    const from = start < 0 ? 0 : start;
    const to = start < 0 ? 0 : end;
    const known = interning.resourceMessages.find(wire.bytes, wire.view, from, to);
    if (known >= 0) {
      this.#resource = interning.resources.intern(interning.setOfResource[known]!, urlText);
      return true;
    }
    let runStart = -1;
    let runEnd = -1;
    let scattered = false;
    let seen = 0;
    for (let p = start; p < end;) {
      const fieldStart = p;
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      p = wire.skip(key, wire.at, end);
      if (p < 0) return this.broken();
      if (key === 10) {
        if (runStart < 0) runStart = fieldStart;
        else if (fieldStart !== runEnd) scattered = true;
        runEnd = p;
      } else if (key === 16) {
        if (seen !== 0) return this.repeated();
        seen = 1;
      } else if (key < 24) return this.broken();
    }
    const entry = this.attributesEntry(10, start, end, runStart, runEnd, scattered);
    if (entry < 0) return false;
    const set = interning.attributes.setOf[entry]!;
    interning.addResource(wire.bytes, from, to, set);
    this.#resource = interning.resources.intern(set, urlText);
    return true;
  }

  /** InstrumentationScope { string name = 1; string version = 2; repeated KeyValue attributes = 3; … } */
  #originOf(start: number, end: number, url: Place): boolean {
    const { wire, interning } = this;
    const urlText = this.text(url);
    const messages = interning.scopeMessages;
    const from = start < 0 ? 0 : start;
    const to = start < 0 ? 0 : end;
    let message = this.#lastScope;
    // Most requests have one instrumentation scope after the other of the same name: compared without a hash.
    if (message >= messages.count || !messages.equals(message, wire.bytes, wire.view, from, to)) {
      message = messages.find(wire.bytes, wire.view, from, to);
      if (message < 0) {
        if (!this.#checkScope(from, to)) return false;
        message = messages.add(wire.bytes, from, to);
      }
      this.#lastScope = message;
    }
    const instrumentationScope = interning.instrumentationScopes.intern(message, urlText);
    this.origin = interning.origins.intern(this.#resource, instrumentationScope);
    return true;
  }

  #checkScope(start: number, end: number): boolean {
    const { wire } = this;
    let seen = 0;
    for (let p = start; p < end;) {
      const key = wire.key(p, end);
      if (key < 0) return this.broken();
      const at = wire.at;
      p = wire.skip(key, at, end);
      if (p < 0) return this.broken();
      if (key >= 40) continue;
      if (key === 26) {
        wire.sized(at, end);
        if (!this.found(checkKeyValue(wire, wire.at, p, this.depthMax))) return false;
        continue;
      }
      if (key !== 10 && key !== 18 && key !== 32) return this.broken();
      if ((seen & (1 << (key >>> 3))) !== 0) return this.repeated();
      seen |= 1 << (key >>> 3);
    }
    return true;
  }

  /** The entry of a message's attributes, which have this key; they begin at runStart, -1 if there are none. */
  protected attributesEntry(
    key: number,
    start: number,
    end: number,
    runStart: number,
    runEnd: number,
    scattered: boolean,
  ): number {
    const { attributes } = this.interning;
    let entry: number;
    if (runStart < 0) entry = attributes.intern(this.wire, 0, 0, this.depthMax);
    else if (!scattered) entry = attributes.intern(this.wire, runStart, runEnd, this.depthMax);
    else entry = attributes.intern(this.#scratch, 0, this.#gather(key, start, end), this.depthMax);
    if (entry < 0) this.#verdict = attributes.verdict;
    return entry;
  }

  /** Copies the fields with this key behind each other into the scratch; returns their length. */
  #gather(wanted: number, start: number, end: number): number {
    const { wire } = this;
    const out = new Uint8Array(end - start);
    let length = 0;
    for (let p = start; p < end;) {
      const fieldStart = p;
      const key = wire.key(p, end);
      p = wire.skip(key, wire.at, end);
      if (key !== wanted) continue;
      for (let from = fieldStart; from < p; from++) out[length++] = wire.bytes[from]!;
    }
    this.#scratch.begin(out);
    return length;
  }

  /** The text at a place; that of no place is empty. */
  protected text(place: Place): number {
    const { wire } = this;
    if (place.start < place.end) return this.interning.texts.intern(wire.bytes, wire.view, place.start, place.end);
    if (this.#emptyText < 0) this.#emptyText = this.interning.texts.intern(wire.bytes, wire.view, 0, 0);
    return this.#emptyText;
  }
}
