import type { AttributeValue } from '@opentelemetry/api';
import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import {
  ANY_VALUE_FIELDS,
  ARRAY_VALUE_FIELDS,
  BYTES,
  FIXED64,
  INSTRUMENTATION_SCOPE_FIELDS,
  KEY_VALUE_FIELDS,
  RESOURCE_FIELDS,
  VARINT,
} from './fields.ts';

type Entry = readonly [key: string, value: AttributeValue];

const out = new GrowingBuffer();

/** KeyValues as the repeated field `field` of a message: with the key of each, one behind the other. */
export function encodeAttributes(field: number, entries: readonly Entry[]): Uint8Array {
  out.clear();
  for (const [key, value] of entries) {
    out.key(field, BYTES);
    const mark = out.open(1);
    writeText(KEY_VALUE_FIELDS.key, key);
    out.key(KEY_VALUE_FIELDS.value, BYTES);
    writeAnyValue(value);
    out.close(mark, 1);
  }
  return out.take();
}

/** A Resource message. */
export function encodeResource(attributes: Readonly<Record<string, AttributeValue | undefined>>): Uint8Array {
  const entries = Object.entries(attributes).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined);
  return encodeAttributes(RESOURCE_FIELDS.attributes, entries);
}

/** An InstrumentationScope message; `attributes` are encoded as they stand in one. */
export function encodeInstrumentationScope(name: string, version: string, attributes: Uint8Array): Uint8Array {
  out.clear();
  if (name !== '') writeText(INSTRUMENTATION_SCOPE_FIELDS.name, name);
  if (version !== '') writeText(INSTRUMENTATION_SCOPE_FIELDS.version, version);
  out.copy(attributes, 0, attributes.length);
  return out.take();
}

/** The field and its length, too. */
export function encodeText(field: number, text: string): Uint8Array {
  out.clear();
  if (text !== '') writeText(field, text);
  return out.take();
}

function writeText(field: number, text: string): void {
  const bytes = Buffer.from(text);
  out.key(field, BYTES);
  out.varint(bytes.length);
  out.copy(bytes, 0, bytes.length);
}

/** With its length. */
function writeAnyValue(value: AttributeValue | null | undefined): void {
  const mark = out.open(1);
  if (typeof value === 'string') writeText(ANY_VALUE_FIELDS.stringValue, value);
  else if (typeof value === 'boolean') {
    out.key(ANY_VALUE_FIELDS.boolValue, VARINT);
    out.byte(value ? 1 : 0);
  } else if (typeof value === 'number') writeNumber(value);
  else if (Array.isArray(value)) writeArray(value);
  out.close(mark, 1);
}

/** A whole number is an integer as far as JavaScript knows it exactly. */
function writeNumber(value: number): void {
  if (!Number.isSafeInteger(value)) {
    out.key(ANY_VALUE_FIELDS.doubleValue, FIXED64);
    out.double(value);
    return;
  }
  out.key(ANY_VALUE_FIELDS.intValue, VARINT);
  out.varint64(Math.floor(value / 2 ** 32) >>> 0, value >>> 0);
}

function writeArray(values: readonly (string | number | boolean | null | undefined)[]): void {
  out.key(ANY_VALUE_FIELDS.arrayValue, BYTES);
  const mark = out.open(1);
  for (const value of values) {
    out.key(ARRAY_VALUE_FIELDS.values, BYTES);
    writeAnyValue(value);
  }
  out.close(mark, 1);
}
