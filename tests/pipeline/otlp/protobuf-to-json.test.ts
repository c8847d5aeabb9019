import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { jsonToProtobuf } from '../../../pipeline/otlp/json-to-protobuf.ts';
import { protobufToJson, protobufToJsonBytes } from '../../../pipeline/otlp/protobuf-to-json.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { anyRequest, encode, logRecord, numbered, request, span } from '../../support/build.ts';
import { encodeOddly, seeded } from '../../support/reference/odd-encoder.ts';
import { decode, REQUEST_NAMES, toJson, wireField, type Tree } from '../../support/reference/otlp.ts';

const parsed = (signal: Signal, bytes: Uint8Array): unknown => JSON.parse(protobufToJson(signal, [bytes]));
const known = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree, (key, value: unknown) => (key === '$unknown' ? undefined : value)));
/** JSON.parse keeps -0, which says nothing of the writer: compare what JSON.stringify makes of both. */
const same = (json: unknown, tree: Tree, signal: Signal): void => {
  expect(json).toEqual(known(toJson(REQUEST_NAMES[signal], tree)));
};
const withPlusZero = (json: string): unknown => JSON.parse(json, (_, value: unknown) => (Object.is(value, -0) ? 0 : value));

describe.each(SIGNALS)('%s as JSON', (signal) => {
  it('say what the request says, strictly', () => {
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        same(withPlusZero(protobufToJson(signal, [encode(signal, tree)])), tree, signal);
      }),
    );
  });

  it('say the same of a request that no SDK would write: split lists, repeated fields, unknown fields', () => {
    fc.assert(
      fc.property(anyRequest(signal), fc.integer(), (tree, seed) => {
        const odd = { shuffle: true, repeat: true, unknown: true, unpack: true, overlong: true };
        const bytes = encodeOddly(signal, tree, seeded(seed), odd);
        same(withPlusZero(protobufToJson(signal, [bytes])), tree, signal);
      }),
    );
  });

  it('come back as the same request', () => {
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        const json = protobufToJsonBytes(signal, [encode(signal, tree)]);
        expect(decode(signal, jsonToProtobuf(signal, json) as Uint8Array)).toEqual(tree);
      }),
    );
  });

  it('are the same whatever the segments', () => {
    const bytes = encode(signal, numbered(signal, 5));
    const whole = protobufToJson(signal, [bytes]);
    for (let at = 0; at <= bytes.length; at++) {
      expect(protobufToJson(signal, [bytes.subarray(0, at), bytes.subarray(at)])).toBe(whole);
    }
    expect(Buffer.from(protobufToJsonBytes(signal, [bytes])).toString()).toBe(whole);
  });

  it('are one line of JSON for any bytes at all, and never throw', () => {
    const real = encode(signal, numbered(signal, 5));
    const damage = fc.array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), damage), (input) => {
        let bytes = Uint8Array.from(real);
        if (input instanceof Uint8Array) bytes = input as Uint8Array<ArrayBuffer>;
        else for (const [at, byte] of input) bytes[at] = byte;
        expect(protobufToJson(signal, [bytes])).not.toContain('\n');
        parsed(signal, bytes);
        JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(protobufToJsonBytes(signal, [bytes])));
      }),
      { numRuns: 500 },
    );
  });
});

describe('JSON output', () => {
  const logs = (record: Tree): string => protobufToJson('logs', [encode('logs', request('logs', [{ items: [record] }]))]);

  it('has hex ids, 64-bit integers as strings, enums as numbers, base64 bytes', () => {
    const text = protobufToJson('traces', [
      encode('traces', request('traces', [{ items: [span({ raw: Buffer.from([0xfb, 0xff]) })] }])),
    ]);
    expect(text).toContain('"traceId":"5b8efff798038103d269b633813fc60c"');
    expect(text).toContain('"spanId":"eee19b7ec3c1b174"');
    expect(text).toContain('"endTimeUnixNano":"1700000000000000000"');
    expect(text).toContain('"kind":2');
    expect(text).toContain('"bytesValue":"+/8="');
  });

  it('has NaN and infinities as strings, and keeps -0', () => {
    const values = [NaN, Infinity, -Infinity, -0, 0.1, 1e21, 5e-324];
    expect(logs(logRecord({}, values))).toContain(
      '[{"doubleValue":"NaN"},{"doubleValue":"Infinity"},{"doubleValue":"-Infinity"},{"doubleValue":-0},{"doubleValue":0.1},{"doubleValue":1e+21},{"doubleValue":5e-324}]',
    );
  });

  it('has zeros inside a oneof, and none elsewhere', () => {
    const zeros = logs(logRecord({}, [0n, 0, false, ''], { flags: 0, severityNumber: 0 }));
    expect(zeros).toContain('[{"intValue":"0"},{"doubleValue":0},{"boolValue":false},{"stringValue":""}]');
    expect(zeros).not.toContain('flags');
    expect(zeros).not.toContain('severityNumber');
  });

  it('has empty messages that are present, and empty values', () => {
    expect(logs(logRecord({}, null))).toContain('"body":{}');
    expect(logs(logRecord({}, []))).toContain('"body":{"arrayValue":{}}');
  });

  it('escapes quotes, backslashes and control characters, nothing else', () => {
    expect(logs(logRecord({}, '"\\\n\u0001\u007f/ключ𝄞'))).toContain(String.raw`"stringValue":"\"\\\n\u0001${'\u007f'}/ключ𝄞"`);
  });

  it('leaves unknown fields out', () => {
    const bytes = Buffer.concat([encode('logs', {}), wireField(77, 2, Buffer.from('x'))]);
    expect(protobufToJson('logs', [bytes])).toBe('{}');
  });

  it('mends text that is not UTF-8', () => {
    const bytes = Buffer.from(encode('logs', request('logs', [{ items: [logRecord({}, '#')] }])));
    bytes[bytes.indexOf('#')] = 0xff;
    expect(Buffer.from(protobufToJsonBytes('logs', [bytes])).toString()).toContain('"stringValue":"\ufffd"');
  });

  it('reaches the depth the walk lets pass, and stops there', () => {
    const nested = (depth: number): Tree =>
      depth === 0 ? { stringValue: 'bottom' } : { arrayValue: { values: [nested(depth - 1)] } };
    const record = (depth: number): string => logs({ attributes: [{ key: 'k', value: nested(depth) }] });
    expect(record(LIMITS.valueDepth)).toContain('bottom');
    expect(record(1000)).not.toContain('bottom');
  });

  it('takes a list in two runs of a million empty elements', () => {
    const run = Buffer.alloc(1_000_000);
    for (let at = 0; at < run.length; at += 2) run[at] = 0x0a;
    const sum = wireField(7, 2, Buffer.concat([run, Buffer.from('1001', 'hex'), run]));
    const bytes = wireField(1, 2, wireField(2, 2, wireField(2, 2, sum)));
    const json = parsed('metrics', bytes) as {
      resourceMetrics: { scopeMetrics: { metrics: { sum: { dataPoints: unknown[] } }[] }[] }[];
    };
    expect(json.resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!.sum.dataPoints).toHaveLength(1_000_000);
  });
});
