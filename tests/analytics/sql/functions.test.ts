import { DuckDBInstance } from '@duckdb/node-api';
import { describe, expect, it } from 'vitest';
import { ALLOWED_FUNCTIONS, ALLOWED_TABLE_FUNCTIONS } from '../../../analytics/sql/functions.ts';

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** What DuckDB has and a query may not name, by why. */
const REFUSED = {
  'tells of the process, the session or the catalog': words(`
    can_cast_implicitly current_catalog current_connection_id current_database current_query current_query_id current_role
    current_schema current_schemas current_setting current_transaction_id current_user currval getvariable in_search_path
    nextval session_user txid_current user version col_description format_pg_type format_type get_block_size map_to_pg_oid
    obj_description shobj_description inet_client_addr inet_client_port inet_server_addr inet_server_port
    pg_collation_is_visible pg_conf_load_time pg_conversion_is_visible pg_function_is_visible pg_get_constraintdef
    pg_get_expr pg_get_viewdef pg_has_role pg_is_other_temp_schema pg_my_temp_schema pg_opclass_is_visible
    pg_operator_is_visible pg_opfamily_is_visible pg_postmaster_start_time pg_table_is_visible pg_ts_config_is_visible
    pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible
    has_any_column_privilege has_column_privilege has_database_privilege has_foreign_data_wrapper_privilege
    has_function_privilege has_language_privilege has_schema_privilege has_sequence_privilege has_server_privilege
    has_table_privilege has_tablespace_privilege`),
  'changes the process or the session, or only waits': words(`setseed write_log sleep_ms pg_sleep`),
  'tells values of other rows': words(`enum_code enum_first enum_last enum_range enum_range_boundary`),
  'makes a query of a text, or shows a plan': words(`json_deserialize_sql json_serialize_plan json_serialize_sql`),
  'descends into JSON without a bound: text that nests deep enough ends the process': words(`
    from_json from_json_strict json_group_structure json_merge_patch json_structure json_transform json_transform_strict`),
  'takes time that doubles with each * of its pattern (GLOB)': words(`~~~`),
  'is for states of aggregates, sort keys and types, which no column has': words(`
    cast_to_type combine constant_or_null create_sort_key finalize get_type make_type remap_struct replace_type stats
    timetz_byte_comparable vector_type parse_duckdb_log_message variant_bytes_to_variant variant_extract
    variant_normalize variant_to_parquet_variant variant_typeof icu_sort_key`),
} as const;
/** The same for whole families. */
const REFUSED_FAMILIES = [/^__internal_/, /^icu_collate_/, /^st_/];

async function functionsOf(types: readonly string[]): Promise<string[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const list = types.map((type) => `'${type}'`).join(', ');
  const result = await connection.run(
    `SELECT DISTINCT lower(function_name) FROM duckdb_functions() WHERE function_type IN (${list}) ORDER BY 1`,
  );
  const names = (await result.getRows()).map(([name]) => String(name));
  connection.closeSync();
  instance.closeSync();
  return names;
}

describe('the functions of a query', () => {
  it('are each allowed or refused by name, as many as this DuckDB has', async () => {
    const refused = new Set<string>(Object.values(REFUSED).flat());
    const names = await functionsOf(['scalar', 'aggregate', 'macro']);
    expect(names.length).toBeGreaterThan(700);
    const isRefused = (name: string): boolean => refused.has(name) || REFUSED_FAMILIES.some((family) => family.test(name));
    expect(names.filter((name) => !ALLOWED_FUNCTIONS.has(name) && !isRefused(name))).toEqual([]);
    expect(names.filter((name) => ALLOWED_FUNCTIONS.has(name) && isRefused(name))).toEqual([]);
  });

  it('are there: no name is allowed that DuckDB does not have', async () => {
    const names = new Set(await functionsOf(['scalar', 'aggregate', 'macro', 'table', 'table_macro']));
    expect([...ALLOWED_FUNCTIONS].filter((name) => !names.has(name))).toEqual([]);
    expect([...ALLOWED_TABLE_FUNCTIONS].filter((name) => !names.has(name))).toEqual([]);
  });

  it('hold none in FROM that takes a file, a table, a query or a setting', async () => {
    const table = await functionsOf(['table', 'table_macro']);
    const outside = /^(read_|parquet_|pragma_|duckdb_|sniff_|query|glob|checkpoint|force_|which_|arrow_|seq_|enable_|disable_)/;
    expect(table.filter((name) => ALLOWED_TABLE_FUNCTIONS.has(name) && outside.test(name))).toEqual([]);
    expect(ALLOWED_TABLE_FUNCTIONS.has('histogram')).toBe(false);
  });
});
