import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowEncoder } from '../../../analytics/sql/encode.ts';
import { csvText, jsonText } from '../../../analytics/sql/value-text.ts';
import { askedScope, bodyOf } from '../../support/scope-sql.ts';

const scope = askedScope([]);
const value = async (sql: string): Promise<unknown> => (await scope.rows(`SELECT ${sql}`))[0]?.[0];

describe('a value as JSON', () => {
  it('is a number as long as every reader takes it for that number, else a text', async () => {
    for (const [sql, expected] of [
      ['1', 1],
      ['9007199254740991::BIGINT', 9007199254740991],
      ['9007199254740992::BIGINT', '9007199254740992'],
      ['-9007199254740992::BIGINT', '-9007199254740992'],
      ['18446744073709551615::UBIGINT', '18446744073709551615'],
      ['sum(2::HUGEINT)', 2],
      ['170141183460469231731687303715884105727::HUGEINT', '170141183460469231731687303715884105727'],
      ['1.25::DECIMAL(5, 2)', 1.25],
      ['12345678901234.56::DECIMAL(18, 2)', '12345678901234.56'],
      ['0.1::DOUBLE', 0.1],
      ["'nan'::DOUBLE", 'NaN'],
      ["'inf'::DOUBLE", 'Infinity'],
      ["'-inf'::FLOAT", '-Infinity'],
      ['1e300', 1e300],
    ] as const)
      expect(await value(sql), sql).toBe(expected);
  });

  it('is a time in UTC with all the digits of its type', async () => {
    for (const [sql, expected] of [
      ['make_timestamp_ns(1700000000123456789)', '2023-11-14T22:13:20.123456789Z'],
      ['make_timestamp_ns(-1)', '1969-12-31T23:59:59.999999999Z'],
      ["TIMESTAMP '1960-01-01 00:00:00.5'", '1960-01-01T00:00:00.500000Z'],
      ["TIMESTAMPTZ '2026-01-01 00:00:00+02'", '2025-12-31T22:00:00.000000Z'],
      ["'2026-01-01 00:00:00.25'::TIMESTAMP_MS", '2026-01-01T00:00:00.250Z'],
      ["'2026-01-01 00:00:00'::TIMESTAMP_S", '2026-01-01T00:00:00Z'],
      ["'infinity'::TIMESTAMP", 'infinity'],
      ["'-infinity'::TIMESTAMP", '-infinity'],
      ["'290000-01-01 00:00:00'::TIMESTAMP", '9089348860800s'],
      ["DATE '2026-01-02'", '2026-01-02'],
      ["TIME '10:00:01'", '10:00:01'],
      ["INTERVAL '1 day 2 seconds'", '1 day 00:00:02'],
    ] as const)
      expect(await value(sql), sql).toBe(expected);
  });

  it('is an object for MAP and STRUCT, an array for LIST and ARRAY, hex for BLOB, null for NULL', async () => {
    for (const [sql, expected] of [
      ["MAP {'a\"b': NULL, '': 'x'}", { 'a"b': null, '': 'x' }],
      ['MAP {1: [2]}', { '1': [2] }],
      ["MAP {DATE '2026-01-02': 1}", { '2026-01-02': 1 }],
      ["{'a': {'b': make_timestamp_ns(0)}, 'c': 1.5}", { a: { b: '1970-01-01T00:00:00.000000000Z' }, c: 1.5 }],
      ['[NULL, [1]::INT[]]', [null, [1]]],
      ['[1, 2]::INT[2]', [1, 2]],
      ["'\\xAB\\x00'::BLOB", 'ab00'],
      ['NULL', null],
      ['union_value(k := 3)', 3],
      ['true', true],
      ["'00000000-0000-0000-0000-00000000000a'::UUID", '00000000-0000-0000-0000-00000000000a'],
    ] as const)
      expect(await value(sql), sql).toEqual(expected);
  });

  it('gives any text back, whatever is in it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 40 }), async (text) => {
        // DuckDB takes no NUL in a text that comes as a parameter.
        const clean = text.replaceAll('\0', '');
        expect(await scope.rows('SELECT $1, [$1], MAP {$1: $1}', { params: [clean] })).toEqual([
          [clean, [clean], { [clean]: clean }],
        ]);
      }),
      { endOnFailure: true, numRuns: 60 },
    );
  });

  it('is the same number as in DuckDB, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.double(), async (integer, double) => {
        const [[gotInteger, gotDouble]] = (await scope.rows('SELECT $1::BIGINT, $2::DOUBLE', {
          params: [integer.toString(), Number.isFinite(double) ? double : String(double)],
        })) as [[string | number, string | number]];
        expect(BigInt(gotInteger)).toBe(integer);
        expect(Number(gotDouble)).toBe(Object.is(double, -0) ? 0 : double);
      }),
      { endOnFailure: true, numRuns: 60 },
    );
  });
});

describe('rows as CSV and NDJSON', () => {
  it('follow RFC 4180, NULL empty and an empty text quoted', async () => {
    const answer = await scope.ask("SELECT 1 AS a, 'x,\"y\"\n' AS \"b,c\", NULL AS d, '' AS e, [1, 2] AS f, {'g': 'h'} AS g", {
      format: 'csv',
    });
    expect(bodyOf(answer)).toBe('a,"b,c",d,e,f,g\r\n1,"x,""y""\n",,"","[1,2]","{""g"":""h""}"\r\n');
  });

  it('are an object a line, each column there by a name of its own', async () => {
    const answer = await scope.ask('SELECT 1 AS a, 2 AS a, NULL AS b FROM range(2)', { format: 'ndjson' });
    const lines = bodyOf(answer).trimEnd().split('\n');
    expect(lines).toHaveLength(2);
    expect(Object.values(JSON.parse(lines[0]!) as object)).toEqual([1, 2, null]);
  });

  it('count what frames them into their cap', () => {
    expect(Buffer.from(new RowEncoder('json', ['a'], { maxRows: 1, maxBytes: 2 }).end()).toString()).toBe('[]');
    expect(Buffer.from(new RowEncoder('csv', ['a', 'b c'], { maxRows: 1, maxBytes: 9 }).end()).toString()).toBe('a,b c\r\n');
  });

  it('end where one more row would be over the cap, to the byte, in any text', async () => {
    const connection = await scope.instance.connect();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: fc.constantFrom('a', 'é', '漢', '😀', '"'), maxLength: 6 }), { maxLength: 30 }),
        fc.constantFrom('json' as const, 'csv' as const, 'ndjson' as const),
        fc.integer({ min: 2, max: 400 }),
        async (texts, format, maxBytes) => {
          const values = texts.map((text) => `('${text}')`).join(', ');
          const result = await connection.run(texts.length === 0 ? 'SELECT 1 WHERE false' : `VALUES ${values}`);
          const chunk = await result.fetchChunk();
          const one = (maxRows: number): { rows: number; bytes: number; body: string } => {
            const encoder = new RowEncoder(format, ['c'], { maxRows, maxBytes: 1_000_000 });
            if (chunk !== null) encoder.add(chunk);
            const { rows } = encoder;
            const body = encoder.end();
            return { rows, bytes: body.length, body: Buffer.from(body).toString() };
          };
          // The naive twin: one row more, until it does not fit.
          let expected = one(0);
          // CSV and NDJSON keep a byte free, as JSON does for its bracket.
          const spare = format === 'json' ? 0 : 1;
          for (let rows = 1; rows <= texts.length && one(rows).bytes + spare <= maxBytes; rows++) expected = one(rows);
          const capped = new RowEncoder(format, ['c'], { maxRows: 1000, maxBytes });
          if (chunk !== null) capped.add(chunk);
          expect(capped.rows).toBe(expected.rows);
          expect(capped.truncated).toBe(expected.rows < texts.length ? 'bytes' : undefined);
          expect(Buffer.from(capped.end()).toString()).toBe(expected.body);
        },
      ),
      { endOnFailure: true, numRuns: 150 },
    );
    connection.closeSync();
  });

  it('write what is plain without quotes', () => {
    expect([csvText(null), csvText(true), csvText(5n), csvText('a b'), csvText('=1+1')]).toEqual([
      '',
      'true',
      '5',
      'a b',
      '=1+1',
    ]);
    expect([jsonText(null), jsonText(-0), jsonText(2n ** 60n)]).toEqual(['null', '0', '"1152921504606846976"']);
  });
});
