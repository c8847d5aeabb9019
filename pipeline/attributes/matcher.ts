import { readAnyValue, writeAnyValue } from '../otlp/any-value.ts';
import { AttributeFinder } from '../otlp/attribute-finder.kernel.ts';
import type { Descent } from '../otlp/descent.kernel.ts';
import { FieldReader } from '../otlp/field-reader.kernel.ts';
import { equals } from '../otlp/same-bytes.kernel.ts';
import { BOOL, DOUBLE, INT, TEXT, ValueReader } from '../otlp/value-reader.kernel.ts';
import { decimalText, intText, sameValue, valueText } from '../otlp/value-text.ts';
import { Regexp } from '../regexp/regexp.ts';
import { SPAN_KINDS, type MatchConfig } from './match-config.ts';
import { plainValue } from './plain-value.ts';

/** Is the text in bytes [start, end) one that is asked for? */
type TextTest = (bytes: Uint8Array, start: number, end: number) => boolean;
/** Is the AnyValue in bytes [start, end) one that is asked for? */
type ValueTest = (bytes: Uint8Array, start: number, end: number) => boolean;

interface PairTest {
  readonly key: Uint8Array;
  readonly value: ValueTest | undefined;
}

const SERVICE_NAME = Buffer.from('service.name');
/** What the Go collector compares when a resource has no service.name. */
const NO_SERVICE = Buffer.from('<nil-service-name>');
const EMPTY = new Uint8Array(0);

/** The fields of an item that are looked at, per signal; 0 = it has none. */
export interface ItemFields {
  readonly name: number;
  readonly kind: number;
  readonly severityNumber: number;
  readonly severityText: number;
  readonly body: number;
}
export const SPAN_FIELDS: ItemFields = { name: 5, kind: 6, severityNumber: 0, severityText: 0, body: 0 };
export const LOG_FIELDS: ItemFields = { name: 0, kind: 0, severityNumber: 2, severityText: 3, body: 5 };
export const POINT_FIELDS: ItemFields = { name: 0, kind: 0, severityNumber: 0, severityText: 0, body: 0 };

/**
 * Does an item have all that an `include` or `exclude` names. Each level is asked once: the Resource, its
 * InstrumentationScope, the metric, the item. What a signal does not have (a span name of a log record) never matches.
 */
export class Matcher {
  readonly #config: MatchConfig;
  readonly #value = new ValueReader();
  readonly #finder = new AttributeFinder();
  readonly #fields = new FieldReader();
  readonly #services: TextTest | undefined;
  readonly #spanNames: TextTest | undefined;
  readonly #spanKinds: readonly boolean[] | undefined;
  readonly #bodies: TextTest | undefined;
  readonly #severityTexts: TextTest | undefined;
  readonly #metricNames: TextTest | undefined;
  readonly #attributes: readonly PairTest[];
  readonly #resources: readonly PairTest[];
  readonly #libraries: readonly { readonly name: TextTest; readonly version: TextTest | undefined }[];

  constructor(config: MatchConfig) {
    this.#config = config;
    const test = (wanted: readonly string[]): TextTest | undefined =>
      wanted.length === 0 ? undefined : textTest(wanted, config.match_type);
    this.#services = test(config.services);
    this.#spanNames = test(config.span_names);
    this.#bodies = test(config.log_bodies);
    this.#severityTexts = test(config.log_severity_texts);
    this.#metricNames = test(config.metric_names);
    const kinds = test(config.span_kinds);
    // The last stands for every number that is no kind.
    this.#spanKinds = kinds && [...SPAN_KINDS, ''].map((name) => kinds(Buffer.from(name), 0, name.length));
    this.#attributes = config.attributes.map((pair) => this.#pair(pair));
    this.#resources = config.resources.map((pair) => this.#pair(pair));
    this.#libraries = config.libraries.map(({ name, version }) => ({
      name: textTest([name], config.match_type),
      version: typeof version === 'string' ? textTest([version], config.match_type) : undefined,
    }));
  }

  #pair({ key, value }: MatchConfig['attributes'][number]): PairTest {
    if (value === undefined) return { key: Buffer.from(key), value: undefined };
    return {
      key: Buffer.from(key),
      value: this.#config.match_type === 'regexp' ? this.#matches(value as string) : exactly(value),
    };
  }

  /** Only texts, numbers and flags can match a pattern; numbers are compared without an exponent. */
  #matches(pattern: string): ValueTest {
    const regexp = new Regexp(pattern);
    const register = this.#value;
    return (bytes, start, end) => {
      register.anyValue(bytes, start, end);
      if (register.kind === TEXT) return regexp.test(register.bytes, register.start, register.end);
      if (register.kind === DOUBLE) return regexp.testText(decimalText(register.double));
      if (register.kind === INT) return regexp.testText(intText(register));
      return register.kind === BOOL && regexp.testText(valueText(register));
    };
  }

  group(at: Descent): boolean {
    if (this.#services !== undefined && !this.#service(at)) return false;
    return this.#resources.length === 0 || this.#has(at.bytes, at.resourceStart, at.resourceEnd, 1, this.#resources);
  }

  #service({ bytes, resourceStart, resourceEnd }: Descent): boolean {
    if (resourceStart < 0 || !this.#finder.find(bytes, resourceStart, resourceEnd, 1, SERVICE_NAME))
      return this.#services!(NO_SERVICE, 0, NO_SERVICE.length);
    return this.#asText(this.#services!, bytes, this.#finder.valueStart, this.#finder.valueEnd);
  }

  /** Asks about an AnyValue as text; -1 = there is none. */
  #asText(test: TextTest, bytes: Uint8Array, start: number, end: number): boolean {
    if (start < 0) return test(EMPTY, 0, 0);
    const value = this.#value;
    value.anyValue(bytes, start, end);
    if (value.kind === TEXT) return test(value.bytes, value.start, value.end);
    const text = Buffer.from(valueText(value));
    return test(text, 0, text.length);
  }

  #has(bytes: Uint8Array, start: number, end: number, field: number, pairs: readonly PairTest[]): boolean {
    if (start < 0) return false;
    for (const { key, value } of pairs) {
      if (!this.#finder.find(bytes, start, end, field, key)) return false;
      if (value !== undefined && !value(bytes, Math.max(0, this.#finder.valueStart), Math.max(0, this.#finder.valueEnd)))
        return false;
    }
    return true;
  }

  list({ bytes, instrumentationScopeStart: start, instrumentationScopeEnd: end }: Descent): boolean {
    for (const { name, version } of this.#libraries) {
      if (!this.#text(bytes, start, end, 1, name)) return false;
      if (version !== undefined && !this.#text(bytes, start, end, 2, version)) return false;
    }
    return true;
  }

  /** A string field of the message in [start, end); not there means empty. */
  #text(bytes: Uint8Array, start: number, end: number, field: number, test: TextTest): boolean {
    if (start >= 0) {
      const fields = this.#fields;
      fields.begin(bytes, start, end);
      while (fields.next()) if (fields.number === field) return test(bytes, fields.valueStart, fields.position);
    }
    return test(EMPTY, 0, 0);
  }

  metric({ bytes, metricStart, metricEnd }: Descent): boolean {
    return this.#metricNames === undefined || this.#text(bytes, metricStart, metricEnd, 1, this.#metricNames);
  }

  item({ bytes, itemStart, itemEnd }: Descent, fields: ItemFields, attributes: number): boolean {
    if (this.#metricNames !== undefined && fields !== POINT_FIELDS) return false;
    const { name, severityText } = fields;
    if (this.#spanNames !== undefined && !(name > 0 && this.#text(bytes, itemStart, itemEnd, name, this.#spanNames)))
      return false;
    if (this.#spanKinds !== undefined && !this.#spanKind(bytes, itemStart, itemEnd, fields.kind)) return false;
    const texts = this.#severityTexts;
    if (texts !== undefined && !(severityText > 0 && this.#text(bytes, itemStart, itemEnd, severityText, texts))) return false;
    const severity = this.#config.log_severity_number ?? undefined;
    if (severity !== undefined && !this.#severity(bytes, itemStart, itemEnd, fields.severityNumber)) return false;
    if (this.#bodies !== undefined && !this.#body(bytes, itemStart, itemEnd, fields.body)) return false;
    return this.#attributes.length === 0 || this.#has(bytes, itemStart, itemEnd, attributes, this.#attributes);
  }

  /** A varint field; 0 when it is not there. */
  #number(bytes: Uint8Array, start: number, end: number, field: number): number {
    const fields = this.#fields;
    fields.begin(bytes, start, end);
    while (fields.next()) {
      if (fields.number !== field) continue;
      this.#value.varint(bytes, fields.valueStart, fields.position);
      return this.#value.low;
    }
    return 0;
  }

  #spanKind(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    if (field === 0) return false;
    const kind = this.#number(bytes, start, end, field);
    return this.#spanKinds![kind >= 0 && kind < SPAN_KINDS.length ? kind : SPAN_KINDS.length]!;
  }

  #severity(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    if (field === 0) return false;
    const { min, match_undefined: unset } = this.#config.log_severity_number!;
    const number = this.#number(bytes, start, end, field);
    return number === 0 ? unset : number >= min;
  }

  #body(bytes: Uint8Array, start: number, end: number, field: number): boolean {
    if (field === 0) return false;
    const fields = this.#fields;
    fields.begin(bytes, start, end);
    while (fields.next())
      if (fields.number === field) return this.#asText(this.#bodies!, bytes, fields.valueStart, fields.position);
    return this.#bodies!(EMPTY, 0, 0);
  }
}

function textTest(wanted: readonly string[], type: MatchConfig['match_type']): TextTest {
  if (type === 'regexp') {
    const patterns = [...new Set(wanted)].map((pattern) => new Regexp(pattern));
    return (bytes, start, end) => {
      for (const pattern of patterns) if (pattern.test(bytes, start, end)) return true;
      return false;
    };
  }
  const texts = wanted.map((text) => Buffer.from(text));
  return (bytes, start, end) => {
    for (const text of texts) if (equals(bytes, start, end, text)) return true;
    return false;
  };
}

/** The same type and the same value: 1 is neither "1" nor 1.5, and a map's order does not matter. */
function exactly(wanted: unknown): ValueTest {
  const value = plainValue(wanted);
  const written = writeAnyValue(value);
  return (bytes, start, end) => {
    if (equals(bytes, start, end, written)) return true;
    // Texts have one form on the wire, and a text is what nearly every value is.
    if (value.kind === 'string' && bytes[start] === 0x0a && bytes[start + 1]! < 0x80) return false;
    return sameValue(readAnyValue(bytes, start, end), value);
  };
}
