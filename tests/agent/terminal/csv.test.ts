import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { csvText } from '../../../agent/terminal/csv.ts';

describe('CSV', () => {
  it('is read back as it was written', () => {
    const cells = fc.string({ unit: fc.constantFrom(...'ab ,"\r\n;é1') });
    fc.assert(
      fc.property(fc.array(fc.tuple(cells, cells), { minLength: 1 }), (rows) => {
        const text = csvText(['x', 'y'], rows);
        const read: string[][] = [[]];
        for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
          (read.at(-1) as string[]).push(quoted === undefined ? (plain ?? '') : quoted.replaceAll('""', '"'));
          if (end === '\r\n') read.push([]);
        }
        // A cell that begins like a formula gets a quote before it.
        expect(read.slice(1, -1)).toEqual(rows.map((row) => row.map((cell) => (/^[\r\t\n]/.test(cell) ? `'${cell}` : cell))));
      }),
      { endOnFailure: true },
    );
  });

  it.each(['\n=1+1', '\uff1d1+1', '\uff0b1', '\uff0d1+1', '\uff20x'])(
    'holds none either that begins as some spreadsheets take one: %j',
    (formula) => {
      expect(csvText(['a'], [[formula]])).toMatch(/^a\r\n"?'/);
    },
  );

  it('holds no formula and leaves numbers alone', () => {
    expect(csvText(['a'], [['=1+1'], ['-5'], ['@x'], ['+49 30'], [-2.5], [null], [{ a: 1 }]])).toBe(
      'a\r\n\'=1+1\r\n-5\r\n\'@x\r\n\'+49 30\r\n-2.5\r\n\r\n"{""a"":1}"\r\n',
    );
  });
});
