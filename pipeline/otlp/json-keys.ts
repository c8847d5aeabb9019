import type { Field, Message } from './schema.ts';

interface Entry {
  readonly name: Buffer;
  readonly field: Field;
}

/** The keys of one message, found by their bytes: no string is made per key. Open addressing, a quarter full at most. */
export class KeyTable {
  readonly #slots: (Entry | undefined)[];
  readonly #mask: number;

  constructor(message: Message) {
    let size = 8;
    while (size < message.byName.size * 4) size *= 2;
    this.#slots = Array.from({ length: size }, () => undefined);
    this.#mask = size - 1;
    for (const [name, field] of message.byName) {
      const bytes = Buffer.from(name);
      let slot = hash(bytes, 0, bytes.length) & this.#mask;
      while (this.#slots[slot] !== undefined) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = { name: bytes, field };
    }
  }

  find(bytes: Uint8Array, start: number, end: number): Field | undefined {
    let slot = hash(bytes, start, end) & this.#mask;
    for (;;) {
      const entry = this.#slots[slot];
      if (entry === undefined) return undefined;
      if (equals(entry.name, bytes, start, end)) return entry.field;
      slot = (slot + 1) & this.#mask;
    }
  }
}

/** Of the length and a few bytes: our keys differ in them, and a foreign key costs no more than a comparison. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  const size = end - start;
  if (size === 0) return 0;
  return size * 31 + bytes[start]! * 7 + bytes[start + (size >> 1)]! * 13 + bytes[end - 1]! * 3;
}

function equals(name: Buffer, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
