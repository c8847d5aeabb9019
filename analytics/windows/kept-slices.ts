import type { DuckDBConnection } from '@duckdb/node-api';
import { ROW_BYTES } from './row-bytes.ts';
import { SCHEMA } from './table.ts';
import { dictionaryTable, sliceTable, type Signal } from './views.ts';

/**
 * What an instance on a disk tells of the slices in it, so that a window that restarts goes on with them. A slice's row is
 * written and deleted in the transaction that makes and drops its tables.
 */
const SLICES = `${SCHEMA}.slices`;
const FORMAT = `${SCHEMA}.format`;
/** Of the tables' layout; one of another layout is not read. */
export const LAYOUT_VERSION = 1;
/** Version of the figures' table that is made of what is found. */
export const KEPT_VERSION = 0;
/** Dictionary entries are counted, not measured. */
const SET_BYTES = 400;

export interface KeptSlice {
  readonly number: number;
  readonly generation: number;
  /** Which tables it has. */
  readonly kinds: readonly string[];
  /** Those of them with rows. */
  readonly filled: readonly string[];
  readonly firstMs: number;
  readonly lastMs: number;
  readonly rows: number;
  readonly bytes: number;
  /** Of its whole generation. */
  readonly dictionaryBytes: number;
}

export function recordSliceSql(signal: Signal, slice: number, generation: number, wallMs: number): string {
  return `INSERT INTO ${SLICES} VALUES ('${signal}', ${slice}, ${generation}, ${Math.round(wallMs)})`;
}
export function forgetSliceSql(signal: Signal, slice: number): string {
  return `DELETE FROM ${SLICES} WHERE signal = '${signal}' AND slice = ${slice}`;
}

/**
 * Makes the schema in an instance that has none, and notes whose it is. What another version has left there is given up;
 * what another scope has is left alone, and the promise rejects.
 */
export async function prepareSchema(connection: DuckDBConnection, scope: string): Promise<void> {
  const schemas = await connection.run(`SELECT count(*) FROM duckdb_schemas() WHERE schema_name = '${SCHEMA}'`);
  const exists = Number((await schemas.getRows())[0]![0]) > 0;
  const found = exists ? await formatOf(connection) : undefined;
  if (found !== undefined && found.scope !== scope) throw new Error('the file holds the windows of another scope');
  if (found?.layout === LAYOUT_VERSION) return;
  const statements = [
    ...(exists ? await dropViews(connection) : []),
    ...(exists ? [`DROP SCHEMA ${SCHEMA} CASCADE`] : []),
    `CREATE SCHEMA ${SCHEMA}`,
    `CREATE TABLE ${SLICES} (signal VARCHAR, slice INTEGER, generation INTEGER, first_ms BIGINT)`,
    `CREATE TABLE ${FORMAT} AS SELECT ${LAYOUT_VERSION} AS layout, '${scope.replaceAll("'", "''")}' AS scope`,
  ];
  await connection.run(['BEGIN', ...statements, 'COMMIT'].join(';\n'));
}

async function formatOf(connection: DuckDBConnection): Promise<{ layout: number; scope: string } | undefined> {
  try {
    const [row] = await (await connection.run(`SELECT layout, scope FROM ${FORMAT}`)).getRows();
    return row === undefined ? undefined : { layout: Number(row[0]), scope: String(row[1]) };
  } catch {
    return undefined;
  }
}

async function dropViews(connection: DuckDBConnection): Promise<string[]> {
  const views = await connection.run("SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main'");
  return (await views.getRows()).map(([name]) => `DROP VIEW main."${String(name)}"`);
}

/**
 * The slices of a signal, oldest first. Times are on a clock that stands at 0 now; when the last row of a slice came is
 * not known, so it counts as full.
 */
export async function keptSlices(
  connection: DuckDBConnection,
  signal: Signal,
  kinds: readonly string[],
  nowWallMs: number,
  sliceMs: number,
): Promise<KeptSlice[]> {
  const listed = await connection.run(
    `SELECT slice, generation, first_ms FROM ${SLICES} WHERE signal = '${signal}' ORDER BY slice`,
  );
  const tables = await connection.run(`SELECT table_name FROM duckdb_tables() WHERE schema_name = '${SCHEMA}'`);
  const existing = new Set((await tables.getRows()).map(([name]) => String(name)));
  const found: KeptSlice[] = [];
  for (const [slice, generation, firstWallMs] of (await listed.getRows()) as [number, number, bigint][]) {
    let rows = 0;
    let bytes = 0;
    const filled: string[] = [];
    const has = kinds.filter((kind) => existing.has(sliceTable(kind, slice)));
    for (const kind of has) {
      const size = kind === 'logs' ? 'coalesce(sum(strlen(body)), 0)' : '0';
      const result = await connection.run(`SELECT count(*), ${size} FROM ${SCHEMA}.${sliceTable(kind, slice)}`);
      const [count, heap] = (await result.getRows())[0]!.map(Number) as [number, number];
      if (count > 0) filled.push(kind);
      rows += count;
      bytes += count * ROW_BYTES[kind]! + heap;
    }
    const sets = await connection.run(`SELECT count(*) FROM ${SCHEMA}.${dictionaryTable(signal, 'attribute_sets', generation)}`);
    const firstMs = Math.min(0, Number(firstWallMs) - nowWallMs);
    const dictionaryBytes = SET_BYTES * Number((await sets.getRows())[0]![0]);
    const lastMs = Math.min(0, firstMs + sliceMs);
    found.push({ number: slice, generation, kinds: has, filled, firstMs, lastMs, rows, bytes, dictionaryBytes });
  }
  return found;
}

/** The figures of each series of these generations, worked out of their rows; takes DuckDB 0.2 s a million points. */
export async function remakeFigures(connection: DuckDBConnection, found: readonly KeptSlice[]): Promise<void> {
  for (const generation of new Set(found.map((slice) => slice.generation))) {
    const tables = found
      .filter((slice) => slice.generation === generation)
      .flatMap((slice) => slice.kinds.map((kind) => [kind, sliceTable(kind, slice.number)] as const))
      .map(
        ([kind, table]) =>
          `SELECT series, time, ${/^(gauge|sum)(_rich)?$/.test(kind) ? 'value' : 'NULL'} AS value FROM ${SCHEMA}.${table}`,
      );
    const old = await connection.run(
      `SELECT table_name FROM duckdb_tables() WHERE schema_name = '${SCHEMA}' AND starts_with(table_name, 'metrics_figures_${generation}_')`,
    );
    const drops = (await old.getRows()).map(([name]) => `DROP TABLE ${SCHEMA}.${String(name)}`);
    // The view of before names the table that goes.
    const made = `CREATE TABLE ${SCHEMA}.metrics_figures_${generation}_${KEPT_VERSION} AS SELECT series, min(time) AS first_time,
max(time) AS last_time, count(*)::UBIGINT AS points, arg_max(value, time) AS last_value FROM (${tables.join(' UNION ALL ')}) GROUP BY series`;
    await connection.run(
      ['BEGIN', 'DROP VIEW IF EXISTS main.services', 'DROP VIEW IF EXISTS main.series', ...drops, made, 'COMMIT'].join(';\n'),
    );
  }
}

/** Numbers of series go on behind those that are taken. */
export async function nextSeriesOf(connection: DuckDBConnection, found: readonly KeptSlice[]): Promise<number> {
  let next = 0;
  for (const generation of new Set(found.map((slice) => slice.generation))) {
    const result = await connection.run(
      `SELECT coalesce(max(id) + 1, 0) FROM ${SCHEMA}.${dictionaryTable('metrics', 'series', generation)}`,
    );
    next = Math.max(next, Number((await result.getRows())[0]![0]));
  }
  return next;
}
