import { FieldReader } from './field-reader.kernel.ts';
import type { Interner } from './interner.kernel.ts';
import type { Interning } from './interning.kernel.ts';
import { utf8 } from './key-value.ts';
import type {
  Dictionaries,
  InstrumentationScopeDescriptor,
  MetricDescriptor,
  MetricType,
  ResourceDescriptor,
} from './scan-types.ts';
import type { RequestScanner } from './scan-request.kernel.ts';
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
/** Where the lengths begin in the key of a metric: interning.kernel.ts. */
const METRIC_HEAD_BYTES = 3;
const SERVICE_NAME = 'service.name';

type Pairs = [key: string, value: string][];

/** Reads what a scanner has interned. */
export class ScannedDictionaries implements Dictionaries {
  generation = 0;
  readonly #scanner: RequestScanner;

  constructor(scanner: RequestScanner) {
    this.#scanner = scanner;
  }

  get #of(): Interning {
    return this.#scanner.interning;
  }
  get bytes(): number {
    return this.#of.size;
  }
  get seriesCount(): number {
    return this.#of.series.count;
  }
  get originCount(): number {
    return this.#of.origins.count;
  }
  get resourceCount(): number {
    return this.#of.resources.count;
  }
  get instrumentationScopeCount(): number {
    return this.#of.instrumentationScopes.count;
  }
  get metricCount(): number {
    return this.#of.metrics.count;
  }
  get attributeSetCount(): number {
    return this.#of.attributes.entries.count;
  }
  get textCount(): number {
    return this.#of.texts.count;
  }

  metricOf(series: number): number {
    return this.#of.contexts.second[this.#of.series.first[series]!]!;
  }
  originOf(series: number): number {
    return this.#of.contexts.first[this.#of.series.first[series]!]!;
  }
  attributesOf(series: number): number {
    return this.#of.series.second[series]!;
  }
  resourceOf(origin: number): number {
    return this.#of.origins.first[origin]!;
  }
  instrumentationScopeOf(origin: number): number {
    return this.#of.origins.second[origin]!;
  }
  isAlias(attributeSet: number): boolean {
    return this.#of.attributes.setOf[attributeSet] !== attributeSet;
  }

  metric(index: number): MetricDescriptor {
    const { metrics } = this.#of;
    const { keys } = metrics;
    const view = new DataView(keys.buffer);
    const at = metrics.start(index);
    let next = at + METRIC_HEAD_BYTES;
    const text = (): string => {
      const start = next + 4;
      next = start + view.getUint32(next, true);
      return utf8(keys, start, next);
    };
    const name = text();
    const unit = text();
    const description = text();
    return { name, unit, description, type: TYPES[keys[at]!]!, temporality: keys[at + 1]!, isMonotonic: keys[at + 2] === 1 };
  }

  resource(index: number): ResourceDescriptor {
    const attributes = this.attributeSet(this.#of.resources.first[index]!);
    const service = attributes.find(([key]) => key === SERVICE_NAME)?.[1] ?? '';
    return { schemaUrl: this.text(this.#of.resources.second[index]!), service, attributes };
  }

  instrumentationScope(index: number): InstrumentationScopeDescriptor {
    const { scopeMessages, instrumentationScopes } = this.#of;
    const message = instrumentationScopes.first[index]!;
    const { keys } = scopeMessages;
    const found = {
      name: '',
      version: '',
      schemaUrl: this.text(instrumentationScopes.second[index]!),
      droppedAttributesCount: 0,
    };
    const attributes: Pairs = [];
    const reader = new FieldReader();
    const value = new ValueReader();
    reader.begin(keys, scopeMessages.start(message), scopeMessages.start(message + 1));
    while (reader.next()) {
      const { number, valueStart, position } = reader;
      if (number === 1) found.name = utf8(keys, valueStart, position);
      else if (number === 2) found.version = utf8(keys, valueStart, position);
      else if (number === 3) attributes.push(pair(keys, valueStart, position));
      else if (number === 4) {
        value.varint(keys, valueStart, position);
        found.droppedAttributesCount = value.low >>> 0;
      }
    }
    return { ...found, attributes: withoutOverruled(attributes) };
  }

  attributeSet(index: number): Pairs {
    const { entries } = this.#of.attributes;
    return readAttributes(entries.keys, entries.start(index), entries.start(index + 1));
  }

  attributeRun(index: number): { readonly bytes: Uint8Array; readonly start: number; readonly end: number } {
    const { entries } = this.#of.attributes;
    return { bytes: entries.keys, start: entries.start(index), end: entries.start(index + 1) };
  }

  text(index: number): string {
    return keyText(this.#of.texts, index);
  }
}

function keyText(interner: Interner, index: number): string {
  return utf8(interner.keys, interner.start(index), interner.start(index + 1));
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
