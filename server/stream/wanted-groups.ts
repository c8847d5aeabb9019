import { randomInt } from 'node:crypto';
import { FieldReader } from '../../pipeline/otlp/field-reader.kernel.ts';
import { Interner } from '../../pipeline/otlp/interner.kernel.ts';
import { readAttributes, SERVICE_NAME } from '../../pipeline/otlp/scan-dictionaries.ts';
import {
  GROUP_END,
  GROUP_START,
  GROUP_STRIDE,
  RESOURCE_END,
  RESOURCE_START,
  type ResourceGroups,
} from './resource-groups.kernel.ts';

/** [start, end) of a request. */
export interface Part {
  readonly start: number;
  readonly end: number;
}

/** All of one service: `service.name`, '' = those without. */
export interface OfService {
  readonly service: string;
}
/** Resources that somebody wants: by their keys, or all of a service. Another one is another object. */
export type WantedResources = ReadonlySet<string> | OfService;

type Attributes = readonly (readonly [key: string, value: string])[];

/** Of a resource, whatever the order of its attributes. */
export function resourceKey(attributes: Attributes): string {
  return JSON.stringify([...attributes].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}

/** Which Resource groups have a resource that somebody wants. A Resource message that was seen before is
 *  compared with the one that is expected or costs a look-up by its bytes, one that is new is read. */
export class WantedGroups {
  readonly wanted: readonly WantedResources[];
  #messages = new Interner(randomInt(2 ** 31));
  /** By message: is it wanted? */
  #verdicts: boolean[] = [];
  /** By message: which one came behind it. Mostly it does again, and is compared without a hash. */
  #next: number[] = [];
  #last = 0;
  #bytesMax = 0;

  constructor(wanted: readonly WantedResources[]) {
    this.wanted = wanted;
  }

  /** The parts of the request that `groups` were found in which are wanted. `bytesMax`: of memory for what is known. */
  find(groups: ResourceGroups, bytesMax: number): readonly Part[] {
    const { rows, count } = groups;
    const { bytes, view } = groups.wire;
    const parts: Part[] = [];
    this.#bytesMax = bytesMax;
    let start = -1;
    let end = -1;
    for (let at = 0; at < count * GROUP_STRIDE; at += GROUP_STRIDE) {
      if (!this.#wants(bytes, view, rows[at + RESOURCE_START]!, rows[at + RESOURCE_END]!)) continue;
      if (rows[at + GROUP_START] !== end) {
        if (end > start) parts.push({ start, end });
        start = rows[at + GROUP_START]!;
      }
      end = rows[at + GROUP_END]!;
    }
    if (end > start) parts.push({ start, end });
    return parts;
  }

  #wants(bytes: Uint8Array, view: DataView, start: number, end: number): boolean {
    // Whoever reads such a group puts its two resources together.
    if (start < 0) return true;
    let message = this.#next[this.#last] ?? 0;
    if (message >= this.#messages.count || !this.#messages.equals(message, bytes, view, start, end)) {
      message = this.#messages.find(bytes, view, start, end);
      if (message < 0) message = this.#add(bytes, view, start, end);
      this.#next[this.#last] = message;
    }
    this.#last = message;
    return this.#verdicts[message]!;
  }

  /** One that was not found. */
  #add(bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const attributes = attributesOf(bytes, start, end);
    const key = resourceKey([...attributes]);
    const service = attributes.get(SERVICE_NAME) ?? '';
    if (this.#messages.size > this.#bytesMax) {
      this.#messages = new Interner(randomInt(2 ** 31));
      this.#verdicts = [];
      this.#next = [];
      this.#last = 0;
      this.#messages.find(bytes, view, start, end);
    }
    this.#verdicts.push(this.wanted.some((each) => ('service' in each ? each.service === service : each.has(key))));
    this.#next.push(0);
    return this.#messages.add(bytes, start, end);
  }
}

const reader = new FieldReader();

/** Resource { repeated KeyValue attributes = 1; … } */
function attributesOf(bytes: Uint8Array, start: number, end: number): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  reader.begin(bytes, start, end);
  while (reader.next()) {
    if (reader.number !== 1) continue;
    for (const [key, value] of readAttributes(bytes, reader.start, reader.position)) attributes.set(key, value);
  }
  return attributes;
}
