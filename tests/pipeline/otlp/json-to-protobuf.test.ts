import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { jsonToProtobuf } from '../../../pipeline/otlp/json-to-protobuf.ts';
import { SIGNALS, type Signal } from '../../../pipeline/signal.ts';
import { anyRequest } from '../../support/build.ts';
import { movedBytes } from '../../support/moved-bytes.ts';
import {
  decode,
  encode,
  fieldsOf,
  isMessage,
  repeatsSingular,
  REQUEST_NAMES,
  toJson,
  type Tree,
} from '../../support/reference/otlp.ts';

const read = (signal: Signal, json: string | Uint8Array): Uint8Array => {
  const made = jsonToProtobuf(signal, typeof json === 'string' ? Buffer.from(json) : json);
  if (!(made instanceof Uint8Array)) throw new Error(made.message);
  return made;
};
const refusal = (signal: Signal, json: string | Uint8Array): unknown =>
  jsonToProtobuf(signal, typeof json === 'string' ? Buffer.from(json) : json);
/** A log request whose one record is `record`, as JSON text. */
const logs = (record: string): string => `{"resourceLogs":[{"scopeLogs":[{"logRecords":[${record}]}]}]}`;
const record = (json: string): Tree => {
  const tree = decode('logs', read('logs', logs(json)));
  return (((tree['resourceLogs'] as Tree[])[0]!['scopeLogs'] as Tree[])[0]!['logRecords'] as Tree[])[0]!;
};
const body = (json: string): unknown => record(`{"body":${json}}`)['body'];
const point = (json: string): Tree => {
  const text = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[${json}]}}]}]}]}`;
  const bytes = read('metrics', text);
  return JSON.parse(
    JSON.stringify(decode('metrics', bytes), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)),
  ).resourceMetrics[0].scopeMetrics[0].metrics[0].gauge.dataPoints[0] as Tree;
};

/** Another spelling of the same JSON: keys in snake_case, white space, escapes, keys OTLP does not know, nulls. */
function respelled(name: string, tree: Tree, pick: () => number): string {
  const space = (): string => ['', ' ', '\n\t', '\r '][Math.floor(pick() * 4)]!;
  const string = (text: string): string =>
    pick() < 0.5
      ? JSON.stringify(text)
      : `"${[...Array(text.length).keys()].map((i) => `\\u${text.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`;
  const print = (value: unknown): string => (typeof value === 'string' ? string(value) : JSON.stringify(value));
  const json = toJson(name, tree);
  const parts: string[] = [];
  for (const field of fieldsOf(name)) {
    const value = tree[field.name];
    if (value === undefined) continue;
    const key = pick() < 0.5 ? field.name : field.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const inner = (each: unknown): string => (isMessage(field) ? respelled(field.type, each as Tree, pick) : print(each));
    const source = isMessage(field) ? value : json[field.name];
    const text = field.repeated ? `[${(source as unknown[]).map(inner).join(`${space()},${space()}`)}]` : inner(source);
    parts.push(`${string(key)}${space()}:${space()}${text}`);
  }
  if (pick() < 0.2) parts.push('"__proto__":{"a":[1,-2.5e+3,true,null,"\\n"]}');
  if (pick() < 0.2) parts.push('"unknownKey":[[],{}]');
  if (pick() < 0.2) parts.push(`${JSON.stringify(fieldsOf(name).find((field) => !(field.name in tree))?.name ?? 'x')}:null`);
  return `{${space()}${parts.join(`${space()},`)}${space()}}`;
}

describe.each(SIGNALS)('JSON of %s', (signal) => {
  it('becomes protobuf with the same meaning, canonical', () => {
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        const made = read(signal, JSON.stringify(negativeZero(toJson(REQUEST_NAMES[signal], tree))).replaceAll('"-0"', '-0'));
        expect(decode(signal, made)).toEqual(tree);
        expect(repeatsSingular(REQUEST_NAMES[signal], made)).toBe(false);
      }),
    );
  });

  it('is read in any spelling: snake_case, escapes, white space, unknown keys, nulls', () => {
    fc.assert(
      fc.property(anyRequest(signal), fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })), (tree, stream) => {
        const text = respelled(REQUEST_NAMES[signal], tree, () => stream.next().value ?? 0);
        const made = decode(signal, read(signal, text));
        expect(withoutNegativeZero(made)).toEqual(withoutNegativeZero(tree));
      }),
    );
  });

  it('that is damaged gives a refusal or protobuf that a strict reader takes; it is JSON if it is taken', () => {
    const seeds = fc.tuple(anyRequest(signal), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(seeds, ([tree, damage]) => {
        const bytes = Buffer.from(JSON.stringify(toJson(REQUEST_NAMES[signal], tree)));
        for (const [at, byte] of damage) bytes[at % bytes.length] = byte;
        const made = jsonToProtobuf(signal, bytes);
        if (made instanceof Uint8Array) {
          decode(signal, made);
          JSON.parse(bytes.toString());
        } else {
          expect(made).toMatchObject({
            ok: false,
            retryable: false,
            message: expect.stringMatching(/^cannot read JSON at /) as string,
          });
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of random bytes never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string(), fc.json()), (input) => {
        const made = jsonToProtobuf(signal, typeof input === 'string' ? Buffer.from(input) : input);
        if (made instanceof Uint8Array) decode(signal, made);
      }),
      { numRuns: 500 },
    );
  });
});

/** JSON.stringify writes -0 as 0; the text "-0" is put in its place afterwards. */
function negativeZero(json: unknown): unknown {
  if (Object.is(json, -0)) return '-0';
  if (Array.isArray(json)) return json.map(negativeZero);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, negativeZero(value)]));
}
function withoutNegativeZero(value: unknown): unknown {
  if (Object.is(value, -0)) return undefined;
  if (value === 0) return undefined;
  if (value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map((each) => withoutNegativeZero(each) ?? 0);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withoutNegativeZero(each)]));
}

describe('64-bit integers', () => {
  it.each(['18446744073709551615', '9007199254740993', '1544712660300000000', '0'])(
    '%s is exact as string and as number',
    (digits) => {
      const expected = digits === '0' ? undefined : BigInt(digits);
      expect(record(`{"timeUnixNano":"${digits}"}`)['timeUnixNano']).toBe(expected);
      expect(record(`{"timeUnixNano":${digits}}`)['timeUnixNano']).toBe(expected);
    },
  );

  it.each([
    ['-9223372036854775808', -(2n ** 63n)],
    ['9223372036854775807', 2n ** 63n - 1n],
    ['"-1"', -1n],
    ['1e3', 1000n],
    ['1.50e1', 15n],
    ['2.0', 2n],
    ['0', 0n],
    ['-0', 0n],
  ])('intValue %s is %s', (text, expected) => {
    expect(body(`{"intValue":${text}}`)).toEqual({ intValue: expected });
  });

  it.each([
    '{"timeUnixNano":"18446744073709551616"}',
    '{"timeUnixNano":-1}',
    '{"timeUnixNano":1.5}',
    '{"timeUnixNano":1e400}',
    '{"body":{"intValue":9223372036854775808}}',
    '{"body":{"intValue":-9223372036854775809}}',
    '{"flags":4294967296}',
    '{"droppedAttributesCount":-1}',
    '{"severityNumber":2147483648}',
    '{"timeUnixNano":"1 "}',
    '{"timeUnixNano":""}',
    '{"timeUnixNano":"0x10"}',
    '{"timeUnixNano":"+1"}',
    '{"timeUnixNano":true}',
    '{"timeUnixNano":{}}',
  ])('%s is refused', (text) => {
    expect(refusal('logs', logs(text))).toMatchObject({ code: 'MALFORMED' });
  });

  it('of a million digits are refused', () => {
    for (const digits of ['9'.repeat(1e6), `1${'0'.repeat(1e6)}.0`, `0.${'0'.repeat(1e6)}1e1000001`]) {
      const taken = digits.startsWith('0.');
      expect(refusal('logs', logs(`{"timeUnixNano":${digits}}`)) instanceof Uint8Array).toBe(taken);
    }
  });
});

describe('doubles', () => {
  it.each([
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['5e-324', 5e-324],
    ['"NaN"', NaN],
    ['"Infinity"', Infinity],
    ['"-Infinity"', -Infinity],
    ['"1.5"', 1.5],
    ['-0', -0],
    ['-0.0', -0],
    ['0.1', 0.1],
    ['123456789012345678901234567890', 1.2345678901234568e29],
    ['9007199254740993', 9007199254740992],
    ['0.3333333333333333333', 1 / 3],
    ['1e-400', 0],
  ])('doubleValue %s is %s', (text, expected) => {
    expect(body(`{"doubleValue":${text}}`)).toEqual({ doubleValue: expected });
  });

  it('equal what JSON.parse reads, for any number text', () => {
    const text = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
      fc.tuple(fc.maxSafeInteger(), fc.nat(99_999), fc.integer({ min: -30, max: 30 })).map(([a, b, e]) => `${a}.${b}E${e}`),
    );
    fc.assert(
      fc.property(text, (number) => {
        expect(body(`{"doubleValue":${number}}`)).toEqual({ doubleValue: JSON.parse(number) as number });
      }),
    );
  });

  it.each(['1e999', '"1e999"', '"nan"', '"inf"', 'NaN', '01', '1.', '.5', '+1', '1e', '-', '"1,5"', '""', 'true', '[]'])(
    'doubleValue %s is refused',
    (text) => {
      expect(refusal('logs', logs(`{"body":{"doubleValue":${text}}}`))).toMatchObject({ code: 'MALFORMED' });
    },
  );
});

describe('ids', () => {
  it('are hexadecimal of any case', () => {
    const made = record('{"traceId":"5B8EFFF798038103d269b633813fc60c","spanId":"EEE19b7ec3c1b174"}');
    expect(made).toEqual({
      traceId: Buffer.from('5b8efff798038103d269b633813fc60c', 'hex'),
      spanId: Buffer.from('eee19b7ec3c1b174', 'hex'),
    });
  });

  it('are absent when empty', () => {
    expect(record('{"traceId":"","spanId":""}')).toEqual({});
  });

  it.each([
    '"5B8E"',
    '"5B8EFFF798038103D269B633813FC60"',
    '"W47/95gDgQPSabYzgT/GDA=="',
    '"zz8EFFF798038103D269B633813FC60C"',
    '5',
    '"5b8efff798038103d269b633813fc60cff"',
  ])('traceId %s is refused', (text) => {
    expect(refusal('logs', logs(`{"traceId":${text}}`))).toMatchObject({ code: 'MALFORMED' });
  });
});

describe('bytes', () => {
  it.each(['"+/8="', '"-_8="', '"+/8"', '"\\u002b/8="'])('%s is base64 of either alphabet, padded or not', (text) => {
    expect(body(`{"bytesValue":${text}}`)).toEqual({ bytesValue: Buffer.from([0xfb, 0xff]) });
  });

  it.each(['"a"', '"a==="', '"=a"', '"ab=c"', '"ab="', '"a b"', '"é"', '1'])('%s is refused', (text) => {
    expect(refusal('logs', logs(`{"body":{"bytesValue":${text}}}`))).toMatchObject({ code: 'MALFORMED' });
  });
});

describe('enums and booleans', () => {
  it.each(['17', '"17"', '"SEVERITY_NUMBER_ERROR"', '17.0'])('severityNumber %s is 17', (text) => {
    expect(record(`{"severityNumber":${text}}`)).toEqual({ severityNumber: 17 });
  });

  it('a number OTLP has no name for stays', () => {
    expect(record('{"severityNumber":-77}')).toEqual({ severityNumber: -77 });
  });

  it.each([
    '{"severityNumber":"ERROR"}',
    '{"severityNumber":[]}',
    '{"body":{"boolValue":"true"}}',
    '{"body":{"boolValue":1}}',
    '{"body":{"boolValue":tru}}',
  ])('%s is refused', (text) => {
    expect(refusal('logs', logs(text))).toMatchObject({ code: 'MALFORMED' });
  });
});

describe('strings', () => {
  it('with escapes become UTF-8; a lone surrogate becomes U+FFFD', () => {
    expect(
      body('{"stringValue":"\\ud834\\udd1e \\u00e9 \\"\\\\\\/\\b\\f\\n\\r\\t \\ud834 \\udd1e \\ud834x\\ud834\\u0041"}'),
    ).toEqual({
      stringValue: '𝄞 é "\\/\b\f\n\r\t � � �x�A',
    });
  });

  it('keep what is not escaped, and U+0000', () => {
    expect(body('{"stringValue":"ключ\\u0000\u2028"}')).toEqual({ stringValue: 'ключ\0\u2028' });
  });

  it.each(['"\n"', '"\\x41"', '"\\u12g4"', '"\\u12', '"abc', '"\\', "'a'", 'a'])('%j is refused', (text) => {
    expect(refusal('logs', logs(`{"body":{"stringValue":${text}}}`))).toMatchObject({ code: 'MALFORMED' });
  });

  it('that are not UTF-8 are refused', () => {
    const json = Buffer.from(logs('{"severityText":"#"}'));
    json[json.indexOf('#')] = 0xff;
    expect(refusal('logs', json)).toMatchObject({ code: 'MALFORMED', message: expect.stringContaining('UTF-8') as string });
  });
});

describe('presence', () => {
  it('zeros of fields with presence are kept, of others left out', () => {
    expect(point('{"asInt":"0","flags":0,"timeUnixNano":"0"}')).toEqual({ asInt: '0' });
    expect(body('{"stringValue":""}')).toEqual({ stringValue: '' });
    expect(body('{"boolValue":false}')).toEqual({ boolValue: false });
  });

  it('null is absent, in any place', () => {
    expect(record('{"body":null,"attributes":null,"traceId":null,"timeUnixNano":null,"severityText":null}')).toEqual({});
    expect(body('{"stringValue":"a","intValue":null}')).toEqual({ stringValue: 'a' });
  });

  it('null in a list of values is a value without content', () => {
    expect(body('{"arrayValue":{"values":[{"intValue":1},null]}}')).toEqual({ arrayValue: { values: [{ intValue: 1n }, {}] } });
  });
});

describe('keys that occur twice', () => {
  const resource = (json: string): unknown =>
    (decode('logs', read('logs', `{"resourceLogs":[{${json}}]}`))['resourceLogs'] as Tree[])[0]!['resource'];

  it('lists are joined: no claim is hidden', () => {
    expect(resource('"resource":{"attributes":[{"key":"a"}],"attributes":[{"key":"b"}]}')).toEqual({
      attributes: [{ key: 'a' }, { key: 'b' }],
    });
  });

  it('messages are merged: no claim is hidden', () => {
    expect(resource('"resource":{"attributes":[{"key":"a"}]},"schemaUrl":"s","resource":{"attributes":[{"key":"b"}]}')).toEqual({
      attributes: [{ key: 'a' }, { key: 'b' }],
    });
  });

  it('of scalars the last counts, also when it is zero or in the other spelling', () => {
    expect(record('{"severityText":"a","severityText":"b"}')).toEqual({ severityText: 'b' });
    expect(record('{"severityText":"a","severity_text":""}')).toEqual({});
    expect(record('{"timeUnixNano":"5","timeUnixNano":0}')).toEqual({});
  });

  it('of the members of a oneof the last counts', () => {
    expect(body('{"stringValue":"a","intValue":"1"}')).toEqual({ intValue: 1n });
    expect(point('{"asDouble":2,"asInt":"0"}')).toEqual({ asInt: '0' });
  });

  it('the result holds no singular field twice', () => {
    const text = '{"resourceLogs":[{"resource":{},"resource":{},"schemaUrl":"a","schemaUrl":"b"}]}';
    expect(repeatsSingular(REQUEST_NAMES.logs, read('logs', text))).toBe(false);
  });
});

describe('structure', () => {
  it.each<[string, string]>([
    ['', '$: an object is expected'],
    ['[]', '$: an object is expected'],
    ['null', '$: an object is expected'],
    ['{"resourceLogs":{}}', 'resourceLogs: a list is expected'],
    ['{"resourceLogs":[[]]}', 'resourceLogs[0]: an object is expected'],
    ['{"resourceLogs":[{},{"resource":[]}]}', 'resourceLogs[1].resource: an object is expected'],
    [
      '{"resourceLogs":[{"resource":{"attributes":[{"key":5}]}}]}',
      'resourceLogs[0].resource.attributes[0].key: a string is expected',
    ],
    ['{"resourceLogs":[{"a b":{"c":[1,2,tru]}}]}', 'resourceLogs[0].a b: this is not JSON'],
    ['{"resourceLogs":[{}', 'resourceLogs: "," or "]" is expected'],
    ['{"resourceLogs":[{}]', '$: "," or "}" is expected'],
    ['{"resourceLogs":[]} x', '$: more text follows the request'],
    ['{"resourceLogs":[],}', '$: a key in quotes is expected'],
    ['{"resourceLogs":[{},]}', 'resourceLogs[1]: an object is expected'],
    ['{resourceLogs:[]}', '$: a key in quotes is expected'],
    ['{"resourceLogs" []}', '$: ":" is expected'],
    ['{"unknown":', 'unknown: the text ends too early'],
    ['{"unknown":01}', 'unknown: this is not JSON'],
  ])('%s is refused with the path to the fault', (text, expected) => {
    expect(refusal('logs', text)).toMatchObject({
      code: 'MALFORMED',
      message: expect.stringContaining(`cannot read JSON at ${expected}`) as string,
    });
  });

  it('an empty request, a byte order mark and surrounding white space are fine', () => {
    expect(read('logs', '\ufeff \n{ } \r\n')).toEqual(new Uint8Array(0));
  });

  it('nesting over the limit is TOO_DEEP, in known and in unknown keys', () => {
    const deep = 100_000;
    const known = `${'{"arrayValue":{"values":['.repeat(deep)}${']}}'.repeat(deep)}`;
    expect(refusal('logs', logs(`{"body":${known}}`))).toMatchObject({ code: 'TOO_DEEP', retryable: false });
    expect(refusal('logs', `{"x":${'['.repeat(deep)}${']'.repeat(deep)}}`)).toMatchObject({ code: 'TOO_DEEP' });
    expect(refusal('logs', `{"x":${'['.repeat(LIMITS.jsonDepth)}`)).toMatchObject({ code: 'TOO_DEEP' });
  });

  it('a map nested as deep as protobuf may nest it is read', () => {
    const map = (depth: number): string =>
      depth === 0 ? '{"intValue":1}' : `{"kvlistValue":{"values":[{"key":"k","value":${map(depth - 1)}}]}}`;
    expect(
      jsonToProtobuf('logs', Buffer.from(logs(`{"attributes":[{"key":"a","value":${map(LIMITS.valueDepth)}}]}`))),
    ).toBeInstanceOf(Uint8Array);
  });

  it('messages name no more of a foreign key than fits, and nothing that is not plain ASCII', () => {
    const made = refusal('logs', `{"${'é'.repeat(500)}":x}`) as { message: string };
    expect(made.message.length).toBeLessThanOrEqual(LIMITS.messageChars);
    expect(made.message).toMatch(/^[\x20-\x7e]*$/);
  });

  it('__proto__ and constructor are keys like any other', () => {
    expect(record('{"__proto__":{"severityText":"x"},"constructor":1}')).toEqual({});
    expect(({} as { severityText?: string }).severityText).toBeUndefined();
  });

  it('a value of 10 MB comes through whole, and what was read before it too', () => {
    const text = 'x'.repeat(10_000_000);
    expect(record(`{"severityText":"t","body":{"stringValue":"${text}"}}`)).toEqual({
      severityText: 't',
      body: { stringValue: text },
    });
  });

  it('messages of every length on both sides of a varint size', () => {
    for (const size of [0, 1, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 16_380, 16_384, 2_097_150]) {
      const tree: Tree = {
        resourceLogs: [
          { resource: { attributes: [{ key: 'k'.repeat(size + 1), value: { stringValue: 'v' } }] }, schemaUrl: 's' },
        ],
      };
      const made = read('logs', JSON.stringify(toJson(REQUEST_NAMES.logs, tree)));
      expect(Buffer.compare(made, encode('logs', tree))).toBe(0);
    }
  });

  it('moves no byte more often than a buffer grows, however deep a large text is nested and whatever was guessed', () => {
    const nested = (text: string): string => {
      const depth = LIMITS.valueDepth - 1;
      return `{"body":${'{"arrayValue":{"values":['.repeat(depth)}{"stringValue":"${text}"}${']}}'.repeat(depth)}}`;
    };
    const large = logs(nested('x'.repeat(1_000_000)));
    const mixed = logs([1, 300_000, 100, 20_000, 3_000_000, 0].map((size) => nested('y'.repeat(size))).join(','));
    for (const json of [large, logs(nested('z')), large, mixed, mixed]) {
      const bytes = Buffer.from(json);
      let made: unknown;
      // Growing by doubling moves each byte at most twice, writing it and taking it once more each.
      expect(movedBytes(() => (made = jsonToProtobuf('logs', bytes)))).toBeLessThan(4 * bytes.length + 65_536);
      expect(made).toBeInstanceOf(Uint8Array);
      expect(Buffer.compare(made as Uint8Array, encode('logs', JSON.parse(json) as Tree))).toBe(0);
    }
  });

  it('that is larger as protobuf than a request may be is refused before it is written', () => {
    const zeros = (count: number): Buffer =>
      Buffer.from(
        `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[{"explicitBounds":[${'0,'.repeat(count)}0]}]}}]}]}]}`,
      );
    expect(jsonToProtobuf('metrics', zeros(1000), 9000)).toBeInstanceOf(Uint8Array);
    const made = jsonToProtobuf('metrics', zeros(2000), 9000);
    expect(made).toMatchObject({ ok: false, code: 'BODY_TOO_LARGE', retryable: false });
  });

  it.each(['instrumentationLibraryLogs', 'instrumentation_library_logs'])(
    '%s, which OTLP has removed, is not passed over',
    (key) => {
      expect(refusal('logs', `{"resourceLogs":[{"${key}":[{"logRecords":[{}]}]}]}`)).toMatchObject({
        code: 'MALFORMED',
        message: expect.stringContaining('update the sender') as string,
      });
      expect(read('logs', `{"${key}":[{}],"resourceLogs":[]}`)).toHaveLength(0);
    },
  );

  it.each([
    ['{"intGauge":{"dataPoints":[{"value":"1"}]}}', 'intGauge'],
    ['{"int_sum":{"dataPoints":[{}]}}', 'int_sum'],
    ['{"intHistogram":{}}', 'intHistogram'],
    ['{"gauge":{"dataPoints":[{"labels":[{"key":"a","value":"b"}]}]}}', 'labels'],
    ['{"histogram":{"dataPoints":[{"labels":[]}]}}', 'labels'],
    ['{"summary":{"dataPoints":[{"labels":[]}]}}', 'labels'],
    ['{"sum":{"dataPoints":[{"exemplars":[{"filteredLabels":[]}]}]}}', 'filteredLabels'],
  ])('%s, which OTLP has removed, is not passed over', (metric, key) => {
    const refused = refusal('metrics', `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[${metric}]}]}]}`);
    const told = `it has ${key}, which OTLP has removed; update the sender`;
    expect(refused).toMatchObject({ code: 'MALFORMED', message: expect.stringContaining(told) as string });
  });
});
