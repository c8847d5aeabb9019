import { describe, expect, it } from 'vitest';
import { assert, InvariantError } from '../../pipeline/assert.ts';
import { ERRORS } from '../../pipeline/errors.ts';

describe('the table of errors', () => {
  const rows = Object.entries(ERRORS);

  it('is retryable exactly where OTLP lets a sender retry', () => {
    // opentelemetry-proto, docs/specification.md: 429, 502, 503, 504 are retryable; 408 is our own and asks to send again.
    const retryable = rows.filter(([, { http }]) => [408, 429, 502, 503, 504].includes(http)).map(([code]) => code);
    expect(rows.filter(([, entry]) => entry.retryable).map(([code]) => code)).toEqual(retryable);
  });

  it('gives each HTTP status a gRPC code that means as much to a client', () => {
    const retryableCodes = new Set([1, 4, 8, 10, 11, 14, 15]);
    expect(rows.filter(([, { retryable, grpc }]) => retryable && !retryableCodes.has(grpc))).toEqual([]);
  });

  it('says in a sentence what helps', () => {
    expect(rows.filter(([, { help }]) => !/^[A-Z0-9].{15,}\.$/.test(help))).toEqual([]);
  });
});

describe('assert', () => {
  it('lets the truth pass', () => {
    expect(() => assert(true, 'never')).not.toThrow();
  });

  it('names a bug of ours as one', () => {
    expect(() => assert(false, 'two and two are five')).toThrow(new InvariantError('BUG: two and two are five'));
  });
});
