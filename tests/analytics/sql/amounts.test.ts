import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../../../pipeline/limits.ts';
import { askedScope, SMALL_TABLES } from '../../support/scope-sql.ts';

const scope = askedScope(SMALL_TABLES);
const BILLION = 1_000_000_000;

/** Each kept the process busy, or took its memory, until it was killed, with the windows of all scopes. */
describe('a call that makes much of a number is refused before it runs:', () => {
  it.each([
    ['repeat', `repeat('x', ${BILLION})`],
    ['the same by a dot', `name.repeat(${BILLION})`],
    ['a list that is repeated', `repeat([1], ${BILLION})`],
    ['what a double says', `repeat('x', 1e9)`],
    ['what a decimal says', `repeat('x', 1000000000.5)`],
    ['what arithmetic says', `repeat('x', 1000 * 1000 * 1000)`, `repeat('x', 5 - -${BILLION})`],
    ['what a column says', `repeat('x', i)`, `repeat('x', i::INT * 1000)`],
    ['what a text says', `repeat('x', '${BILLION}'::INT)`],
    ['what a subquery says', `repeat('x', (SELECT ${BILLION}))`],
    ['what a parameter says', `repeat('x', ?)`],
    ['what a lambda says', `list_transform(range(1000000), x -> repeat('y', x))`],
    ['what least says without a number', `repeat('x', least(i, NULL))`, `repeat('x', least(i, j % 5))`],
    ['what greatest says', `repeat('x', greatest(5, i))`],
    ['one way of CASE', `repeat('x', CASE WHEN i > 1 THEN 5 ELSE i END)`],
    ['padding', `lpad('x', ${BILLION}, 'y')`, `rpad('x', ${BILLION}, 'y')`],
    ['bits', `bitstring('1', ${BILLION})`],
    ['a list that is made longer', `list_resize([1], ${BILLION})`, `array_resize([1], ${BILLION}, 7)`],
    ['a series', `range(${BILLION})`, `generate_series(1, ${BILLION})`, `range(i)`, `range(-${BILLION}, 0)`],
    ['a series by steps', `range(0, ${BILLION}, 10)`, `range(${BILLION}, 0, -10)`, `range(0, 10, i)`],
    ['a series of times', `generate_series(TIMESTAMP '2000-01-01', TIMESTAMP '2100-01-01', INTERVAL 1 SECOND)`],
    ['a width', `format('{:${BILLION}}', 1)`, `printf('%${BILLION}d', 1)`],
    ['a precision', `format('{:.${BILLION}f}', 1.0)`, `printf('%.${BILLION}f', 1.0)`, `format('{0:>{1}.${BILLION}}', 1.0)`],
    ['a width that is an argument', `format('{:{}}', 1, ${BILLION})`, `printf('%*d', ${BILLION}, 1)`],
    ['a format that is no constant', `format(name, 1)`, `printf('%' || ${BILLION} || 'd', 1)`],
    ['a sample', `reservoir_quantile(i, 0.5, ${BILLION})`],
    ['an array', `NULL::INT[100000][100000]`],
  ])('%s', async (_, ...calls) => {
    for (const call of calls) {
      const answer = await scope.ask(`SELECT ${call} FROM (SELECT i, i AS j, name FROM numbers LIMIT 1)`);
      expect(answer, call).toMatchObject({ ok: false, code: 'SQL_FORBIDDEN' });
    }
    expect(scope.told).toEqual({ stuck: 0, broken: 0 });
  });

  it('wherever it stands', async () => {
    const call = `length(repeat('x', ${BILLION}))`;
    for (const sql of [
      `SELECT 1 FROM numbers WHERE ${call} > 1`,
      `SELECT 1 FROM numbers ORDER BY ${call}`,
      `SELECT max(i) FILTER (${call} > 1) FROM numbers`,
      `SELECT max(i) OVER (ORDER BY ${call}) FROM numbers`,
      `WITH t AS (SELECT ${call}) FROM t`,
      `SELECT (SELECT ${call})`,
      `FROM range(${call})`,
      `FROM unnest(range(${BILLION}))`,
      `EXPLAIN SELECT ${call}`,
      `SELECT 1 LIMIT ${call}`,
    ])
      expect(await scope.ask(sql), sql).toMatchObject({ ok: false, code: 'SQL_FORBIDDEN' });
  });

  it('and it says what to write instead', async () => {
    expect(await scope.ask(`SELECT repeat('x', i) FROM numbers`)).toMatchObject({
      message: `cannot run the query: repeat may make more than ${LIMITS.sqlAmount} at once; with least(…, ${LIMITS.sqlAmount}) it does not`,
    });
    expect(await scope.ask(`SELECT unnest(range(${BILLION}))`)).toMatchObject({
      message: `cannot run the query: range may make more than ${LIMITS.sqlAmount} at once; in FROM range may make any number of rows`,
    });
  });
});

describe('a call whose number has a bound runs:', () => {
  it.each([
    ['a number', `repeat('x', 3)`, 'xxx'],
    ['NULL of it', `repeat(NULL, 3)`, null],
    ['none', `repeat('x', -5)`, ''],
    ['as much as may be', `length(repeat('x', ${LIMITS.sqlAmount}))`, LIMITS.sqlAmount],
    ['least', `repeat('x', least(i, 2))`, 'xx'],
    ['a bar', `repeat('#', least(round(i / 1000.0), 80)::INT)`, '#####'],
    ['a small type', `repeat('x', (i % 7)::UTINYINT)`, 'x'],
    ['what is left of a division', `repeat('x', (i % 3)::INT)`, 'x'],
    ['a length', `rpad('x', length(name)::INT, '.')`, 'x....'],
    ['one of several numbers', `repeat('x', CASE WHEN i > 1 THEN 2 ELSE 3 END)`, 'xx'],
    ['arithmetic', `repeat('x', 2 * (3 - 1))`, 'xxxx'],
    ['a part of a time', `length(lpad('x', month(TIMESTAMP '2020-05-01')::INT, '0'))`, 5],
    ['a series', 'range(1, 7, 2)', [1, 3, 5]],
    ['a series down', 'range(3, 0, -1)', [3, 2, 1]],
    ['a list', '[x * 2 FOR x IN range(3)]', [0, 2, 4]],
    ['each of a list', 'list_transform(range(len([7, 8])), n -> n + 1)', [1, 2]],
    ['a format', 'format(\'{{"n": {:>4}, {} {1:.2f}}}\', 5, 6.0)', undefined],
    ['a width', "printf('%5d|%-4s|%%', 42, 'x')", '   42|x   |%'],
    ['numbers in a text that is no width', "format('{} of 20260101120000', 1)", '1 of 20260101120000'],
  ])('%s', async (_, call, expected) => {
    const answer = await scope.ask(`SELECT ${call} FROM (SELECT * FROM numbers WHERE i = 4999)`);
    if (expected === undefined) expect(answer).not.toMatchObject({ code: 'SQL_FORBIDDEN' });
    else expect(await scope.rows(`SELECT ${call} FROM (SELECT * FROM numbers WHERE i = 4999)`)).toEqual([[expected]]);
  });

  it('and in FROM a series has as many rows as it likes, of columns and of times, too', async () => {
    expect(await scope.rows('SELECT count(*) FROM range(5000000)')).toEqual([[5_000_000]]);
    expect(await scope.rows('SELECT count(*) FROM (SELECT 3000000 AS n) t, range(t.n) r')).toEqual([[3_000_000]]);
    const hours = "generate_series(TIMESTAMP '2020-01-01', TIMESTAMP '2020-01-02', INTERVAL 1 HOUR)";
    expect(await scope.rows(`SELECT count(*) FROM ${hours}`)).toEqual([[25]]);
  });

  /** Any arithmetic: what may run makes no more than the bound, whatever the columns say. */
  it('never with more than it may, whatever is calculated', async () => {
    const leaf = fc.oneof(
      fc.constantFrom('i', 'j', 'NULL', 'length(name)'),
      fc.integer({ min: -3000, max: 3000 }).map(String),
      fc.constantFrom('1.5', '2e3', '300::UTINYINT', '0'),
    );
    const { expression } = fc.letrec<{ expression: string }>((tie) => ({
      expression: fc.oneof(
        { maxDepth: 4 },
        leaf,
        fc
          .tuple(tie('expression'), fc.constantFrom('+', '-', '*', '/', '//', '%'), tie('expression'))
          .map(([a, sign, b]) => `(${a} ${sign} ${b})`),
        fc
          .tuple(fc.constantFrom('least', 'greatest', 'coalesce'), tie('expression'), tie('expression'))
          .map(([name, a, b]) => `${name}(${a}, ${b})`),
        fc.tuple(fc.constantFrom('abs', 'round', 'floor', 'ceil', '-'), tie('expression')).map(([name, a]) => `${name}(${a})`),
        fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `CASE WHEN i > 7 THEN ${a} ELSE ${b} END`),
        tie('expression').map((a) => `TRY_CAST(${a} AS SMALLINT)`),
      ),
    }));
    const rows = "(VALUES (4999, NULL, 'abc'), (NULL, 8, NULL), (-70000, 1000000007, '')) t(i, j, name)";
    let ran = 0;
    await fc.assert(
      fc.asyncProperty(expression, async (text) => {
        const judged = await scope.ask(`SELECT repeat('x', TRY_CAST(${text} AS BIGINT)) FROM numbers LIMIT 0`);
        if (!judged.ok && judged.code === 'SQL_FORBIDDEN') return;
        const amount = await scope.ask(`SELECT max(TRY_CAST(${text} AS BIGINT)) FROM ${rows}`);
        if (!amount.ok) return;
        ran += 1;
        const [[most]] = JSON.parse(Buffer.from(amount.body).toString()) as [[number | string | null]];
        expect(Number(most ?? 0)).toBeLessThanOrEqual(LIMITS.sqlAmount + 1);
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(ran).toBeGreaterThan(20);
  });
});
