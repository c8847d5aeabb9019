import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyValueOf, encodeRequest, keyValues, type PlainMessage } from '../../../pipeline/otlp/encode.ts';
import { SIGNALS } from '../../../pipeline/signal.ts';
import { anyRequest } from '../../support/build.ts';
import { decode, type Tree } from '../../support/reference/otlp.ts';

const plain = (tree: Tree): PlainMessage => tree as PlainMessage;

describe.each(SIGNALS)('a request for %s', (signal) => {
  it('is read back as it was described, whatever OTLP can say', () => {
    fc.assert(
      fc.property(anyRequest(signal), (tree) => {
        expect(decode(signal, encodeRequest(signal, plain(tree)))).toEqual(tree);
      }),
      { endOnFailure: true },
    );
  });
});

it('leaves out what is undefined, and defaults that need not be said', () => {
  const record = { timeUnixNano: 0n, severityText: '', traceId: new Uint8Array(), flags: 0, eventName: undefined };
  const bytes = encodeRequest('logs', { resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] });
  expect(decode('logs', bytes)).toEqual({ resourceLogs: [{ scopeLogs: [{ logRecords: [{}] }] }] });
});

it('says a zero where absence would mean something else', () => {
  const metric = { name: 'a', gauge: { dataPoints: [{ asDouble: 0 }, { asInt: 0n }] } };
  const bytes = encodeRequest('metrics', { resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] });
  expect(decode('metrics', bytes)).toEqual({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] });
});

it('knows no field that OTLP does not have', () => {
  expect(() => encodeRequest('logs', { resourceLog: [] })).toThrow('has no field resourceLog');
});

it('writes plain attributes: whole numbers as integers, lists as arrays, nothing for undefined', () => {
  expect(keyValues({ a: 'x', b: 1, c: 1.5, d: true, e: ['y'], f: undefined })).toEqual([
    { key: 'a', value: { stringValue: 'x' } },
    { key: 'b', value: { intValue: 1n } },
    { key: 'c', value: { doubleValue: 1.5 } },
    { key: 'd', value: { boolValue: true } },
    { key: 'e', value: { arrayValue: { values: [{ stringValue: 'y' }] } } },
  ]);
  expect(anyValueOf(2 ** 60)).toEqual({ doubleValue: 2 ** 60 });
});
