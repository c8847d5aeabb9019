/** Words that the SQL editor knows: of DuckDB, as far as one SELECT needs them. */
export const SQL_KEYWORDS =
  'all and any anti as asc asof between by case cast collate cross cube current desc distinct else end escape except exclude exists explain fetch filter first following for from full glob group grouping groups having ilike in inner intersect interval is isnull join last lateral left like limit materialized name natural not notnull null nulls offset on or order ordinality outer over partition percent pivot positional preceding qualify range recursive replace respect right rollup row rows sample select semi sets similar some summarize table tablesample then ties to unbounded union unpivot using values when where window with within';

export const SQL_TYPES =
  'bigint blob boolean date decimal double float hugeint integer list map real smallint struct time timestamp timestamp_ms timestamp_ns timestamp_s timestamptz tinyint ubigint uinteger usmallint utinyint uuid varchar';

export const SQL_FUNCTIONS =
  'abs age any_value approx_quantile arg_max arg_min avg bool_and bool_or cardinality ceil coalesce concat contains corr count date_diff date_trunc dense_rank ends_with epoch epoch_ms epoch_ns first floor format greatest histogram json_extract json_extract_string lag last lead least len list list_contains list_filter list_sort list_transform ln log10 lower make_timestamp map_contains map_entries map_extract map_keys map_values max md5 median min mode now ntile nullif percent_rank pow quantile_cont quantile_disc rank regexp_extract regexp_matches regexp_replace replace round row_number split_part sqrt starts_with stddev stddev_pop strftime string_agg strlen substring sum time_bucket to_timestamp trim typeof unnest upper var_pop';
