import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeProperties, sanitizeProperties } from '../../../pipeline/scope/properties.ts';

const nest = (depth: number): unknown => (depth === 0 ? 1 : [nest(depth - 1)]);
const reject = (properties: Record<string, unknown>) => judgeProperties(properties, { mode: 'reject' });
const loop: Record<string, unknown> = {};
loop['self'] = loop;

describe('sanitizeProperties, mode clean', () => {
  it.each([
    [
      'numbers and booleans become text',
      { a: 1.5, b: true, c: -0, d: NaN, e: 10n ** 20n },
      { a: '1.5', b: 'true', c: '0', d: 'NaN', e: '100000000000000000000' },
    ],
    ['keys keep letters, digits, _ . -', { 'a b/c': 'x', ä: 'y', 'k.1-_': 'z' }, { a_b_c: 'x', _: 'y', 'k.1-_': 'z' }],
    ['control characters become spaces', { a: 'x\r\n\ty\u0000\u001fz' }, { a: 'x   y  z' }],
    ['of two keys that become one the first stays', { 'a b': 1, 'a/b': 2, a_b: 3 }, { a_b: '1' }],
    ['what carries nothing is left out', { a: null, b: undefined, c: () => 1, d: Symbol('x'), e: '' }, { e: '' }],
    [
      'objects become JSON',
      { a: { x: [1, 'q"', null, undefined, NaN], y: undefined, z: new Date(0) } },
      { a: '{"x":[1,"q\\"",null,null,"NaN"],"z":"1970-01-01T00:00:00.000Z"}' },
    ],
    ['dates are text', { a: new Date(0), b: new Date(NaN) }, { a: '1970-01-01T00:00:00.000Z', b: 'null' }],
    ['bytes are base64', { a: new Uint8Array([1, 2, 255]) }, { a: '"AQL/"' }],
    ['half a character is mended', { a: 'x\ud800y' }, { a: 'x\ufffdy' }],
  ])('%s', (_, input, output) => {
    expect(sanitizeProperties(input)).toEqual(output);
  });

  it('cuts values at 1,024 characters, never inside one', () => {
    expect([...sanitizeProperties({ a: '𝄞'.repeat(2000) })['a']!]).toHaveLength(1024);
    expect(sanitizeProperties({ a: Array.from({ length: 5000 }, (_, n) => n) })['a']).toHaveLength(1024);
  });

  it('SQL, script and shell text stays text', () => {
    const input = { a: "'; DROP TABLE metrics; --", b: '<script>alert(1)</script>', c: '$(rm -rf /)' };
    expect(sanitizeProperties(input)).toEqual(input);
  });

  it('nesting to 8 is text, deeper or endless is refused by name', () => {
    expect(sanitizeProperties({ a: nest(8) })).toEqual({ a: '[[[[[[[[1]]]]]]]]' });
    expect(() => sanitizeProperties({ fine: 1, deep: nest(9) })).toThrow(
      new RangeError('cannot accept property "deep": it nests deeper than 8; flatten it'),
    );
    expect(judgeProperties({ loop })).toMatchObject({ ok: false, key: 'loop' });
  });

  it('the text of what is nested is JSON, as far as it is kept', () => {
    const nested = fc.jsonValue({ maxDepth: 7 }).filter((value) => typeof value === 'object' && value !== null);
    fc.assert(
      fc.property(nested, (value) => {
        expect(sanitizeProperties({ value })['value']).toBe([...JSON.stringify(value)].slice(0, 1024).join(''));
      }),
      { endOnFailure: true },
    );
    const long = { list: ['𝄞"\n'.repeat(900), 'x'.repeat(3000), 'never seen'] };
    expect(sanitizeProperties({ long })['long']).toBe([...JSON.stringify(long)].slice(0, 1024).join(''));
  });

  it('a value that is wide and deep ends when its text is full', () => {
    let wide: unknown = 1;
    for (let depth = 0; depth < 7; depth++) wide = Array.from({ length: 1000 }, () => wide);
    expect(sanitizeProperties({ wide })['wide']).toHaveLength(1024);
  });

  it('a key __proto__ is a key', () => {
    const clean = sanitizeProperties(JSON.parse('{"__proto__": "x", "constructor": "y"}') as Record<string, unknown>);
    expect(Object.entries(clean)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(clean)).toBe(Object.prototype);
  });

  it('holds its rules for anything, and cleaning what is clean changes nothing', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.anything({ maxDepth: 3, withBigInt: true, withDate: true })),
        (input) => {
          const judged = judgeProperties(input);
          if (!judged.ok) return;
          for (const [key, value] of Object.entries(judged.properties)) {
            expect(key).toMatch(/^[\w.-]*$/);
            // eslint-disable-next-line no-control-regex -- what must not be there
            expect(value).not.toMatch(/[\u0000-\u001f]/);
            expect([...value].length).toBeLessThanOrEqual(1024);
          }
          expect(sanitizeProperties(judged.properties)).toEqual(judged.properties);
        },
      ),
      { endOnFailure: true },
    );
  });

  it.each([null, undefined])('%j has no properties', (input) => {
    expect(sanitizeProperties(input as never)).toEqual({});
  });
});

describe('sanitizeProperties, mode reject', () => {
  it('passes what keeps every rule, as text', () => {
    expect(reject({ a: 'plain text, (really)', n: -1.5, b: false, i: 7n })).toEqual({
      ok: true,
      properties: { a: 'plain text, (really)', n: '-1.5', b: 'false', i: '7' },
    });
  });

  it.each([
    ['a key', { 'a b': 1 }, 'cannot accept property "a b": a key is made of'],
    ['a long key', { ['k'.repeat(257)]: 1 }, 'a key has at most 256'],
    ['a long value', { a: 'v'.repeat(10_001) }, 'a value has at most 10000'],
    ['a URL', { a: 'http://x/y' }, 'does not match'],
    ['a script', { a: '<script>' }, 'does not match'],
    ['not normal form C', { a: 'e\u0301' }, 'does not match'],
    ['no number', { a: NaN }, 'no plain number'],
    ['a large number', { a: 1e300 }, 'no plain number'],
    ['nested', { a: [1] }, 'no text, number or boolean'],
    [
      'too many',
      Object.fromEntries(Array.from({ length: 101 }, (_, n) => [`k${n}`, n])),
      'cannot accept the properties: 101 are more than the 100',
    ],
  ])('%s is refused with a message', (_, input, message) => {
    const judged = reject(input);
    expect(judged.ok ? '' : judged.message).toContain(message);
    expect(() => sanitizeProperties(input, { mode: 'reject' })).toThrow(RangeError);
  });

  it('the pattern can be another one', () => {
    const rules = { mode: 'reject', valuePattern: /^[\p{L}\p{M}:/.]*$/gu } as const;
    expect(judgeProperties({ a: 'http://ä/y', b: 'http://x' }, rules).ok).toBe(true);
    expect(judgeProperties({ a: 'e\u0301' }, rules)).toMatchObject({
      ok: false,
      message: expect.stringContaining('normal form C'),
    });
  });
});
