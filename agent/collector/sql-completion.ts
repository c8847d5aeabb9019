/** Of SQL, what a SELECT is made of; functions that questions about telemetry need most. */
const WORDS =
  'SELECT FROM WHERE GROUP BY ORDER LIMIT HAVING JOIN LEFT USING ON AND OR NOT IN LIKE ILIKE BETWEEN IS NULL AS DISTINCT CASE WHEN THEN ELSE END UNION ALL EXCEPT INTERSECT WITH DESC ASC INTERVAL DESCRIBE SUMMARIZE EXPLAIN QUALIFY OVER PARTITION FILTER count( sum( avg( min( max( quantile_cont( approx_quantile( arg_max( time_bucket( date_trunc( now() list( string_agg( corr( stddev( lag( lead( row_number( coalesce( regexp_matches( epoch_ms('.split(
    ' ',
  );
const COMMANDS = ['.tables', '.columns', '.help', '.quit'];

export interface CompletedTable {
  readonly name: string;
  readonly columns: readonly { readonly name: string }[];
}

/** What may follow the letters before the cursor: columns of the tables that the line names first, then all else. */
export function completions(tables: readonly CompletedTable[]): (line: string) => [string[], string] {
  return (line) => {
    const word = /[\w.]*$/.exec(line)?.[0] ?? '';
    if (line.startsWith('.')) {
      const named = /^\.columns\s+/.test(line);
      const from = named ? tables.map(({ name }) => name) : COMMANDS;
      return [from.filter((each) => each.startsWith(named ? word : line)), named ? word : line];
    }
    const named = tables.filter(({ name }) => new RegExp(`\\b${name}\\b`, 'i').test(line));
    const columns = (named.length > 0 ? named : tables).flatMap((table) => table.columns.map(({ name }) => name));
    const all = [...new Set([...columns, ...tables.map(({ name }) => name), ...WORDS])];
    const typed = word.toLowerCase();
    return [typed === '' ? [] : all.filter((each) => each.toLowerCase().startsWith(typed)), word];
  };
}
