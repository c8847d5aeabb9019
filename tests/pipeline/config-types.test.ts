import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  byteSize,
  compressionParams,
  duration,
  formatByteSize,
  formatDuration,
  parseByteSize,
  parseDuration,
  secret,
} from '../../pipeline/config-types.ts';

describe('a duration', () => {
  it.each([
    ['200ms', 200],
    ['5s', 5000],
    ['1m', 60_000],
    ['1h30m', 5_400_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['100us', 0.1],
    ['0', 0],
    ['0s', 0],
    ['1m0.5s', 60_500],
  ])('%s is %d ms, as in Go', (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each(['', '5', 's', '5 s', '-5s', '5d', '1h30', 'abc', '5s!', '1e3s'])('"%s" is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
  });

  it('is written so that it reads back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => parseDuration(formatDuration(ms)) === ms));
  });

  it('takes the number 0 and no other, as no unit says what it means', () => {
    expect(duration().parse(0)).toBe(0);
    expect(duration().safeParse(5).error?.issues[0]?.message).toContain('with its unit');
  });

  it('keeps to its range', () => {
    expect(duration({ min: 100 }).safeParse('50ms').error?.issues[0]?.message).toBe('must be at least 100ms');
    expect(duration({ max: 1000 }).safeParse('2s').error?.issues[0]?.message).toBe('must be at most 1s');
  });

  it('has a default in milliseconds', () => {
    expect(duration().default(5000).parse(undefined)).toBe(5000);
  });
});

describe('a size', () => {
  it.each([
    ['64MiB', 64 * 1024 * 1024],
    ['10MB', 10_000_000],
    ['1024', 1024],
    ['1.5 KiB', 1536],
    ['0', 0],
  ])('%s is %d bytes', (text, bytes) => {
    expect(parseByteSize(text)).toBe(bytes);
  });

  it.each(['', 'MiB', '-1', '5 XB', '1,000'])('"%s" is none', (text) => {
    expect(parseByteSize(text)).toBeUndefined();
  });

  it('takes whole numbers as bytes and nothing that is not whole', () => {
    expect(byteSize().parse(5)).toBe(5);
    expect(byteSize().safeParse(-1).success).toBe(false);
    expect(byteSize().safeParse(0.5).success).toBe(false);
  });

  it('is written so that it reads back', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 45 }), (bytes) => parseByteSize(formatByteSize(bytes)) === bytes));
  });
});

it('a secret never shows its value in a fault', () => {
  expect(JSON.stringify(secret().safeParse(12345).error?.issues)).not.toContain('12345');
});

it('matches of senders are used unless the config says never', () => {
  expect(compressionParams().parse({}).reuse).toBe('auto');
  expect(compressionParams().parse({ reuse: 'never' }).reuse).toBe('never');
  expect(compressionParams().safeParse({ reuse: 'always' }).success).toBe(false);
});
