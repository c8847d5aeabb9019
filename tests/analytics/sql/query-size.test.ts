import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { askedScope, SMALL_TABLES } from '../../support/scope-sql.ts';

const scope = askedScope(SMALL_TABLES);

/** t0 is `first`, and each of `levels` more is made of the one before it. */
function chain(levels: number, first: string, next: (table: string) => string, more = ''): string {
  const steps = Array.from({ length: levels }, (_, n) => `, t${n + 1} AS ${more}(${next(`t${n}`)})`);
  return `WITH t0 AS ${more}(${first})${steps.join('')} SELECT * FROM t${levels}`;
}
const times = (count: number, text: (n: number) => string): string => Array.from({ length: count }, (_, n) => text(n)).join(', ');

/** Each kept the process busy until it was killed, with the windows of all scopes, or took all its memory. */
describe('a text that multiplies itself while it is read is refused at once:', () => {
  it.each([
    ['stars that double', chain(25, 'SELECT 1 AS x, 2 AS y', (table) => `SELECT *, * FROM ${table}`)],
    ['the same, only explained', `EXPLAIN ${chain(25, 'SELECT 1 AS x, 2 AS y', (table) => `SELECT *, * FROM ${table}`)}`],
    ['the same in subqueries', `${'SELECT *, * FROM ('.repeat(25)}SELECT 1, 2${')'.repeat(25)}`],
    [
      'the same in a lateral join',
      `SELECT * FROM (${chain(25, 'SELECT 1', (table) => `SELECT *, * FROM ${table}`)}), LATERAL (SELECT 1)`,
    ],
    ['the same in EXISTS', `SELECT EXISTS (${chain(25, 'SELECT 1', (table) => `SELECT *, * FROM ${table}`)})`],
    ['the same in one half of a UNION', `SELECT 1 UNION ALL (${chain(25, 'SELECT 1', (table) => `SELECT *, * FROM ${table}`)})`],
    ['tables that are joined with themselves', chain(25, 'SELECT 1 AS x', (table) => `SELECT * FROM ${table} a, ${table} b`)],
    ['many stars over many columns', `SELECT ${'*, '.repeat(1000)}1 FROM (SELECT ${times(1000, String)})`],
    ['stars over a name of 50,000 characters', `SELECT ${'*, '.repeat(5000)}1 FROM (SELECT 1 AS "${'x'.repeat(40_000)}", 2, 3)`],
    ['COLUMNS(*) in a long expression', `SELECT ${'COLUMNS(*) + '.repeat(50)}1 FROM (SELECT ${times(1000, String)})`],
    ['COLUMNS(*) in a condition', `SELECT 1 FROM (SELECT ${times(1000, String)}) WHERE ${'COLUMNS(*) + '.repeat(50)}1 > 0`],
    ['aliases of aliases', `SELECT 1 AS a0, ${times(40, (n) => `a${n} + a${n} AS a${n + 1}`)}`],
    [
      'the same in a condition',
      `SELECT 1 AS a0, ${times(14, (n) => `a${n} + a${n} AS a${n + 1}`)} FROM numbers WHERE a14 + a14 > 1`,
    ],
    [
      'a WITH that is copied for each use',
      chain(22, 'SELECT 1 AS x', (table) => `SELECT a.x FROM ${table} a, ${table} b`, 'NOT MATERIALIZED '),
    ],
    [
      'a struct of two that are the same',
      chain(30, "SELECT {'a': 1} AS x", (table) => `SELECT {'a': x, 'b': x} AS x FROM ${table}`),
    ],
    ['the same in rows', chain(30, 'SELECT (1, 2) AS x', (table) => `SELECT (x, x) AS x FROM ${table}`)],
    ['lists in lists', `SELECT ${'['.repeat(900)}1${']'.repeat(900)}`],
    ['the same as a type', `SELECT NULL::INT${'[]'.repeat(900)}`],
    ['the same level by level', chain(60, 'SELECT [1] AS x', (table) => `SELECT [x] AS x FROM ${table}`)],
    [
      'a pivot to many columns',
      `SELECT * FROM (PIVOT (SELECT i, i AS k FROM numbers) ON k IN (${times(9000, String)}) USING sum(i), max(i))`,
    ],
    ['a struct of many members, taken apart', `SELECT unnest({${times(4000, (n) => `'a${n}': 1`)}})`],
    ['a summary of many columns', `SUMMARIZE (SELECT ${times(4000, (n) => `1 AS a${n}`)})`],
  ])('%s', async (_, sql) => {
    const began = performance.now();
    expect(await scope.ask(sql)).toMatchObject({ ok: false, code: 'SQL_FORBIDDEN' });
    // No time is asserted: all that is asked is that it was not left to DuckDB, which would have been interrupted.
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(scope.told).toEqual({ stuck: 0, broken: 0 });
  });

  it('says by what', async () => {
    expect(await scope.ask(chain(25, 'SELECT 1, 2', (table) => `SELECT *, * FROM ${table}`))).toMatchObject({
      message: `cannot run the query: it comes to more than ${LIMITS.sqlColumns} columns, with each * written out`,
    });
    expect(await scope.ask(`SELECT 1 AS a0, ${times(40, (n) => `a${n} + a${n} AS a${n + 1}`)}`)).toMatchObject({
      message: `cannot run the query: it comes to more than ${LIMITS.sqlExpressions} expressions, with each alias, * and WITH written out`,
    });
  });
});

describe('a large text that grows as it reads runs:', () => {
  it.each([
    ['long lists of values', `SELECT count(*) FROM numbers WHERE i IN (${times(5000, String)})`],
    ['many rows of VALUES', `SELECT count(*) FROM (VALUES ${times(2000, (n) => `(${n}, 'x', ${n} + 1)`)})`],
    ['many columns', `SELECT ${times(1000, (n) => `i + ${n} AS c${n}`)} FROM numbers LIMIT 1`],
    ['a hundred steps of WITH', chain(100, 'SELECT i, name FROM numbers', (table) => `SELECT * FROM ${table} WHERE i > 1`)],
    ['aliases that are used again', `SELECT i AS a0, ${times(10, (n) => `a${n} * 2 + a${n} AS a${n + 1}`)} FROM numbers LIMIT 1`],
    [
      'a WITH that is used often',
      `WITH t AS (SELECT i FROM numbers WHERE i < 3) SELECT count(*) FROM ${times(9, (n) => `t t${n}`)}`,
    ],
    ['many UNIONs', `SELECT 0${times(400, (n) => ` UNION ALL SELECT ${n}`).replaceAll(',', '')}`],
    ['structs of structs', "SELECT {'a': {'b': [{'c': [1, 2]}]}, 'd': MAP {'e': [{'f': 1}]}} AS s"],
    ['a struct of each row, grouped', "SELECT list({'i': i, 'name': name}) FROM numbers GROUP BY i % 3"],
    ['a pivot', 'SELECT * FROM (PIVOT numbers ON i IN (1, 2, 3) USING count(*), max(name) GROUP BY name) LIMIT 2'],
    ['all columns by an expression', 'SELECT max(COLUMNS(*)), min(COLUMNS(*)) FROM numbers'],
    [
      'a recursion',
      'WITH RECURSIVE t AS (SELECT 1 AS n, [1] AS path UNION ALL SELECT n + 1, list_append(path, n) FROM t WHERE n < 90) SELECT max(n) FROM t',
    ],
    ['a summary', 'SUMMARIZE numbers'],
  ])('%s', async (_, sql) => {
    expect(await scope.ask(sql)).toMatchObject({ ok: true });
  });
});
