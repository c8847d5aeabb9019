import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeGrpcMessage, encodeGrpcMessage, retryInfoMs, retryInfoStatus } from '../../pipeline/grpc-status.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { wireFields } from '../support/reference/otlp.ts';

describe('grpc-message', () => {
  test('any text comes back, written in printable ASCII', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), (words) => {
        const encoded = encodeGrpcMessage(words);
        expect(encoded).toMatch(/^[\u0020-\u007e]*$/);
        expect(decodeGrpcMessage(encoded)).toBe(words);
      }),
      { endOnFailure: true },
    );
  });

  test.each([
    ['100 %', '100 %25'],
    ['é\n', '%C3%A9%0A'],
    ['plain words', 'plain words'],
  ])('%j is written %s', (words, encoded) => {
    expect(encodeGrpcMessage(words)).toBe(encoded);
  });

  test.each([
    ['100%', '100%'],
    ['%zz%4', '%zz%4'],
    ['%41', 'A'],
  ])('%s, which may be no valid escape, is read as %s', (text, words) => {
    expect(decodeGrpcMessage(text)).toBe(words);
  });

  test('a long one is cut', () => {
    expect(encodeGrpcMessage('x'.repeat(100_000)).length).toBeLessThan(LIMITS.answerChars + 10);
  });
});

describe('a google.rpc.Status with a RetryInfo', () => {
  test('says its code, its words and the delay to a naive reader', () => {
    const fields = wireFields(Buffer.from(retryInfoStatus(14, 'later', 2500)));
    expect(Number(fields.find(({ number }) => number === 1)?.varint)).toBe(14);
    expect(fields.find(({ number }) => number === 2)?.content.toString()).toBe('later');
    const any = wireFields(fields.find(({ number }) => number === 3)!.content);
    expect(any[0]?.content.toString()).toBe('type.googleapis.com/google.rpc.RetryInfo');
    const delay = wireFields(wireFields(any[1]!.content)[0]!.content);
    expect(delay.map(({ number, varint }) => [number, Number(varint)])).toEqual([
      [1, 2],
      [2, 500_000_000],
    ]);
  });

  test('gives the delay back to the millisecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: LIMITS.retryAfterMaxMs }), (ms) => {
        expect(retryInfoMs(retryInfoStatus(8, 'w', ms))).toBe(ms);
      }),
      { endOnFailure: true },
    );
  });

  test('has no delay when there is none, and none that is negative or endless', () => {
    expect(retryInfoMs(new Uint8Array())).toBeUndefined();
    expect(retryInfoMs(Uint8Array.of(8, 14))).toBeUndefined();
    expect(retryInfoMs(retryInfoStatus(14, '', LIMITS.retryAfterMaxMs * 9))).toBe(LIMITS.retryAfterMaxMs);
    const type = Buffer.from('type.googleapis.com/google.rpc.RetryInfo');
    const seconds = [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]; // -1
    const any = [10, type.length, ...type, 18, seconds.length + 2, 10, seconds.length, ...seconds];
    expect(retryInfoMs(Uint8Array.from([26, any.length, ...any]))).toBe(0);
  });

  test('never throws, whatever a server sends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const ms = retryInfoMs(bytes);
        expect(ms === undefined || (ms >= 0 && ms <= LIMITS.retryAfterMaxMs)).toBe(true);
      }),
      { endOnFailure: true },
    );
  });
});
