import { expect, test } from 'vitest';
import { CORRELATION, CORRELATION_BY_POINT } from '../../../bench/windows/questions.ts';
import { askedScope } from '../../support/scope-sql.ts';

const scope = askedScope([
  `CREATE TABLE base_points AS SELECT s::UINTEGER AS series, make_timestamp_ns(p * 1000000000::BIGINT) AS time,
sin(p * (s + 1) / 40.0) + (p % (s + 2)) / 10.0 AS value FROM range(60) t(p), range(12) u(s)`,
  `CREATE VIEW points AS SELECT series AS "SeriesId", time AS "TimeUnix", value AS "Value" FROM base_points`,
]);

test('correlation of series with the same times: as lists it is what it is point by point', async () => {
  const rounded = async (sql: string): Promise<string[]> =>
    (await scope.rows(sql)).map(([one, other, r]) => `${one} ${other} ${Number(r).toFixed(9)}`).sort();
  const asLists = await rounded(CORRELATION);
  expect(asLists).toHaveLength(66);
  expect(asLists).toEqual(await rounded(CORRELATION_BY_POINT));
});
