import type { DuckDBConnection } from '@duckdb/node-api';
import type { SqlColumn, TableInfo } from '../../pipeline/analytics.ts';

/**
 * What users see of an instance: the views of schema `main`. What the views are made of stands there as tables, and is
 * nobody's business.
 */
const VIEWS = "FROM duckdb_views() WHERE NOT internal AND NOT temporary AND schema_name = 'main'";

/** In lower case. */
export async function tableNames(connection: DuckDBConnection): Promise<ReadonlySet<string>> {
  const result = await connection.run(`SELECT lower(view_name) ${VIEWS}`);
  return new Set((await result.getRows()).map(([name]) => String(name)));
}

export async function listTables(connection: DuckDBConnection): Promise<readonly TableInfo[]> {
  const views = await connection.run(`SELECT view_name, comment ${VIEWS} ORDER BY view_name`);
  const named = (await views.getRows()) as [string, string | null][];
  const columnsOf = await readColumns(connection);
  const tables: TableInfo[] = [];
  for (const [name, comment] of named)
    tables.push({
      name,
      kind: 'view',
      comment: comment ?? '',
      rows: await countRows(connection, name),
      columns: columnsOf.get(name) ?? [],
    });
  return tables;
}

type Column = SqlColumn & { readonly comment: string };

async function readColumns(connection: DuckDBConnection): Promise<ReadonlyMap<string, readonly Column[]>> {
  const result = await connection.run(
    `SELECT table_name, column_name, data_type, comment FROM duckdb_columns()
     WHERE NOT internal AND schema_name = 'main' ORDER BY table_name, column_index`,
  );
  const columns = new Map<string, Column[]>();
  for (const [table, name, type, comment] of (await result.getRows()) as [string, string, string, string | null][]) {
    const of = columns.get(table) ?? [];
    columns.set(table, of);
    of.push({ name, type, comment: comment ?? '' });
  }
  return columns;
}

async function countRows(connection: DuckDBConnection, view: string): Promise<number> {
  const result = await connection.run(`SELECT count(*) FROM main."${view.replaceAll('"', '""')}"`);
  return Number((await result.getRows())[0]?.[0]);
}
