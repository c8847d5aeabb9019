import type { Signal } from '../../../pipeline/signal.ts';
import { REFERENCE_MESSAGES, type ReferenceField, type ReferenceMessage } from './otlp-messages.ts';

/**
 * A naive OTLP codec, the judge in tests: plain objects, BigInt, one obvious way per rule of the protobuf encoding,
 * nothing shared with pipeline/. Throws on anything a strict proto3 reader refuses.
 *
 * A message is an object by JSON names. string -> string, bytes and ids -> Buffer, 64-bit integers -> bigint, other
 * numbers -> number, bool -> boolean, list -> array. A default without presence, and an empty list, is absent. Unknown
 * fields are kept in `$unknown`, in order, as hex of the whole field.
 */
export type Tree = { [name: string]: Value };
export type Value = string | number | bigint | boolean | Uint8Array | Tree | Value[];

export const REQUEST_NAMES: Readonly<Record<Signal, string>> = {
  metrics: 'ExportMetricsServiceRequest',
  traces: 'ExportTraceServiceRequest',
  logs: 'ExportLogsServiceRequest',
};

export function fieldsOf(name: string): ReferenceMessage {
  const fields = REFERENCE_MESSAGES.get(name);
  if (fields === undefined) throw new Error(`no message ${name}`);
  return fields;
}
export const isMessage = (field: ReferenceField): boolean => REFERENCE_MESSAGES.has(field.type);

/** One field as it stands on the wire. */
export interface WireField {
  readonly number: number;
  readonly wireType: number;
  /** Of a varint. */
  readonly varint: bigint;
  /** Of the other wire types. */
  readonly content: Buffer;
  readonly raw: Buffer;
}

export function wireFields(bytes: Uint8Array): WireField[] {
  const buffer = Buffer.from(bytes);
  const found: WireField[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = buffer[at];
      if (byte === undefined) throw new Error('varint cut off');
      at += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new Error('varint too long');
  };
  const take = (length: number): Buffer => {
    if (at + length > buffer.length) throw new Error('value cut off');
    at += length;
    return buffer.subarray(at - length, at);
  };
  while (at < buffer.length) {
    const start = at;
    const key = varint();
    const wireType = Number(key & 7n);
    const number = Number(key >> 3n);
    if (number === 0 || number > 2 ** 29 - 1) throw new Error(`field number ${number}`);
    let value = 0n;
    let content: Buffer = Buffer.alloc(0);
    if (wireType === 0) value = varint();
    else if (wireType === 1) content = take(8);
    else if (wireType === 2) content = take(Number(varint()));
    else if (wireType === 5) content = take(4);
    else throw new Error(`wire type ${wireType}`);
    found.push({ number, wireType, varint: value, content, raw: buffer.subarray(start, at) });
  }
  return found;
}

export function wireTypeOf(field: ReferenceField): number {
  if (isMessage(field) || ['string', 'bytes', 'id8', 'id16'].includes(field.type)) return 2;
  if (['fixed64', 'sfixed64', 'double'].includes(field.type)) return 1;
  return field.type === 'fixed32' ? 5 : 0;
}

function isDefault(value: Value): boolean {
  if (value instanceof Uint8Array) return value.length === 0;
  return value === '' || value === 0n || value === false || Object.is(value, 0);
}

function scalar(field: ReferenceField, wire: { varint: bigint; content: Buffer }): Value {
  switch (field.type) {
    case 'string':
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(wire.content);
    case 'bytes':
      return Buffer.from(wire.content);
    case 'id8':
    case 'id16':
      if (![0, Number(field.type.slice(2))].includes(wire.content.length)) throw new Error('id length');
      return Buffer.from(wire.content);
    case 'bool':
      return wire.varint !== 0n;
    case 'enum':
      return Number(BigInt.asIntN(32, wire.varint));
    case 'uint32':
      return Number(BigInt.asUintN(32, wire.varint));
    case 'sint32': {
      const n = BigInt.asUintN(32, wire.varint);
      return Number((n >> 1n) ^ -(n & 1n));
    }
    case 'int64':
      return BigInt.asIntN(64, wire.varint);
    case 'uint64':
      return wire.varint;
    case 'fixed32':
      return wire.content.readUInt32LE();
    case 'fixed64':
      return wire.content.readBigUInt64LE();
    case 'sfixed64':
      return wire.content.readBigInt64LE();
    case 'double':
      return wire.content.readDoubleLE();
    default:
      throw new Error(`no type ${field.type}`);
  }
}

/** The elements of a packed run. */
function unpacked(field: ReferenceField, content: Buffer): Value[] {
  const wireType = wireTypeOf(field);
  if (wireType === 1) {
    if (content.length % 8 !== 0) throw new Error('packed run cut off');
    return Array.from({ length: content.length / 8 }, (_, i) =>
      scalar(field, { varint: 0n, content: content.subarray(i * 8, i * 8 + 8) }),
    );
  }
  const values: Value[] = [];
  for (let at = 0; at < content.length;) {
    let end = at;
    while (end < content.length && content[end]! >= 0x80) end += 1;
    // A run of varints is, byte for byte, a run of fields without their keys.
    const [only] = wireFields(Buffer.concat([Buffer.from([8]), content.subarray(at, end + 1)]));
    values.push(scalar(field, { varint: only!.varint, content }));
    at = end + 1;
  }
  return values;
}

/** Merges `bytes` into `tree`, as a protobuf reader does with each part of a message. */
export function mergeMessage(name: string, tree: Tree, bytes: Uint8Array): Tree {
  for (const wire of wireFields(bytes)) {
    const field = fieldsOf(name).find(({ number }) => number === wire.number);
    if (field === undefined) {
      ((tree['$unknown'] ??= []) as Value[]).push(wire.raw.toString('hex'));
      continue;
    }
    if (field.oneof !== undefined) {
      for (const other of fieldsOf(name)) if (other.oneof === field.oneof && other !== field) delete tree[other.name];
    }
    const packed = field.repeated && wireTypeOf(field) !== 2 && wire.wireType === 2;
    if (!packed && wire.wireType !== wireTypeOf(field)) throw new Error(`${name}.${field.name}: wire type ${wire.wireType}`);
    if (field.repeated) {
      const added = packed
        ? unpacked(field, wire.content)
        : [isMessage(field) ? mergeMessage(field.type, {}, wire.content) : scalar(field, wire)];
      if (added.length > 0) ((tree[field.name] ??= []) as Value[]).push(...added);
    } else if (isMessage(field)) {
      tree[field.name] = mergeMessage(field.type, (tree[field.name] ?? {}) as Tree, wire.content);
    } else {
      const value = scalar(field, wire);
      if (isDefault(value) && !field.optional && field.oneof === undefined) delete tree[field.name];
      else tree[field.name] = value;
    }
  }
  return tree;
}

export function decode(signal: Signal, segments: Uint8Array | readonly Uint8Array[]): Tree {
  const bytes = segments instanceof Uint8Array ? segments : Buffer.concat(segments);
  return mergeMessage(REQUEST_NAMES[signal], {}, bytes);
}

/** Whether a field that may stand once, or two members of a oneof, stand twice in one message anywhere. */
export function repeatsSingular(name: string, bytes: Uint8Array): boolean {
  const seen = new Set<string>();
  return wireFields(bytes).some((wire) => {
    const field = fieldsOf(name).find(({ number }) => number === wire.number);
    if (field === undefined) return false;
    const slot = field.oneof ?? field.name;
    if (!field.repeated && seen.has(slot)) return true;
    seen.add(slot);
    return isMessage(field) && repeatsSingular(field.type, wire.content);
  });
}

export function varintOf(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

export function wireField(number: number, wireType: number, content: Uint8Array): Buffer {
  const key = varintOf(BigInt(number) * 8n + BigInt(wireType));
  return wireType === 2 ? Buffer.concat([key, varintOf(BigInt(content.length)), content]) : Buffer.concat([key, content]);
}

/** What stands behind the key, and of wire type 2 behind the length. */
export function scalarBytes(field: ReferenceField, value: Value): Buffer {
  const eight = Buffer.alloc(8);
  switch (field.type) {
    case 'string':
      return Buffer.from(value as string);
    case 'bytes':
    case 'id8':
    case 'id16':
      return Buffer.from(value as Uint8Array);
    case 'bool':
      return varintOf(value === true ? 1n : 0n);
    case 'sint32': {
      const n = BigInt(value as number);
      return varintOf(n >= 0n ? n * 2n : -n * 2n - 1n);
    }
    case 'fixed32':
      eight.writeUInt32LE(value as number);
      return eight.subarray(0, 4);
    case 'fixed64':
      eight.writeBigUInt64LE(value as bigint);
      return eight;
    case 'sfixed64':
      eight.writeBigInt64LE(value as bigint);
      return eight;
    case 'double':
      eight.writeDoubleLE(value as number);
      return eight;
    default:
      return varintOf(BigInt(value as number | bigint));
  }
}

export function encodeMessage(name: string, tree: Tree): Buffer {
  const parts: Buffer[] = [];
  for (const field of [...fieldsOf(name)].sort((a, b) => a.number - b.number)) {
    const value = tree[field.name];
    if (value === undefined) continue;
    const values = field.repeated ? (value as Value[]) : [value];
    if (field.repeated && wireTypeOf(field) !== 2) {
      if (values.length > 0)
        parts.push(wireField(field.number, 2, Buffer.concat(values.map((each) => scalarBytes(field, each)))));
      continue;
    }
    for (const each of values) {
      const content = isMessage(field) ? encodeMessage(field.type, each as Tree) : scalarBytes(field, each);
      parts.push(wireField(field.number, wireTypeOf(field), content));
    }
  }
  for (const raw of (tree['$unknown'] ?? []) as string[]) parts.push(Buffer.from(raw, 'hex'));
  return Buffer.concat(parts);
}

export function encode(signal: Signal, tree: Tree): Uint8Array {
  return new Uint8Array(encodeMessage(REQUEST_NAMES[signal], tree));
}

/** As JSON.parse gives it: the strict form that OTLP/JSON writers must use. */
export function toJson(name: string, tree: Tree): Record<string, unknown> {
  const json: Record<string, unknown> = {};
  for (const field of fieldsOf(name)) {
    const value = tree[field.name];
    if (value === undefined) continue;
    const one = (each: Value): unknown => (isMessage(field) ? toJson(field.type, each as Tree) : scalarJson(field, each));
    json[field.name] = field.repeated ? (value as Value[]).map(one) : one(value);
  }
  return json;
}

function scalarJson(field: ReferenceField, value: Value): unknown {
  if (field.type === 'bytes') return Buffer.from(value as Uint8Array).toString('base64');
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  return value;
}

/** Every item of a request in order, with the path of headers above it; headers are the messages without what is below. */
export function itemsOf(signal: Signal, tree: Tree): { headers: Tree[]; item: Value }[] {
  const ways: Record<Signal, string[]> = {
    metrics: ['resourceMetrics', 'scopeMetrics', 'metrics', '', 'dataPoints'],
    traces: ['resourceSpans', 'scopeSpans', 'spans'],
    logs: ['resourceLogs', 'scopeLogs', 'logRecords'],
  };
  const down = (node: Tree, way: string[], headers: Tree[]): { headers: Tree[]; item: Value }[] => {
    const [step, ...rest] = way;
    if (step === undefined) return [{ headers, item: node }];
    const steps = step === '' ? ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] : [step];
    const header = Object.fromEntries(Object.entries(node).filter(([key]) => !steps.includes(key)));
    return steps.flatMap((key) => {
      const below = node[key];
      const children = below === undefined ? [] : Array.isArray(below) ? below : [below];
      const name: Tree = step === '' ? { $data: key } : {};
      return children.flatMap((child) => down(child as Tree, rest, [...headers, { ...header, ...name }]));
    });
  };
  return down(tree, ways[signal], []);
}
