import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decimal } from '../../../pipeline/otlp/decimal.ts';

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/;

function scanned(text: string): [Decimal, number] {
  const decimal = new Decimal();
  const bytes = Buffer.from(text);
  return [decimal, decimal.scan(bytes, 0, bytes.length)];
}

/** The exact integer, by BigInt; undefined when it is not whole. */
function exact(text: string): bigint | undefined {
  const [, whole = '', fraction = '', exponent = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const shift = Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return digits * 10n ** BigInt(shift);
  return digits % 10n ** BigInt(-shift) === 0n ? digits / 10n ** BigInt(-shift) : undefined;
}

const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.bigInt({ min: 0n, max: 10n ** 22n }),
    fc.option(fc.nat(99_999)),
    fc.option(fc.integer({ min: -25, max: 25 })),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent === null ? '' : `e${exponent}`}`,
  );

describe('a decimal', () => {
  it('ends where the JSON grammar of a number ends', () => {
    const anyText = fc.oneof(numberText, fc.stringMatching(/^[-+.eE01]{0,9}$/));
    fc.assert(
      fc.property(anyText, (text) => {
        const match = JSON_NUMBER.exec(text)?.[0];
        const [, end] = scanned(text);
        // A prefix such as 01 or 1. is no number followed by something else, but a wrong number.
        if (match === text) expect(end).toBe(text.length);
        else expect(end).not.toBe(text.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('is the nearest double, as JSON.parse has it', () => {
    fc.assert(
      fc.property(numberText, (text) => {
        const parsed = JSON.parse(text) as number;
        expect(Object.is(scanned(text)[0].toDouble(), parsed)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('is the exact 64-bit integer, or says why not', () => {
    const nearby = fc
      .tuple(
        fc.constantFrom(0n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n, 10n ** 10n, 10n ** 19n),
        fc.integer({ min: 0, max: 3 }),
      )
      .map(([base, more]) => String(base + BigInt(more)));
    fc.assert(
      fc.property(fc.oneof(numberText, nearby), (text) => {
        const [decimal] = scanned(text);
        const cause = decimal.toMagnitude();
        const value = exact(text);
        if (value === undefined) expect(cause).toBe('the number is not whole');
        else if (value >= 2n ** 64n) expect(cause).toBe('the number is out of range');
        else expect([cause, (BigInt(decimal.high) << 32n) + BigInt(decimal.low)]).toEqual(['', value]);
      }),
      { numRuns: 5000 },
    );
  });

  it('takes exponents of any size', () => {
    expect(scanned('0e999999999999999999999')[0].toMagnitude()).toBe('');
    expect(scanned('1e999999999999999999999')[0].toMagnitude()).toBe('the number is out of range');
    expect(scanned('1e-99999999999999999999')[0].toMagnitude()).toBe('the number is not whole');
    expect(scanned('1e999')[0].toDouble()).toBe(Infinity);
  });
});
