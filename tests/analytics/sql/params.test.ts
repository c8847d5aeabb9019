import { describe, expect, it } from 'vitest';
import { bindParams } from '../../../analytics/sql/params.ts';
import { askedScope, SMALL_TABLES } from '../../support/scope-sql.ts';

const scope = askedScope(SMALL_TABLES);

describe('parameters', () => {
  it('stand by place or by name, and are values, never SQL', async () => {
    expect(await scope.rows('SELECT ? || ?', { params: ['a', "'; DROP TABLE numbers; --"] })).toEqual([
      ["a'; DROP TABLE numbers; --"],
    ]);
    expect(await scope.rows('SELECT $2, $1, $2', { params: [1, 2] })).toEqual([[2, 1, 2]]);
    expect(await scope.rows('SELECT $a + $b', { params: { a: 1, b: 2.5 } })).toEqual([[3.5]]);
    expect(await scope.rows('SELECT name FROM numbers ORDER BY i LIMIT $n', { params: { n: 1 } })).toEqual([['n0']]);
  });

  it('are null, booleans, whole and other numbers, texts, and lists of these', async () => {
    expect(
      await scope.rows('SELECT typeof($1), typeof($2), typeof($3), typeof($4), typeof($5), typeof($6), typeof($7)', {
        params: [null, true, 1, 1.5, 'x', [1, null], [1, 2.5]],
      }),
    ).toEqual([['"NULL"', 'BOOLEAN', 'BIGINT', 'DOUBLE', 'VARCHAR', 'BIGINT[]', 'DOUBLE[]']]);
    expect(
      await scope.rows('SELECT count(*) FROM numbers WHERE name = ANY($names)', { params: { names: ['n1', 'n2'] } }),
    ).toEqual([[2]]);
    expect(await scope.rows('SELECT len($1), len($2)', { params: [[], [true, false].map(String)] })).toEqual([[0, 2]]);
  });

  it('that are missing, too many or something else are refused by name', async () => {
    for (const [sql, params, cause] of [
      ['SELECT $a', {}, 'no value for $a'],
      ['SELECT ?, ?', [1], 'no value for $2'],
      ['SELECT 1', [1], 'the query has no $1'],
      ['SELECT $a', { a: 1, b: 2 }, 'the query has no $b'],
      ['SELECT $toString', {}, 'no value for $toString'],
      ['SELECT $a', { a: {} }, '$a is neither'],
      ['SELECT $a', { a: [1, 'x'] }, '$a is a list of different things'],
      ['SELECT $a', { a: [[1]] }, '$a is a list of something else'],
    ] as const)
      expect(await scope.ask(sql, { params }), sql).toMatchObject({
        code: 'SQL_INVALID',
        message: expect.stringContaining(`cannot bind the parameters: ${cause}`),
      });
    expect(await scope.ask('SELECT $1, $a', { params: [1] })).toMatchObject({ code: 'SQL_INVALID' });
  });

  it('leave a statement without any alone', async () => {
    const prepared = await scope.own.prepare('SELECT 1');
    expect(bindParams(prepared, [])).toBeUndefined();
    prepared.destroySync();
  });
});
