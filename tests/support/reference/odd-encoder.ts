import type { Signal } from '../../../pipeline/signal.ts';
import {
  encodeMessage,
  fieldsOf,
  isMessage,
  REQUEST_NAMES,
  scalarBytes,
  varintOf,
  wireField,
  wireTypeOf,
  type Tree,
  type Value,
} from './otlp.ts';
import type { ReferenceField } from './otlp-messages.ts';

/** What an encoder may do that no SDK does. */
export interface Oddities {
  /** Fields in any order; the elements of a list stay in order but not together. */
  readonly shuffle?: boolean;
  /** A singular message in several parts, a singular scalar or oneof member after one that is overruled. */
  readonly repeat?: boolean;
  /** Unknown fields in between. */
  readonly unknown?: boolean;
  /** Repeated numbers packed in several runs, or one by one. */
  readonly unpack?: boolean;
  /** Keys and lengths in more bytes than needed. */
  readonly overlong?: boolean;
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** A request that means the same as `tree`, `$unknown` of the tree left aside, written as no SDK would write it. */
export function encodeOddly(signal: Signal, tree: Tree, random: () => number, odd: Oddities): Uint8Array {
  return new Uint8Array(new OddEncoder(random, odd).message(REQUEST_NAMES[signal], tree));
}

class OddEncoder {
  readonly #random: () => number;
  readonly #odd: Oddities;

  constructor(random: () => number, odd: Oddities) {
    this.#random = random;
    this.#odd = odd;
  }

  message(name: string, tree: Tree): Buffer {
    // One list of wire fields per slot: within a slot order counts, between slots it does not.
    const slots: Buffer[][] = [];
    for (const field of fieldsOf(name)) {
      const value = tree[field.name];
      const slot = value === undefined ? [] : this.#slot(name, field, value);
      if (slot.length > 0) slots.push(slot);
    }
    if (this.#odd.unknown === true && this.#random() < 0.3) slots.push([this.#unknown()]);
    if (this.#odd.shuffle !== true) return Buffer.concat(slots.flat());
    const woven: Buffer[] = [];
    while (slots.length > 0) {
      const at = Math.floor(this.#random() * slots.length);
      woven.push(slots[at]!.shift()!);
      if (slots[at]!.length === 0) slots.splice(at, 1);
    }
    return Buffer.concat(woven);
  }

  #slot(name: string, field: ReferenceField, value: Value): Buffer[] {
    if (!field.repeated) return this.#singular(name, field, value);
    const values = value as Value[];
    if (wireTypeOf(field) === 2) return values.map((each) => this.#field(field.number, 2, this.#content(field, each)));
    if (this.#odd.unpack !== true) return [this.#packed(field, values)];
    const runs: Buffer[] = [];
    for (let at = 0; at < values.length;) {
      const length = 1 + Math.floor(this.#random() * 3);
      const run = values.slice(at, at + length);
      if (this.#random() < 0.5) runs.push(this.#packed(field, run));
      else for (const each of run) runs.push(this.#field(field.number, wireTypeOf(field), scalarBytes(field, each)));
      at += length;
    }
    return runs.length > 0 ? runs : [this.#packed(field, [])];
  }

  #packed(field: ReferenceField, values: readonly Value[]): Buffer {
    return this.#field(field.number, 2, Buffer.concat(values.map((each) => scalarBytes(field, each))));
  }

  #singular(name: string, field: ReferenceField, value: Value): Buffer[] {
    const written = this.#field(field.number, wireTypeOf(field), this.#content(field, value));
    if (this.#odd.repeat !== true || this.#random() < 0.6) return [written];
    if (isMessage(field)) return this.#inParts(field, value as Tree);
    const rivals = field.oneof === undefined ? [field] : fieldsOf(name).filter(({ oneof }) => oneof === field.oneof);
    const rival = rivals[Math.floor(this.#random() * rivals.length)]!;
    return [this.#field(rival.number, wireTypeOf(rival), this.#noise(rival)), written];
  }

  /** Cuts a message between its fields; what is a oneof or a nested message stays whole in one part. */
  #inParts(field: ReferenceField, tree: Tree): Buffer[] {
    const parts: Tree[] = Array.from({ length: 2 + Math.floor(this.#random() * 2) }, () => ({}));
    const last = parts.length - 1;
    for (const [key, value] of Object.entries(tree)) {
      if (key === '$unknown') continue;
      const below = fieldsOf(field.type).find(({ name }) => name === key)!;
      if (below.repeated) {
        const values = value as Value[];
        const cut = Math.floor(this.#random() * (values.length + 1));
        parts[0]![key] = values.slice(0, cut);
        parts[last]![key] = values.slice(cut);
      } else {
        parts[Math.floor(this.#random() * parts.length)]![key] = value;
      }
    }
    return parts.map((part) => this.#field(field.number, 2, this.message(field.type, part)));
  }

  #content(field: ReferenceField, value: Value): Buffer {
    return isMessage(field) ? this.message(field.type, value as Tree) : scalarBytes(field, value);
  }

  /** A valid value that the one behind it overrules. */
  #noise(field: ReferenceField): Buffer {
    if (isMessage(field)) return encodeMessage(field.type, {});
    const wireType = wireTypeOf(field);
    if (wireType === 0) return varintOf(BigInt(Math.floor(this.#random() * 3)));
    if (field.type === 'string' || field.type === 'bytes') return Buffer.from('overruled');
    return Buffer.alloc(wireType === 1 ? 8 : wireType === 5 ? 4 : Number(field.type.slice(2)), 7);
  }

  #unknown(): Buffer {
    // Not 1000: in a Resource group that is a field that OTLP has removed, and known.
    const number = [99, 31, 1001, 2 ** 20][Math.floor(this.#random() * 4)]!;
    const wireType = [0, 1, 2, 5][Math.floor(this.#random() * 4)]!;
    const content = [varintOf(300n), Buffer.alloc(8, 1), Buffer.from('unknown'), null, null, Buffer.alloc(4, 2)][wireType]!;
    return wireField(number, wireType, content);
  }

  #field(number: number, wireType: number, content: Buffer): Buffer {
    if (this.#odd.overlong !== true || this.#random() < 0.7) return wireField(number, wireType, content);
    const key = this.#stretched(varintOf(BigInt(number) * 8n + BigInt(wireType)));
    return wireType === 2
      ? Buffer.concat([key, this.#stretched(varintOf(BigInt(content.length))), content])
      : Buffer.concat([key, content]);
  }

  #stretched(varint: Buffer): Buffer {
    const bytes = [...varint];
    for (let extra = Math.floor(this.#random() * 3); extra > 0; extra--) {
      bytes[bytes.length - 1]! |= 0x80;
      bytes.push(0);
    }
    return Buffer.from(bytes);
  }
}
