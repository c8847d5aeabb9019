import { FieldReader } from '../../pipeline/otlp/field-reader.kernel.ts';
import { sameRun } from '../../pipeline/otlp/same-bytes.kernel.ts';
import type { Dictionaries } from '../../pipeline/otlp/scan-types.ts';
import { TEXT, ValueReader } from '../../pipeline/otlp/value-reader.kernel.ts';
import { valueText } from '../../pipeline/otlp/value-text.ts';
import { Maps, type Vector } from './vectors.ts';

/** Attribute sets as MAPs, from their bytes: what is text already goes over as it is. */
const PERF_CATEGORY = Buffer.from('perf.category');
/** Places of one attribute: key, then value (AnyValue), start and end each. */
const PLACES = 4;
/** Sets with more attributes are read the slow way: equal keys are found by comparing each with each. */
const COMPARED = 32;

export class AttributeMaps {
  readonly #maps = new Maps();
  readonly #attributes = new FieldReader();
  readonly #fields = new FieldReader();
  readonly #value = new ValueReader();
  readonly #places = new Int32Array(COMPARED * PLACES);

  /** Returns whether the set has the attribute that makes rows of MASTER_PERF. */
  add(dictionaries: Dictionaries, index: number): boolean {
    const { bytes, start, end } = dictionaries.attributeRun(index);
    const count = this.#find(bytes, start, end);
    if (count < 0) {
      const pairs = dictionaries.attributeSet(index);
      this.#maps.add(pairs);
      return pairs.some(([key]) => key === 'perf.category');
    }
    const places = this.#places;
    let isPerf = false;
    for (let i = 0; i < count; i++) {
      const at = i * PLACES;
      const keyStart = places[at]!;
      const keyEnd = places[at + 1]!;
      this.#maps.addKey(bytes, keyStart, keyEnd);
      isPerf ||= sameRun(bytes, keyStart, keyEnd, PERF_CATEGORY, 0, PERF_CATEGORY.length);
      this.#addValue(bytes, places[at + 2]!, places[at + 3]!);
    }
    this.#maps.endRow(count);
    return isPerf;
  }

  write(vector: Vector): void {
    this.#maps.write(vector);
  }

  #addValue(bytes: Uint8Array, start: number, end: number): void {
    const value = this.#value;
    value.anyValue(bytes, start, end);
    if (value.kind === TEXT) this.#maps.addValue(bytes, value.start, value.end);
    else this.#maps.addValueText(valueText(value));
  }

  /** Notes the places of all attributes; -1 when there are too many, or two of one key. */
  #find(bytes: Uint8Array, start: number, end: number): number {
    const attributes = this.#attributes;
    const fields = this.#fields;
    const places = this.#places;
    let count = 0;
    attributes.begin(bytes, start, end);
    while (attributes.next()) {
      if (count === COMPARED) return -1;
      const at = count * PLACES;
      places.fill(0, at, at + PLACES);
      fields.begin(bytes, attributes.valueStart, attributes.position);
      while (fields.next()) {
        if (fields.number > 2) continue;
        const place = at + 2 * (fields.number - 1);
        places[place] = fields.valueStart;
        places[place + 1] = fields.position;
      }
      for (let other = 0; other < at; other += PLACES)
        if (sameRun(bytes, places[at]!, places[at + 1]!, bytes, places[other]!, places[other + 1]!)) return -1;
      count += 1;
    }
    return count;
  }
}
