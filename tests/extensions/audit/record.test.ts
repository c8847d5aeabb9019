import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressOf, canonical, recordOf, type Draft } from '../../../extensions/audit/record.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

const DRAFT: Draft = { type: 'AUTH', severity: 'WARN', action: 'token_expired', result: 'FAILURE', atMs: 1_700_000_000_123 };

describe('the canonical form', () => {
  // RFC 8785, section 3.2.3 and appendix B.
  test('sorts keys by UTF-16 units, as the example of RFC 8785 does', () => {
    const value = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\u{1f600}': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Object.keys(JSON.parse(canonical(value)) as object)).toHaveLength(7);
    const texts = ['\\r', '1', '\u0080', '\u00f6', '\u20ac', '\u{1f600}', '\ufb33'];
    const places = texts.map((key) => canonical(value).indexOf(`"${key}":`));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test('writes numbers as ECMAScript does', () => {
    expect(canonical([333333333.3333333, 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0])).toBe(
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,0]',
    );
  });

  test('is the same whatever the order of keys, and means the same', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonical(turned)).toBe(canonical(value));
        expect(JSON.parse(canonical(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
      { endOnFailure: true },
    );
  });
});

describe('a record', () => {
  test('has what was said and nothing else', () => {
    expect(recordOf(DRAFT, 7)).toEqual({
      seq: 7,
      time: '2023-11-14T22:13:20.123Z',
      type: 'AUTH',
      severity: 'WARN',
      action: 'token_expired',
      result: 'FAILURE',
    });
  });

  test('is one line of valid UTF-8 and of bounded length, whatever a sender puts into its texts', () => {
    const longest = LIMITS.auditTextChars * 4;
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 2000 }),
        fc.dictionary(fc.string(), fc.string(), { maxKeys: 60 }),
        (text, details) => {
          const record = recordOf({ ...DRAFT, user: text, client: text, scope: text, details }, 0);
          const line = canonical(record);
          expect(line).not.toMatch(/\p{Cc}/u);
          expect(Buffer.from(line).toString()).toBe(line);
          for (const value of [record.user, record.scope, record.client ?? ''])
            expect(value!.length).toBeLessThanOrEqual(longest);
          expect(Object.keys(record.details!).length).toBeLessThanOrEqual(LIMITS.auditDetails);
        },
      ),
      { endOnFailure: true },
    );
  });

  test('takes numbers that JSON has not', () => {
    expect(recordOf({ ...DRAFT, details: { a: NaN, b: Infinity, c: 1.5, d: true } }, 0).details).toEqual({
      a: 'NaN',
      b: 'Infinity',
      c: 1.5,
      d: true,
    });
  });
});

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['0000:0000:0000:0000:0000:ffff:7f00:0001', '127.0.0.1'],
  ['::ffff:7f00:1', '127.0.0.1'],
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
  ['FE80::1', 'fe80::1'],
  ['::1', '::1'],
  ['not an address', 'not an address'],
  ['*', '*'],
  ['::', '::'],
  [':::::', ':::::'],
])('the address %s is written %s', (written, address) => {
  expect(addressOf(written)).toBe(address);
  expect(addressOf(address)).toBe(address);
});
