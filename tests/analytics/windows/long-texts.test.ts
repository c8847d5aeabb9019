import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppendedTable } from '../../../analytics/windows/table.ts';
import { Maps, Texts } from '../../../analytics/windows/vectors.ts';

type Row = readonly [text: Buffer, pairs: readonly (readonly [key: string, value: string])[]];

/** What SQL has of rows that were appended `perFlush` at a time: the text, and the pairs of the map. */
async function stored(rows: readonly Row[], perFlush: number): Promise<unknown[][]> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run('CREATE SCHEMA base; CREATE TABLE base.t (id UINTEGER, text VARCHAR, pairs MAP(VARCHAR, VARCHAR))');
  const table = await AppendedTable.open(connection, 't');
  const ids = new Texts();
  const texts = new Texts();
  const maps = new Maps();
  for (let from = 0; from < rows.length; from += perFlush) {
    const some = rows.slice(from, from + perFlush);
    table.append(some.length, (v, first, count) => {
      for (const [text, pairs] of some.slice(first, first + count)) {
        texts.add(text, 0, text.length);
        maps.add(pairs);
      }
      texts.write(v[1]!);
      maps.write(v[2]!);
    });
    table.flush();
  }
  expect(ids.count).toBe(0);
  const result = await connection.runAndReadAll('SELECT text, map_keys(pairs), map_values(pairs) FROM base.t');
  const found = result.getRowsJS().map(([text, keys, values]) => [text, keys, values]);
  table.close();
  connection.closeSync();
  instance.closeSync();
  return found as unknown[][];
}

const isText = (bytes: Buffer): boolean => Buffer.from(bytes.toString()).equals(bytes);
const expected = (rows: readonly Row[]): unknown[][] =>
  rows.map(([text, pairs]) => [
    isText(text) ? text.toString() : null,
    pairs.map(([key]) => key),
    pairs.map(([, value]) => value),
  ]);

const words = fc.string({ unit: 'grapheme', maxLength: 40 });
/** Short, long, and too long to go with others. */
const anyText = fc.oneof(
  words.map((text) => Buffer.from(text)),
  fc.tuple(words, fc.integer({ min: 1, max: 200 })).map(([text, times]) => Buffer.from(text.repeat(times))),
);
const pairs = fc.uniqueArray(fc.tuple(words, words), { maxLength: 5, selector: ([key]) => key });

it('texts of any length come out as they went in, whatever stands beside them and however they are cut into loads', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(anyText, pairs), { maxLength: 60 }),
      fc.integer({ min: 1, max: 60 }),
      async (rows, perFlush) => {
        expect(await stored(rows, perFlush)).toEqual(expected(rows));
      },
    ),
    { endOnFailure: true, numRuns: 40 },
  );
});

it('a text that is no UTF-8 becomes NULL by itself, in the first row or any other', async () => {
  const long = (i: number): Buffer => Buffer.from(`a text that is longer than twelve bytes, ${i}`);
  const bad = Buffer.concat([Buffer.from('bad bytes in a long text '), Buffer.from([0xff, 0xc0, 0x80])]);
  for (const at of [0, 1, 7]) {
    const rows = Array.from({ length: 8 }, (_, i): Row => [i === at ? bad : long(i), [['a key of some length', `${long(i)}`]]]);
    // The same table goes on with good ones.
    const good = rows.map(([, same], i): Row => [long(100 + i), same]);
    expect(await stored([...rows, ...good], 8)).toEqual(expected([...rows, ...good]));
  }
});

it('texts that are cut in the middle of a character are not mended by what follows them', async () => {
  const euro = Buffer.from('a long text that ends in €');
  const halves: Row[] = [
    [euro.subarray(0, -1), []],
    [Buffer.concat([euro.subarray(-1), Buffer.from(' and goes on')]), []],
  ];
  expect(await stored(halves, 2)).toEqual([
    [null, [], []],
    [null, [], []],
  ]);
});

it('more than fits into one piece of memory goes over all the same', async () => {
  const rows = Array.from({ length: 2048 }, (_, i): Row => [
    Buffer.from(`${i} `.repeat(150)),
    [[`key number ${i}`, 'x'.repeat(i % 1500)]],
  ]);
  expect(await stored(rows, 2048)).toEqual(expected(rows));
});
