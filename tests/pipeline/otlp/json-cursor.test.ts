import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrowingBuffer } from '../../../pipeline/otlp/growing-buffer.ts';
import { JsonCursor, unescape } from '../../../pipeline/otlp/json-cursor.ts';

/** Whether the cursor takes the text as one JSON value from end to end. */
function takes(text: string): boolean {
  const cursor = new JsonCursor(Buffer.from(text));
  return cursor.skip() && cursor.next() === -1;
}
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the JSON cursor', () => {
  it('takes exactly what JSON.parse takes', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '""',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'false',
      'null',
      ' ',
      '\n',
      '\\',
      '\\n',
      '\\u00e9',
      '\\ud800',
      'é',
      '\u0001',
    );
    const text = fc.oneof(
      fc.json(),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
      fc
        .tuple(fc.json(), fc.nat(), piece)
        .map(([json, at, more]) => json.slice(0, at % (json.length + 1)) + more + json.slice(at % (json.length + 1))),
      fc.tuple(fc.json(), fc.nat()).map(([json, at]) => json.slice(0, at % (json.length + 1))),
    );
    fc.assert(
      fc.property(text, (json) => {
        expect(takes(json)).toBe(isJson(json));
      }),
      { numRuns: 5000 },
    );
  });

  it('takes down a string as JSON.parse does, lone surrogates aside', () => {
    const letter = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 3 }).map((text) => JSON.stringify(text).slice(1, -1)),
      fc.nat(0xffff).map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`),
      fc
        .nat(0xfffff)
        .map((point) =>
          [...String.fromCodePoint(point + 0x10000)]
            .map((pair) => `\\u${pair.charCodeAt(0).toString(16)}\\u${pair.charCodeAt(1).toString(16)}`)
            .join(''),
        ),
    );
    fc.assert(
      fc.property(fc.array(letter), (letters) => {
        const json = `"${letters.join('')}"`;
        const cursor = new JsonCursor(Buffer.from(json));
        expect(cursor.string()).toBe(true);
        const out = new GrowingBuffer();
        unescape(cursor.bytes, cursor.textStart, cursor.textEnd, out);
        expect(Buffer.from(out.take()).toString()).toBe((JSON.parse(json) as string).replaceAll(/\p{Surrogate}/gu, '\ufffd'));
      }),
      { numRuns: 1000 },
    );
  });

  it('notes the cause, the byte and the path of a fault', () => {
    const cursor = new JsonCursor(Buffer.from('[1,]'));
    expect(cursor.skip()).toBe(false);
    expect(cursor.cause).toBe('this is not JSON (byte 3)');
    expect(cursor.within('[1]')).toBe(false);
    cursor.within('.a');
    expect(cursor.path).toEqual(['.a', '[1]']);
  });
});
