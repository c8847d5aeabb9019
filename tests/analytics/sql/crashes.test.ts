import { describe, expect, it } from 'vitest';
import { askedScope, SMALL_TABLES } from '../../support/scope-sql.ts';

const scope = askedScope(SMALL_TABLES);
const nested = (depth: number, [open, close] = ['[', ']']): string =>
  `repeat('${open}', ${depth}) || '1' || repeat('${close}', ${depth})`;
const DEEP = nested(100_000);
const OBJECTS = nested(100_000, ['{"a":', '}']);

/** Each ended the process when this was written, or kept it from hearing anything: the code that answers instead. */
describe('a query that DuckDB does not survive', () => {
  it.each([
    ['the structure of JSON that nests deep', `SELECT json_structure(${DEEP})`],
    ['the same of a group', `SELECT json_group_structure(${DEEP})`],
    ['two deep objects made one', `SELECT json_merge_patch(${OBJECTS}, ${OBJECTS})`],
    ['a type as deep JSON', `SELECT from_json('1', ${nested(20_000)})`],
    ['the same by its other names', `SELECT json_transform('1', ${nested(20_000)}), from_json_strict('1', '"INT"')`],
    ['deep JSON as a VARIANT', `SELECT (${DEEP})::JSON::VARIANT`],
    ['the same in a list', `SELECT TRY_CAST([${DEEP}]::JSON[] AS VARIANT[])`],
    ['the same in a struct', `SELECT {'a': (${DEEP})::JSON}::STRUCT(a VARIANT)`],
    ['a GLOB whose stars multiply', "SELECT repeat('a', 40) GLOB repeat('*a', 16) || 'b'"],
  ])('%s is refused', async (_, sql) => {
    expect(await scope.ask(sql)).toMatchObject({ ok: false, code: 'SQL_FORBIDDEN' });
  });

  it.each([
    ['deep JSON is valid', `SELECT json_valid(${DEEP})`],
    ['deep JSON has a length', `SELECT json_array_length(${DEEP})`],
    ['deep JSON holds', `SELECT json_contains(${DEEP}, '1')`],
    ['deep JSON has a type', `SELECT json_type(${DEEP}), json_type(${OBJECTS}, '$.a.a')`],
    ['deep JSON has keys', `SELECT json_keys(${OBJECTS})`],
    ['deep JSON becomes a list', `SELECT len((${DEEP})::JSON::JSON[])`],
    ['deep JSON becomes a map', `SELECT cardinality((${OBJECTS})::JSON::MAP(VARCHAR, JSON))`],
    ['deep JSON is asked for a member', `SELECT (${OBJECTS})::JSON -> 'a' ->> 'b'`],
    ['deep JSON is grouped', `SELECT length(json_group_array((${DEEP})::JSON))`],
    ['deep text becomes a list', `SELECT TRY_CAST(${DEEP} AS INT[][])`],
    ['many stars in LIKE', "SELECT repeat('a', 2000) LIKE repeat('%a', 500) || 'b'"],
  ])('%s, and it lives', async (_, sql) => {
    expect(await scope.ask(sql)).toMatchObject({ ok: true });
  });
});
