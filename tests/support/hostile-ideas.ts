import { join } from 'node:path';

/** In a file of the machine. */
export const SECRET = 'SECRET-7f3a';
/** In a table, a type, a variable of the database that no view shows. */
export const HIDDEN = 'HIDDEN-91c2';

/** What is there to be harmed, in each database of a test. `folder` holds the files. */
export const setUpOf = (): readonly string[] => [
  `CREATE TABLE hidden_rows AS SELECT i, '${HIDDEN}' AS text FROM range(3) t(i)`,
  "CREATE VIEW numbers AS SELECT i, 'n' || i AS name FROM range(100) t(i)",
  `CREATE TYPE hidden_type AS ENUM ('${HIDDEN}')`,
  'CREATE SEQUENCE hidden_sequence',
  `CREATE MACRO hidden_macro() AS TABLE SELECT * FROM hidden_rows`,
  'CREATE SCHEMA inner_tables',
  `CREATE TABLE inner_tables.slice AS SELECT '${HIDDEN}' AS text`,
];

/** How it is seen that a statement has done its harm where nothing stands in its way. */
export type Harm =
  | { readonly shows: string | RegExp }
  /** Before it the probe gives one thing, after it another. */
  | { readonly probe: string }
  | { readonly file: string };

export interface Idea {
  readonly name: string;
  readonly sql: string;
  readonly harm: Harm;
  /** Is a query: it can stand inside another. */
  readonly nests: boolean;
  /** What people rightly do that looks like it. */
  readonly twin: string;
}

const query = (name: string, sql: string, shows: string | RegExp, twin: string): Idea => ({
  name,
  sql,
  harm: { shows },
  nests: true,
  twin,
});
const order = (name: string, sql: string, probe: string, twin: string): Idea => ({
  name,
  sql,
  harm: { probe },
  nests: false,
  twin,
});
const writes = (name: string, sql: string, file: string, twin: string): Idea => ({
  name,
  sql,
  harm: { file },
  nests: false,
  twin,
});

/** `folder`: as seen by the statements; holds secret.csv, secret.json, secret.txt, secret.parquet and secret.db. */
export function hostileIdeas(folder: string): readonly Idea[] {
  const at = (name: string): string => join(folder, name);
  const tables = 'SELECT count(*) FROM duckdb_tables()';
  const rows = 'SELECT count(*) FROM hidden_rows';
  const any = /\S/;
  return [...files(at), ...catalogs(any), ...names(), ...process_(any), ...changes(at, tables, rows), ...outputs(at)];
}

const files = (at: (name: string) => string): Idea[] => [
  query('read_csv', `SELECT * FROM read_csv('${at('secret.csv')}')`, SECRET, "SELECT unnest(string_split('a,b', ',')) AS cell"),
  query('read_csv_auto', `SELECT * FROM read_csv_auto('${at('secret.csv')}')`, SECRET, "SELECT string_split('a,b', ',')"),
  query('a file as a table', `SELECT * FROM '${at('secret.csv')}'`, SECRET, "SELECT * FROM numbers WHERE name = 'secret.csv'"),
  query('a file as a quoted name', `SELECT * FROM "${at('secret.csv')}"`, SECRET, 'SELECT i AS "secret.csv" FROM "numbers"'),
  query('a file behind FROM', `FROM '${at('secret.json')}'`, SECRET, 'FROM numbers'),
  query('read_text', `SELECT content FROM read_text('${at('secret.txt')}')`, SECRET, "SELECT parse_filename('/a/b.txt')"),
  query('read_blob', `SELECT content::VARCHAR AS c FROM read_blob('${at('secret.txt')}')`, SECRET, "SELECT 'ab'::BLOB"),
  query('read_json', `SELECT * FROM read_json('${at('secret.json')}')`, SECRET, `SELECT '{"a": 1}'::JSON ->> 'a'`),
  query(
    'read_json_auto',
    `SELECT * FROM read_json_auto('${at('secret.json')}')`,
    SECRET,
    `SELECT json_extract('{"a": 1}', '$.a')`,
  ),
  query(
    'read_json_objects',
    `SELECT json::VARCHAR AS j FROM read_json_objects('${at('secret.json')}')`,
    SECRET,
    `SELECT json_keys('{"a": 1}')`,
  ),
  query('read_ndjson', `SELECT * FROM read_ndjson('${at('secret.json')}')`, SECRET, `SELECT json_valid('{}')`),
  query('read_parquet', `SELECT * FROM read_parquet('${at('secret.parquet')}')`, SECRET, "SELECT * FROM json_each('[1, 2]')"),
  query('parquet_scan', `SELECT * FROM parquet_scan('${at('secret.parquet')}')`, SECRET, "SELECT * FROM json_tree('[1]')"),
  query(
    'parquet_metadata',
    `SELECT stats_min FROM parquet_metadata('${at('secret.parquet')}')`,
    SECRET,
    'SELECT min(i) FROM numbers',
  ),
  query('parquet_schema', `SELECT name FROM parquet_schema('${at('secret.parquet')}')`, 'column_of_secret', 'DESCRIBE numbers'),
  query(
    'parquet_file_metadata',
    `SELECT num_rows FROM parquet_file_metadata('${at('secret.parquet')}')`,
    '1',
    'SELECT count(*) FROM numbers',
  ),
  query('glob', `SELECT file FROM glob('${at('*')}')`, 'secret.txt', "SELECT 'a.txt' LIKE '%.txt'"),
  query(
    'sniff_csv',
    `SELECT columns::VARCHAR AS c FROM sniff_csv('${at('secret.csv')}')`,
    'column_of_secret',
    'SELECT typeof(i) FROM numbers',
  ),
  query('a file behind a list', `SELECT * FROM read_csv(['${at('secret.csv')}'])`, SECRET, "SELECT unnest(['a', 'b'])"),
  query('a file by a computed name', `SELECT * FROM read_text('${at('sec')}' || 'ret.txt')`, SECRET, "SELECT 'sec' || 'ret'"),
  query(
    'a database file',
    `SELECT * FROM read_duckdb('${at('secret.db')}', table_name = 'kept')`,
    SECRET,
    "SELECT 'x.db' LIKE '%.db'",
  ),
];

const catalogs = (any: RegExp): Idea[] => [
  query('duckdb_tables', 'SELECT table_name FROM duckdb_tables()', 'hidden_rows', "SELECT 'duckdb_tables()'"),
  query('duckdb_views', 'SELECT sql FROM duckdb_views()', 'numbers', 'SELECT count(DISTINCT name) FROM numbers'),
  query('duckdb_columns', 'SELECT table_name FROM duckdb_columns()', 'hidden_rows', 'SELECT COLUMNS(*) FROM numbers LIMIT 1'),
  query('duckdb_settings', 'SELECT name, value FROM duckdb_settings()', 'memory_limit', "SELECT 'memory_limit' AS setting"),
  query('duckdb_functions', 'SELECT macro_definition FROM duckdb_functions()', 'hidden_rows', 'SELECT abs(-1)'),
  query('duckdb_types', 'SELECT type_name FROM duckdb_types()', 'hidden_type', 'SELECT typeof(1.5)'),
  query(
    'duckdb_sequences',
    'SELECT sequence_name FROM duckdb_sequences()',
    'hidden_sequence',
    'SELECT row_number() OVER () FROM numbers',
  ),
  query('duckdb_databases', 'SELECT database_name FROM duckdb_databases()', 'memory', "SELECT 'memory'"),
  query('duckdb_schemas', 'SELECT schema_name FROM duckdb_schemas()', 'inner_tables', "SELECT 'inner_tables'"),
  query('duckdb_extensions', 'SELECT install_path, extension_name FROM duckdb_extensions()', 'parquet', "SELECT 'parquet'"),
  query('duckdb_memory', 'SELECT tag FROM duckdb_memory()', any, 'SELECT format_bytes(1024)'),
  query('duckdb_dependencies', 'SELECT count(*) FROM duckdb_dependencies()', any, 'SELECT count(*) FROM numbers'),
  query(
    'information_schema.tables',
    'SELECT table_name FROM information_schema.tables',
    'hidden_rows',
    'SELECT name FROM main.numbers',
  ),
  query(
    'information_schema.columns',
    'SELECT table_name FROM information_schema.columns',
    'hidden_rows',
    'SELECT numbers.name FROM numbers',
  ),
  query('pg_catalog', 'SELECT relname FROM pg_catalog.pg_class', 'hidden_rows', "SELECT 'pg_class' AS relname"),
  query(
    'pg_catalog without its schema',
    'SELECT tablename FROM pg_tables',
    'hidden_rows',
    'SELECT name AS tablename FROM numbers',
  ),
  query('sqlite_master', 'SELECT name FROM sqlite_master', 'hidden_rows', 'SELECT name FROM numbers'),
  query('pragma as a function', "SELECT name FROM pragma_table_info('hidden_rows')", 'text', 'SELECT i FROM numbers'),
  query('pragma_storage_info', "SELECT column_name FROM pragma_storage_info('hidden_rows')", 'text', 'SUMMARIZE numbers'),
  query('pragma_database_size', 'SELECT database_name FROM pragma_database_size()', 'memory', 'SELECT sum(i) FROM numbers'),
  query('pragma_version', 'SELECT library_version FROM pragma_version()', any, "SELECT 'v1'"),
  query('SHOW ALL TABLES', 'SELECT name FROM (SHOW ALL TABLES)', 'hidden_rows', 'SELECT column_name FROM (DESCRIBE numbers)'),
  query('SHOW TABLES in a query', 'SELECT name FROM (SHOW TABLES)', 'hidden_rows', 'SELECT column_name FROM (SUMMARIZE numbers)'),
  query(
    'pg_get_viewdef by name',
    "SELECT pg_typeof(1), (SELECT sql FROM duckdb_views() WHERE view_name = 'numbers')",
    'CREATE VIEW',
    'SELECT pg_typeof(1)',
  ),
];

const names = (): Idea[] => [
  query('what a view is made of', 'SELECT text FROM hidden_rows', HIDDEN, 'SELECT name FROM numbers'),
  query('another schema', 'SELECT text FROM inner_tables.slice', HIDDEN, 'SELECT name FROM main.numbers'),
  query('the whole name', 'SELECT text FROM memory.main.hidden_rows', HIDDEN, 'SELECT name FROM main."numbers"'),
  query(
    'DESCRIBE of a hidden table',
    'SELECT column_name FROM (DESCRIBE hidden_rows)',
    'text',
    'SELECT column_name FROM (DESCRIBE numbers)',
  ),
  query('query()', "SELECT * FROM query('SELECT text FROM hidden_rows')", HIDDEN, "SELECT 'SELECT text FROM hidden_rows'"),
  query('query_table()', "SELECT * FROM query_table('hidden_rows')", HIDDEN, 'TABLE numbers'),
  query('histogram() of a table', "SELECT * FROM histogram('hidden_rows', 'text')", /\S/, 'SELECT histogram(i) FROM numbers'),
  query(
    'histogram_values()',
    "SELECT * FROM histogram_values('hidden_rows', 'i')",
    /\S/,
    'SELECT approx_quantile(i, 0.5) FROM numbers',
  ),
  query('a macro of the database', 'SELECT text FROM hidden_macro()', HIDDEN, 'SELECT * FROM range(3)'),
  query('the values of a type', 'SELECT enum_range(NULL::hidden_type)', HIDDEN, "SELECT ['a', 'b']"),
  query('the first value of a type', 'SELECT enum_first(NULL::hidden_type)', HIDDEN, "SELECT list_first(['a'])"),
  query(
    'a WITH of the same name, which hides nothing from itself',
    'WITH hidden_rows AS (SELECT text FROM hidden_rows) SELECT * FROM hidden_rows',
    HIDDEN,
    'WITH n AS (SELECT name FROM numbers) SELECT * FROM n',
  ),
  query(
    'a WITH that comes after its use',
    'WITH a AS (SELECT text FROM hidden_rows), hidden_rows AS (SELECT 1) SELECT * FROM a',
    HIDDEN,
    'WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM a) SELECT * FROM b',
  ),
  query(
    'a WITH out of its reach',
    'SELECT * FROM (WITH hidden_rows AS (SELECT 1 AS x) SELECT * FROM hidden_rows) q, hidden_rows',
    HIDDEN,
    'SELECT * FROM (WITH h AS (SELECT 1 AS x) SELECT * FROM h) q, numbers',
  ),
  query(
    'a recursive WITH in its first half',
    'WITH RECURSIVE hidden_rows AS (SELECT text FROM hidden_rows UNION SELECT text FROM hidden_rows) SELECT * FROM hidden_rows',
    HIDDEN,
    'WITH RECURSIVE r AS (SELECT 1 AS x UNION SELECT x + 1 FROM r WHERE x < 3) SELECT * FROM r',
  ),
  query(
    'json_execute_serialized_sql',
    "SELECT * FROM json_execute_serialized_sql(json_serialize_sql('SELECT text FROM hidden_rows'))",
    HIDDEN,
    `SELECT json_object('sql', 'SELECT text FROM hidden_rows')`,
  ),
  query(
    'json_serialize_plan',
    "SELECT json_serialize_plan('SELECT text FROM hidden_rows', optimize := false)::VARCHAR AS p",
    'hidden_rows',
    `SELECT json_type('{"a": 1}')`,
  ),
  query(
    'a semi join with a hidden table',
    'SELECT i FROM numbers SEMI JOIN hidden_rows USING (i)',
    '2',
    'SELECT i FROM numbers a SEMI JOIN (SELECT 1 AS i) b USING (i)',
  ),
  query(
    'a scalar subquery',
    'SELECT (SELECT max(text) FROM hidden_rows) AS t',
    HIDDEN,
    'SELECT (SELECT max(name) FROM numbers) AS t',
  ),
  query(
    'a correlated EXISTS',
    'SELECT i FROM numbers n WHERE EXISTS (SELECT 1 FROM hidden_rows h WHERE h.i = n.i)',
    '2',
    'SELECT i FROM numbers n WHERE EXISTS (SELECT 1 FROM numbers h WHERE h.i = n.i)',
  ),
  query(
    'a pivot of a hidden table',
    'SELECT * FROM (PIVOT hidden_rows ON i IN (0, 1) USING max(text))',
    HIDDEN,
    'SELECT * FROM (PIVOT numbers ON i IN (0, 1) USING max(name))',
  ),
  query(
    'an unpivot of a hidden table',
    'SELECT * FROM (UNPIVOT hidden_rows ON text)',
    HIDDEN,
    'SELECT * FROM (UNPIVOT numbers ON name)',
  ),
];

const process_ = (any: RegExp): Idea[] => [
  query('current_setting', "SELECT current_setting('memory_limit')", any, 'SELECT upper(name) FROM numbers'),
  query('current_setting as a method', "SELECT ('memory_limit').current_setting()", any, "SELECT ('a').upper()"),
  query('current_query', 'SELECT current_query()', 'current_query', "SELECT 'current_query'"),
  query('version', 'SELECT version()', /v\d/, 'SELECT 1'),
  query('current_database', 'SELECT current_database()', 'memory', 'SELECT today() IS NOT NULL'),
  query('current_schemas', 'SELECT current_schemas(true)', 'main', "SELECT ['main']"),
  query('txid_current', 'SELECT txid_current()', any, 'SELECT count(*) FROM numbers'),
  query('current_connection_id', 'SELECT current_connection_id()', any, 'SELECT 7'),
  query('nextval of a sequence', "SELECT nextval('hidden_sequence')", '1', 'SELECT max(i) + 1 FROM numbers'),
  query('getvariable', "SELECT getvariable('x') IS NULL", 'true', 'SELECT NULL IS NULL'),
  query('sleep', 'SELECT sleep_ms(1) IS NULL OR true', 'true', 'SELECT now() IS NOT NULL'),
  query('write_log', "SELECT write_log('x') IS NULL OR true", 'true', "SELECT printf('%s', 'x')"),
  query('setseed', 'SELECT setseed(0.5) IS NULL OR true', 'true', 'SELECT random() < 2'),
  query('catalog names of Postgres', 'SELECT col_description(1, 1) IS NULL', 'true', 'SELECT pg_typeof(1)'),
  query(
    'time zones by table function',
    'SELECT name FROM pg_timezone_names() LIMIT 1',
    any,
    "SELECT now() AT TIME ZONE 'Europe/Berlin' IS NOT NULL",
  ),
  query('duckdb_logs', 'SELECT count(*) FROM duckdb_logs()', any, 'SELECT ln(2) > 0'),
];

const changes = (at: (name: string) => string, tables: string, rows: string): Idea[] => [
  order('CREATE TABLE', 'CREATE TABLE more (i INT)', tables, "SELECT 'CREATE TABLE more'"),
  order(
    'CREATE TABLE AS',
    'CREATE TABLE more AS SELECT * FROM numbers',
    tables,
    'WITH more AS (SELECT * FROM numbers) SELECT * FROM more',
  ),
  order('CREATE TEMP TABLE', 'CREATE TEMP TABLE more (i INT)', tables, 'SELECT 1 AS temp'),
  order('CREATE VIEW', 'CREATE OR REPLACE VIEW numbers AS SELECT 1 AS i', 'SELECT count(*) FROM numbers', 'SELECT 1 AS i'),
  order(
    'CREATE MACRO',
    'CREATE MACRO more() AS 1',
    "SELECT count(*) FROM duckdb_functions() WHERE function_name = 'more'",
    "SELECT 'macro'",
  ),
  order(
    'CREATE TYPE',
    "CREATE TYPE more AS ENUM ('a')",
    "SELECT count(*) FROM duckdb_types() WHERE type_name = 'more'",
    "SELECT CAST('1' AS INTEGER)",
  ),
  order('CREATE SCHEMA', 'CREATE SCHEMA more', 'SELECT count(*) FROM duckdb_schemas()', "SELECT 'schema'"),
  order(
    'CREATE SEQUENCE',
    'CREATE SEQUENCE more',
    'SELECT count(*) FROM duckdb_sequences()',
    'SELECT * FROM generate_series(1, 3)',
  ),
  order(
    'CREATE INDEX',
    'CREATE INDEX more ON hidden_rows (i)',
    'SELECT count(*) FROM duckdb_indexes()',
    'SELECT i FROM numbers ORDER BY i',
  ),
  order('INSERT', "INSERT INTO hidden_rows VALUES (9, 'x')", rows, 'VALUES (9, 10)'),
  order('INSERT RETURNING', "INSERT INTO hidden_rows VALUES (9, 'x') RETURNING *", rows, 'SELECT 9 AS inserted'),
  order('UPDATE', "UPDATE hidden_rows SET text = 'gone'", 'SELECT max(text) FROM hidden_rows', "SELECT replace('a', 'a', 'b')"),
  order('DELETE', 'DELETE FROM hidden_rows', rows, 'SELECT * FROM numbers EXCEPT SELECT * FROM numbers'),
  order('TRUNCATE', 'TRUNCATE hidden_rows', rows, 'SELECT trunc(1.5)'),
  order(
    'MERGE',
    'MERGE INTO hidden_rows USING numbers USING (i) WHEN MATCHED THEN DELETE',
    rows,
    'SELECT * FROM numbers a JOIN numbers b USING (i)',
  ),
  order('DROP', 'DROP TABLE hidden_rows', tables, "SELECT 'DROP TABLE hidden_rows'"),
  order(
    'ALTER',
    'ALTER TABLE hidden_rows RENAME TO shown',
    "SELECT max(table_name) FROM duckdb_tables() WHERE schema_name = 'main'",
    'SELECT i AS renamed FROM numbers',
  ),
  order(
    'COMMENT',
    "COMMENT ON TABLE hidden_rows IS 'x'",
    'SELECT max(comment) FROM duckdb_tables()',
    'SELECT 1 /* a comment */ -- and one more',
  ),
  order('SET', 'SET threads = 3', "SELECT current_setting('threads')", "SELECT 'SET threads = 3'"),
  order('RESET', 'RESET memory_limit', "SELECT current_setting('memory_limit')", 'SELECT 1 AS reset'),
  order('PRAGMA', 'PRAGMA threads = 5', "SELECT current_setting('threads')", "SELECT 'pragma'"),
  order('SET VARIABLE', 'SET VARIABLE more = 1', "SELECT getvariable('more')", 'SELECT 1 AS more'),
  order('ATTACH', `ATTACH '${at('secret.db')}' AS other`, 'SELECT count(*) FROM duckdb_databases()', "SELECT 'ATTACH'"),
  order('ATTACH in memory', "ATTACH ':memory:' AS other", 'SELECT count(*) FROM duckdb_databases()', "SELECT ':memory:'"),
  order('USE', 'USE inner_tables', 'SELECT current_schema()', 'SELECT name FROM main.numbers'),
  order(
    'PREPARE and what it would run',
    'PREPARE p AS SELECT text FROM hidden_rows',
    'SELECT count(*) FROM duckdb_prepared_statements()',
    "SELECT 'PREPARE'",
  ),
  order('CALL', 'CALL enable_logging()', "SELECT current_setting('enable_logging')", "SELECT 'call'"),
  order(
    'a transaction that drops',
    'DROP SCHEMA inner_tables CASCADE',
    'SELECT count(*) FROM duckdb_schemas()',
    "SELECT 'BEGIN'",
  ),
  {
    ...query(
      'PIVOT as a statement',
      'PIVOT hidden_rows ON i USING max(text)',
      HIDDEN,
      'SELECT * FROM (PIVOT numbers ON i IN (0) USING count(*))',
    ),
    nests: false,
  },
];

const outputs = (at: (name: string) => string): Idea[] => [
  writes('COPY TO', `COPY (SELECT 1) TO '${at('out.csv')}'`, at('out.csv'), "SELECT 'COPY'"),
  writes('COPY a table TO', `COPY hidden_rows TO '${at('out.csv')}' (HEADER)`, at('out.csv'), 'SELECT * FROM numbers'),
  writes(
    'COPY TO PARQUET',
    `COPY (SELECT 1) TO '${at('out.parquet')}' (FORMAT parquet)`,
    at('out.parquet'),
    "SELECT 'parquet' AS format",
  ),
  writes('EXPORT DATABASE', `EXPORT DATABASE '${at('exported')}'`, at('exported'), "SELECT 'EXPORT'"),
  writes('ATTACH a new file', `ATTACH '${at('new.db')}' AS fresh`, at('new.db'), "SELECT 'new.db'"),
  writes(
    'PRAGMA with a file',
    `PRAGMA enable_profiling = 'json'; PRAGMA profiling_output = '${at('profile.json')}'; SELECT 1`,
    at('profile.json'),
    "SELECT 'profile.json'",
  ),
];
