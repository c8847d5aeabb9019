import { FieldReader } from './field-reader.kernel.ts';
import { utf8 } from './key-value.ts';
import {
  ATTRIBUTES,
  CONTEXTS,
  COUNT,
  ENTRIES,
  ENTRY_SHIFT,
  INSTRUMENTATION_SCOPES,
  KEYS,
  METRICS,
  NOTE,
  ORIGINS,
  RESOURCES,
  SCOPE_MESSAGES,
  SERIES,
  TEXTS,
} from './scan-cells.ts';
import type {
  Dictionaries,
  InstrumentationScopeDescriptor,
  MetricDescriptor,
  MetricType,
  ResourceDescriptor,
} from './scan-types.ts';
import type { ScanMachine } from './scan-machine.ts';
import { ValueReader } from './value-reader.kernel.ts';
import { valueText } from './value-text.ts';

/** By field number in Metric. */
const TYPES: Readonly<Record<number, MetricType>> = {
  5: 'gauge',
  7: 'sum',
  9: 'histogram',
  10: 'exponential_histogram',
  11: 'summary',
};
/** Where the lengths begin in the key of a metric: wasm/metrics.ts. */
const METRIC_HEAD_BYTES = 3;
export const SERVICE_NAME = 'service.name';

type Pairs = [key: string, value: string][];

/** Reads what a scan has interned, where it lies in the memory of its machine. */
export class ScannedDictionaries implements Dictionaries {
  generation = 0;
  readonly #machine: ScanMachine;

  constructor(machine: ScanMachine) {
    this.#machine = machine;
  }

  get bytes(): number {
    return this.#machine.dictionaryBytes;
  }
  get seriesCount(): number {
    return this.#count(SERIES);
  }
  get originCount(): number {
    return this.#count(ORIGINS);
  }
  get resourceCount(): number {
    return this.#count(RESOURCES);
  }
  get instrumentationScopeCount(): number {
    return this.#count(INSTRUMENTATION_SCOPES);
  }
  get metricCount(): number {
    return this.#count(METRICS);
  }
  get attributeSetCount(): number {
    return this.#count(ATTRIBUTES);
  }
  get textCount(): number {
    return this.#count(TEXTS);
  }

  metricOf(series: number): number {
    return this.#second(CONTEXTS, this.#first(SERIES, series));
  }
  originOf(series: number): number {
    return this.#first(CONTEXTS, this.#first(SERIES, series));
  }
  attributesOf(series: number): number {
    return this.#second(SERIES, series);
  }
  resourceOf(origin: number): number {
    return this.#first(ORIGINS, origin);
  }
  instrumentationScopeOf(origin: number): number {
    return this.#second(ORIGINS, origin);
  }
  isAlias(attributeSet: number): boolean {
    const { words } = this.#machine;
    return words[this.#entry(ATTRIBUTES, attributeSet) + NOTE] !== attributeSet;
  }

  metric(index: number): MetricDescriptor {
    const { bytes } = this.#machine;
    const view = new DataView(bytes.buffer);
    const at = this.#run(METRICS, index).start;
    let next = at + METRIC_HEAD_BYTES;
    const text = (): string => {
      const start = next + 4;
      next = start + view.getUint32(next, true);
      return utf8(bytes, start, next);
    };
    const name = text();
    const unit = text();
    const description = text();
    return { name, unit, description, type: TYPES[bytes[at]!]!, temporality: bytes[at + 1]!, isMonotonic: bytes[at + 2] === 1 };
  }

  resource(index: number): ResourceDescriptor {
    const attributes = this.attributeSet(this.#first(RESOURCES, index));
    const service = attributes.find(([key]) => key === SERVICE_NAME)?.[1] ?? '';
    return { schemaUrl: this.text(this.#second(RESOURCES, index)), service, attributes };
  }

  instrumentationScope(index: number): InstrumentationScopeDescriptor {
    const { bytes, start, end } = this.#run(SCOPE_MESSAGES, this.#first(INSTRUMENTATION_SCOPES, index));
    const found = {
      name: '',
      version: '',
      schemaUrl: this.text(this.#second(INSTRUMENTATION_SCOPES, index)),
      droppedAttributesCount: 0,
    };
    const attributes: Pairs = [];
    const reader = new FieldReader();
    const value = new ValueReader();
    reader.begin(bytes, start, end);
    while (reader.next()) {
      const { number, valueStart, position } = reader;
      if (number === 1) found.name = utf8(bytes, valueStart, position);
      else if (number === 2) found.version = utf8(bytes, valueStart, position);
      else if (number === 3) attributes.push(pair(bytes, valueStart, position));
      else if (number === 4) {
        value.varint(bytes, valueStart, position);
        found.droppedAttributesCount = value.low >>> 0;
      }
    }
    return { ...found, attributes: withoutOverruled(attributes) };
  }

  attributeSet(index: number): Pairs {
    const { bytes, start, end } = this.#run(ATTRIBUTES, index);
    return readAttributes(bytes, start, end);
  }

  attributeRun(index: number): { readonly bytes: Uint8Array; readonly start: number; readonly end: number } {
    return this.#run(ATTRIBUTES, index);
  }

  text(index: number): string {
    const { bytes, start, end } = this.#run(TEXTS, index);
    return utf8(bytes, start, end);
  }

  #count(dictionary: number): number {
    return this.#machine.words[dictionary / 4 + COUNT]!;
  }
  /** The word at which an entry stands. */
  #entry(dictionary: number, index: number): number {
    const { words } = this.#machine;
    return (words[dictionary / 4 + ENTRIES]! + index * (1 << words[dictionary / 4 + ENTRY_SHIFT]!)) / 4;
  }
  #first(dictionary: number, index: number): number {
    return this.#machine.words[this.#entry(dictionary, index)]!;
  }
  #second(dictionary: number, index: number): number {
    return this.#machine.words[this.#entry(dictionary, index) + 1]!;
  }
  #run(dictionary: number, index: number): { readonly bytes: Uint8Array; readonly start: number; readonly end: number } {
    const { bytes, words } = this.#machine;
    const entry = this.#entry(dictionary, index);
    const start = words[dictionary / 4 + KEYS]! + words[entry]!;
    return { bytes, start, end: start + words[entry + 1]! };
  }
}

/** The KeyValue messages that are the length-typed fields of [start, end), whatever their number. */
export function readAttributes(bytes: Uint8Array, start: number, end: number): Pairs {
  const pairs: Pairs = [];
  const reader = new FieldReader();
  reader.begin(bytes, start, end);
  while (reader.next()) pairs.push(pair(bytes, reader.valueStart, reader.position));
  return withoutOverruled(pairs);
}

/** Of equal keys the last holds, where the first stands, as in the Go collector's maps. */
function withoutOverruled(pairs: Pairs): Pairs {
  if (pairs.length < 2) return pairs;
  const values = new Map(pairs);
  return values.size === pairs.length ? pairs : [...values];
}

const reader = new FieldReader();
const value = new ValueReader();

function pair(bytes: Uint8Array, start: number, end: number): [string, string] {
  value.nil();
  let key = '';
  reader.begin(bytes, start, end);
  while (reader.next()) {
    if (reader.number === 1) key = utf8(bytes, reader.valueStart, reader.position);
    else if (reader.number === 2) value.anyValue(bytes, reader.valueStart, reader.position);
  }
  return [key, valueText(value)];
}
