import type { DuckDBConnection, DuckDBMapValue, DuckDBTimestampNanosecondsValue } from '@duckdb/node-api';
import { LIMITS } from '../../pipeline/limits.ts';
import { perfKey } from '../../pipeline/perf/record.ts';
import type { FoundPerfRow } from './perf-finder.ts';
import { AppendedTable, createTableSql, SCHEMA, type ColumnSpec, type FillChunk } from './table.ts';
import { copyColumn, copyTimes, Maps, Texts } from './vectors.ts';

export const PERF_VIEW = 'master_perf';
export const PERF_HISTORY_VIEW = 'master_perf_history';
export const PERF_COMMENTS: Readonly<Record<string, string>> = {
  master_perf: 'The latest row of MASTER_PERF of each category, type, topic, sub-category and id, however long ago it came',
  master_perf_history:
    'The last rows of MASTER_PERF: log records, spans and data points with perf.category, or that a rule names',
};

const TEXTS = [
  'Category',
  'Type',
  'Topic',
  'SubCat',
  'Id',
  'Value',
  'Pattern',
  'Locations',
  'Impact',
  'ServiceName',
  'Source',
] as const;
const FIELDS = [
  'category',
  'type',
  'topic',
  'subCat',
  'id',
  'value',
  'pattern',
  'locations',
  'impact',
  'service',
  'source',
] as const;
const COLUMNS: ColumnSpec = [
  // Of two at the same time the one that came later counts.
  ['"Number"', 'UINTEGER'],
  ['"Timestamp"', 'TIMESTAMP_NS'],
  ...TEXTS.map((name) => [`"${name}"`, 'VARCHAR'] as const),
  ['"Properties"', 'MAP(VARCHAR, VARCHAR)'],
];
const SHOWN = `"Timestamp", ${TEXTS.slice(0, 9)
  .map((name) => `"${name}"`)
  .join(', ')}, "Properties", "ServiceName", "Source"`;
const KEY = '"Category", "Type", "Topic", "SubCat", "Id"';

interface Numbered {
  readonly number: number;
  readonly row: FoundPerfRow;
}

interface History {
  readonly name: string;
  /** Undefined of one that was there before this process. */
  readonly table: AppendedTable | undefined;
  rows: number;
  lastMs: number;
}

/**
 * MASTER_PERF of one scope: a history in two tables, the older of which goes when the newer is full, and of each thing its
 * latest state, which stays when its row has gone. So a query reads a few thousand rows however much the window holds.
 */
export class PerfTable {
  readonly #latest = new Map<string, Numbered>();
  readonly #connection: DuckDBConnection;
  #histories: History[] = [];
  /** Number of the tables made last, and the name of the latest states as they were then. */
  #made = 0;
  #states: string | undefined;
  #numbers = 0;
  /** Rises when rows came or went. */
  version = 0;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** Makes the tables and the views. Of what an instance on a disk holds, the states and the last history are there again. */
  async open(): Promise<void> {
    const found = await keptTables(this.#connection);
    this.#made = Math.max(0, ...found.map(({ number }) => number));
    const { rows, next } = await keptRows(this.#connection, found);
    this.#numbers = next;
    for (const row of rows) this.#keep({ row, number: this.#numbers++ });
    const last = found.findLast(({ kind, rows: count }) => kind === 'history' && count > 0);
    if (last !== undefined) this.#histories = [{ name: last.name, table: undefined, rows: last.rows, lastMs: 0 }];
    await this.#roll(found.filter((each) => each !== last).map(({ name }) => name));
  }

  /** Rows that SQL sees when it resolves. `nowMs` by the window's clock. */
  async add(rows: readonly FoundPerfRow[], nowMs: number): Promise<void> {
    if (rows.length === 0) return;
    if (this.#histories.at(-1)!.rows >= LIMITS.perfHistoryRows / 2) await this.#roll();
    const numbered = rows.map((row) => ({ row, number: this.#numbers++ }));
    for (const each of numbered) this.#keep(each);
    const history = this.#histories.at(-1)!;
    history.table?.append(numbered.length, filled(numbered));
    history.table?.flush();
    history.rows += numbered.length;
    history.lastMs = nowMs;
    this.version += 1;
  }

  /** History that came before `beforeMs` goes. */
  async trim(beforeMs: number): Promise<void> {
    const isOld = ({ rows, lastMs }: History): boolean => rows > 0 && lastMs < beforeMs;
    // The newer one becomes the older one, and goes in its turn.
    while (this.#histories.some(isOld)) {
      await this.#roll();
      this.version += 1;
    }
  }

  close(): void {
    for (const { table } of this.#histories) table?.close();
  }

  #keep(each: Numbered): void {
    const key = perfKey(each.row);
    const known = this.#latest.get(key);
    if (known !== undefined && known.row.timeUnixNano > each.row.timeUnixNano) return;
    this.#latest.delete(key);
    this.#latest.set(key, each);
    if (this.#latest.size > LIMITS.perfKeys) this.#latest.delete(this.#latest.keys().next().value!);
  }

  /** Another history, and the latest states as they are now, in one transaction; what is not shown any more goes. */
  async #roll(drops: readonly string[] = []): Promise<void> {
    const [oldest] = this.#histories.length < 2 ? [] : this.#histories;
    const kept = this.#histories.slice(-1);
    const number = ++this.#made;
    const [name, states] = [historyTable(number), statesTable(number)];
    const gone = [
      ...drops,
      ...(oldest === undefined ? [] : [oldest.name]),
      ...(this.#states === undefined ? [] : [this.#states]),
    ];
    const connection = this.#connection;
    await connection.run('BEGIN');
    try {
      await connection.run(`${createTableSql(name, COLUMNS)};\n${createTableSql(states, COLUMNS)}`);
      const latest = [...this.#latest.values()];
      const table = await AppendedTable.open(connection, states);
      table.append(latest.length, filled(latest));
      table.close();
      oldest?.table?.close();
      const views = viewStatements([...kept.map((each) => each.name), name], states);
      await connection.run([...views, ...gone.map((each) => `DROP TABLE ${SCHEMA}.${each}`), 'COMMIT'].join(';\n'));
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
    this.#states = states;
    this.#histories = [...kept, { name, table: await AppendedTable.open(connection, name), rows: 0, lastMs: 0 }];
  }
}

const historyTable = (number: number): string => `perf_history_${number}`;
const statesTable = (number: number): string => `perf_states_${number}`;

interface KeptTable {
  readonly name: string;
  readonly kind: 'history' | 'states';
  readonly number: number;
  readonly rows: number;
}

/** What another process has left in the instance, oldest first. */
async function keptTables(connection: DuckDBConnection): Promise<KeptTable[]> {
  const listed = await connection.run(
    `SELECT table_name FROM duckdb_tables() WHERE schema_name = '${SCHEMA}' AND starts_with(table_name, 'perf_')`,
  );
  const tables: KeptTable[] = [];
  for (const [name] of (await listed.getRows()) as [string][]) {
    const [, kind, number] = name.split('_') as [string, KeptTable['kind'], string];
    const counted = await connection.run(`SELECT count(*) FROM ${SCHEMA}.${name}`);
    tables.push({ name, kind, number: Number(number), rows: Number((await counted.getRows())[0]![0]) });
  }
  return tables.toSorted((left, right) => left.number - right.number);
}

/** The latest of each thing in these tables, the one that came last at the end, and the number that comes next. */
async function keptRows(
  connection: DuckDBConnection,
  tables: readonly KeptTable[],
): Promise<{ rows: FoundPerfRow[]; next: number }> {
  if (tables.length === 0) return { rows: [], next: 0 };
  const result = await connection.run(`SELECT * FROM (${latestOf(tables.map(({ name }) => name))}) ORDER BY "Number"`);
  const found = await result.getRowObjects();
  const next = found.reduce((most, row) => Math.max(most, Number(row['Number']) + 1), 0);
  const rows = found.map((row) => {
    const texts = FIELDS.map((field, i) => [field, row[TEXTS[i]!]] as const);
    const properties = (row['Properties'] as DuckDBMapValue).entries.map(
      ({ key, value }) => [String(key), String(value)] as const,
    );
    const timeUnixNano = (row['Timestamp'] as DuckDBTimestampNanosecondsValue).nanos;
    return { ...Object.fromEntries(texts), properties: Object.fromEntries(properties), timeUnixNano } as unknown as FoundPerfRow;
  });
  return { rows, next };
}

const allOf = (names: readonly string[]): string => names.map((name) => `SELECT * FROM ${SCHEMA}.${name}`).join(' UNION ALL ');

/** All columns of the latest row of each thing. */
const latestOf = (names: readonly string[]): string =>
  `SELECT unnest(max_by(t, ("Timestamp", "Number"))) FROM (${allOf(names)}) t GROUP BY ${KEY}`;

function viewStatements(histories: readonly string[], states: string): string[] {
  const view = (name: string, select: string): string =>
    `CREATE OR REPLACE VIEW main.${name} AS ${select};\nCOMMENT ON VIEW main.${name} IS '${PERF_COMMENTS[name]}'`;
  return [
    view(PERF_HISTORY_VIEW, `SELECT ${SHOWN} FROM (${allOf(histories)})`),
    view(PERF_VIEW, `SELECT ${SHOWN} FROM (${latestOf([...histories, states])})`),
  ];
}

const texts = TEXTS.map(() => new Texts());
const maps = new Maps();

function filled(rows: readonly Numbered[]): FillChunk {
  return (v, from, count) => {
    const times = new BigUint64Array(count);
    const numbers = new Uint32Array(count);
    for (let i = 0; i < count; i++) {
      const { row, number } = rows[from + i]!;
      numbers[i] = number;
      times[i] = row.timeUnixNano;
      for (const [column, field] of FIELDS.entries()) texts[column]!.addText(row[field]);
      maps.add(Object.entries(row.properties));
    }
    copyColumn(v[0]!, numbers, 0, count);
    copyTimes(v[1]!, new Uint32Array(times.buffer), 0, count);
    for (const [column, each] of texts.entries()) each.write(v[2 + column]!);
    maps.write(v[2 + texts.length]!);
  };
}
