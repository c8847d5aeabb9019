import type { Dictionaries } from '../../../pipeline/otlp/scan-types.ts';

/** What was looked up of a dictionary's indices, until the next generation. */
export class ByIndex<Value extends object | string | number | boolean> {
  readonly #make: (dictionaries: Dictionaries, index: number) => Value;
  #generation = -1;
  #values: (Value | undefined)[] = [];

  constructor(make: (dictionaries: Dictionaries, index: number) => Value) {
    this.#make = make;
  }

  of(dictionaries: Dictionaries, index: number): Value {
    if (dictionaries.generation !== this.#generation) {
      this.#generation = dictionaries.generation;
      this.#values = [];
    }
    // An array with holes is slow.
    while (this.#values.length <= index) this.#values.push(undefined);
    return (this.#values[index] ??= this.#make(dictionaries, index));
  }

  forget(): void {
    this.#values = [];
  }
}
