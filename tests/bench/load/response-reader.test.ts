import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rejectedItems, ResponseReader } from '../../../bench/load/response-reader.ts';

const SIZED = 'HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 4\r\n\r\nabcd';
const CHUNKED = 'HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n';

describe('answers on one connection', () => {
  test.each([
    [SIZED, 200],
    [CHUNKED, 503],
  ])('are read wherever the reads are cut', (text, status) => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 4 }), (cuts) => {
        const reader = new ResponseReader();
        const edges = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const answers = edges.slice(1).map((end, i) => reader.feed(Buffer.from(text.slice(edges[i], end))));
        expect(answers.at(-1)).toEqual({ status, body: Buffer.from('abcd') });
        expect(answers.slice(0, -1).every((answer) => answer === undefined)).toBe(true);
      }),
    );
  });

  test('follow each other', () => {
    const reader = new ResponseReader();
    expect(reader.feed(Buffer.from(SIZED))?.status).toBe(200);
    expect(reader.feed(Buffer.from(CHUNKED))?.status).toBe(503);
  });

  test('that are not HTTP/1.1 are an error', () => {
    expect(() => new ResponseReader().feed(Buffer.from('SSH-2.0 hello\r\n\r\n'))).toThrow('not HTTP/1.1');
  });
});

describe('the count of rejected items in an answer', () => {
  test.each([
    ['', 0],
    ['0a00', 0],
    ['0a0308ac02', 300],
    ['0a0712056e6f206f6b', 0],
  ])('of %s is %i', (hex, count) => {
    expect(rejectedItems(Buffer.from(hex, 'hex'))).toBe(count);
  });
});
