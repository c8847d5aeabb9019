import type { Workload } from './workload.ts';

/** Attributes in the order of their keys; a text value as itself, any other as the Latin-1 text of its AnyValue. */
export type Attributes = Map<string, string>;

/** One point, record or span with everything that surrounds it, in a form that two encoders agree on. */
export interface Item {
  readonly timeLow: number;
  readonly resource: Attributes;
  readonly attributes: Attributes;
  /** All else: instrumentation scope, metric, and the item's own fields. */
  readonly rest: string;
}

export interface Field {
  readonly number: number;
  readonly value: Buffer | string;
}

/** Decodes a request the slow and plain way, to check what fast code did. Throws on what is not protobuf. */
export function decodeItems(signal: Workload['signal'], request: Buffer): Item[] {
  const items: Item[] = [];
  for (const group of messages(request, 1)) {
    const resource = attributesOf(messages(group, 1)[0] ?? Buffer.alloc(0), 1);
    for (const scopeGroup of messages(group, 2)) {
      const scope = canonical(messages(scopeGroup, 1)[0] ?? Buffer.alloc(0), []);
      for (const message of messages(scopeGroup, 2)) {
        if (signal === 'metrics') items.push(...points(message, resource, scope));
        else items.push(record(message, resource, scope, signal === 'logs' ? 6 : 9, signal === 'logs' ? 1 : 7));
      }
    }
  }
  return items;
}

function points(metric: Buffer, resource: Attributes, scope: string): Item[] {
  const items: Item[] = [];
  const identity = canonical(metric, [5, 7]);
  for (const kind of [5, 7]) {
    for (const data of messages(metric, kind)) {
      const about = `${scope} ${identity} ${kind} ${canonical(data, [1])}`;
      for (const point of messages(data, 1)) items.push(record(point, resource, about, 7, 3));
    }
  }
  return items;
}

function record(message: Buffer, resource: Attributes, about: string, attributesField: number, timeField: number): Item {
  const time = fieldsOf(message).find((field) => field.number === timeField)?.value;
  return {
    timeLow: Buffer.isBuffer(time) ? time.readUInt32LE(0) : 0,
    resource,
    attributes: attributesOf(message, attributesField),
    rest: `${about} ${canonical(message, [attributesField])}`,
  };
}

function attributesOf(message: Buffer, field: number): Attributes {
  const pairs = messages(message, field).map((pair): [string, string] => {
    const key = messages(pair, 1)[0]?.toString() ?? '';
    const value = fieldsOf(messages(pair, 2)[0] ?? Buffer.alloc(0))[0];
    return [key, value?.number === 1 ? value.value.toString() : `${value?.number}:${text(value?.value ?? '')}`];
  });
  return new Map(pairs.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A message's fields in order of their numbers, without `omit` and without those at their default. */
function canonical(message: Buffer, omit: readonly number[]): string {
  const kept = fieldsOf(message).filter((field) => !omit.includes(field.number) && field.value.length > 0 && field.value !== '0');
  kept.sort((a, b) => a.number - b.number);
  return `{${kept.map((field) => `${field.number}=${text(field.value)}`).join(' ')}}`;
}

function text(value: Buffer | string): string {
  return typeof value === 'string' ? value : value.toString('latin1');
}

function messages(message: Buffer, number: number): Buffer[] {
  return fieldsOf(message).flatMap((field) => (field.number === number && Buffer.isBuffer(field.value) ? [field.value] : []));
}

/** Of a message: varints as decimal text, all else as bytes. Throws on what is not protobuf. */
export function fieldsOf(message: Buffer): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++];
      if (byte === undefined || shift > 63n) throw new Error('cannot read a field: its number does not end');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    if (wireType === 0) {
      fields.push({ number: tag >>> 3, value: varint().toString() });
      continue;
    }
    const length = wireType === 2 ? Number(varint()) : wireType === 1 ? 8 : wireType === 5 ? 4 : -1;
    if (length < 0 || at + length > message.length) throw new Error('cannot read a field: it ends past its message');
    fields.push({ number: tag >>> 3, value: message.subarray(at, at + length) });
    at += length;
  }
  return fields;
}
