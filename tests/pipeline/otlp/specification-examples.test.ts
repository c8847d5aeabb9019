import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { jsonToProtobuf } from '../../../pipeline/otlp/json-to-protobuf.ts';
import { protobufToJson } from '../../../pipeline/otlp/protobuf-to-json.ts';
import type { Signal } from '../../../pipeline/signal.ts';
import { decode } from '../../support/reference/otlp.ts';

const EXAMPLES: readonly (readonly [string, Signal])[] = [
  ['trace', 'traces'],
  ['metrics', 'metrics'],
  ['logs', 'logs'],
  ['events', 'logs'],
];
const golden = (name: string): Buffer => readFileSync(new URL(`../../golden/otlp/${name}`, import.meta.url));

/** The examples as our strict writer has them: ids in lower case, defaults without presence left out. */
function strict(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(strict);
  if (typeof json !== 'object' || json === null) return json;
  const kept = Object.entries(json)
    .filter(([key, value]) => !(['scale', 'zeroThreshold'].includes(key) && value === 0))
    .map(([key, value]) => [key, key.endsWith('Id') ? String(value).toLowerCase() : strict(value)]);
  return Object.fromEntries(kept);
}

describe.each(EXAMPLES)('the example %s of the OTLP specification', (name, signal) => {
  const json = golden(`${name}.json`);
  const protobuf = Buffer.from(golden(`${name}.hex`).toString().replaceAll('\n', ''), 'hex');

  it('becomes the protobuf that the .proto files say', () => {
    const made = jsonToProtobuf(signal, json);
    expect(made).toBeInstanceOf(Uint8Array);
    expect(decode(signal, made as Uint8Array)).toEqual(decode(signal, protobuf));
  });

  it('comes back from that protobuf', () => {
    expect(JSON.parse(protobufToJson(signal, [protobuf]))).toEqual(strict(JSON.parse(json.toString())));
  });
});
