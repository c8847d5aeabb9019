import type { DuckDBConnection } from '@duckdb/node-api';
import { FIGURES_TABLE, type SeriesFigures } from './series-figures.ts';
import type { FoundPerfRow } from './perf-finder.ts';
import type { RowSource, SignalSource } from './sources.ts';
import { forgetSliceSql, KEPT_VERSION, recordSliceSql, type KeptSlice } from './kept-slices.ts';
import { ROW_BYTES } from './row-bytes.ts';
import { AppendedTable, createTableSql, SCHEMA } from './table.ts';
import { dictionaryTable, sliceTable, type GenerationTables } from './views.ts';

/** When a slice is full, and when dictionaries begin anew. */
export interface SliceBounds {
  readonly sliceMs: number;
  readonly sliceRows: number;
  readonly sliceBytes: number;
  readonly dictionaryBytes: number;
}

export interface Slice {
  readonly number: number;
  readonly generation: Generation;
  /** Which tables it has: all while it is filled, then those with rows. */
  kinds: readonly string[];
  /** Those of its tables that views name: they have rows, or are about to get some. */
  filled: readonly string[];
  /** When its first and last rows came, by the window's clock. */
  readonly firstMs: number;
  lastMs: number;
  rows: number;
  /** Roughly what DuckDB holds for it. */
  bytes: number;
  /** Was it not compressed since rows came into it? */
  isLoose: boolean;
}

export interface Generation {
  readonly number: number;
  readonly tables: Map<string, AppendedTable>;
  /** Roughly what its dictionaries take, here and in DuckDB. */
  bytes: number;
  /** Of metrics: the table of its series' figures, whose name tells its version, and what it is made of. */
  figures: Figures | undefined;
}

interface Figures {
  version: number;
  /** Has it changed since the table was made? */
  isStale: boolean;
  /** Of a generation that is past: the last state, until the table is made of it. */
  last: FiguresState | undefined;
}

export interface FiguresState {
  readonly figures: SeriesFigures;
  readonly firstSeries: number;
}

/** What dictionary entries take in DuckDB, for each byte that they take in the scan; measured. */
const DICTIONARY_GROWTH = 1.5;

/** One signal of a scope: its scan, its generations of dictionaries, its slices. Changes tables only through `ddl` lists. */
export class SignalWindow {
  readonly source: SignalSource;
  slices: Slice[] = [];
  /** Rises with every flush that loaded rows into a table of this kind. */
  readonly versions = new Map<string, number>();
  #generations: Generation[] = [];
  #open: { readonly slice: Slice; readonly tables: Map<string, AppendedTable> } | undefined;
  #nextSlice: number;
  #nextGeneration: number;
  /** Does the scan still fill the last of `#generations`? */
  #isCurrent = false;
  readonly #bounds: SliceBounds;

  constructor(source: SignalSource, bounds: SliceBounds) {
    this.source = source;
    this.#bounds = bounds;
    this.#nextSlice = 1;
    this.#nextGeneration = 1;
    for (const { kind } of source.rows) this.versions.set(kind, 0);
  }

  get pendingRows(): number {
    return this.source.scan.rows;
  }
  get rows(): number {
    return this.slices.reduce((rows, slice) => rows + slice.rows, 0);
  }
  get bytes(): number {
    return (
      this.slices.reduce((bytes, slice) => bytes + slice.bytes, 0) +
      this.#generations.reduce((bytes, generation) => bytes + generation.bytes, 0)
    );
  }

  /** Full slices that are not compressed. */
  get loose(): Slice[] {
    return this.slices.filter((slice) => slice.isLoose && slice !== this.#open?.slice);
  }

  /** Tables that the views are made of; never none after the first `roll`. */
  get tables(): GenerationTables[] {
    return this.#generations
      .map((generation) => ({
        generation: generation.number,
        slices: this.slices.filter((slice) => slice.generation === generation),
        figures: generation.figures === undefined ? undefined : figuresTable(generation),
      }))
      .filter(({ slices }) => slices.length > 0);
  }

  /** Takes over what an instance on a disk holds from before, oldest first; new rows go to tables of their own. */
  takeOver(found: readonly KeptSlice[]): void {
    for (const { number, generation: of, kinds, filled, rows, bytes, dictionaryBytes, firstMs, lastMs } of found) {
      let generation = this.#generations.find((each) => each.number === of);
      if (generation === undefined) {
        const figures = this.source.figures() && { version: KEPT_VERSION, isStale: false, last: undefined };
        generation = { number: of, tables: new Map(), bytes: dictionaryBytes, figures };
        this.#generations.push(generation);
      }
      this.slices.push({ number, generation, kinds, filled, firstMs, lastMs, rows, bytes, isLoose: false });
      this.#nextSlice = Math.max(this.#nextSlice, number + 1);
      this.#nextGeneration = Math.max(this.#nextGeneration, of + 1);
    }
  }

  scan(bytes: Uint8Array): { rows: number; fault: string } {
    return this.source.scan.scan(bytes);
  }

  /** Must there be another slice before what is pending is loaded? */
  isDue(nowMs: number): boolean {
    const slice = this.#open?.slice;
    if (slice === undefined || !this.#isCurrent) return true;
    const { sliceMs, sliceRows, sliceBytes } = this.#bounds;
    return nowMs - slice.firstMs >= sliceMs || slice.rows >= sliceRows || slice.bytes >= sliceBytes;
  }

  /** Begins a slice, with the tables that `ddl` is given the statements for; they exist when `opened` is called. */
  roll(nowMs: number, wallMs: number, ddl: string[]): void {
    this.#finish(ddl);
    let generation = this.#generations.at(-1);
    if (generation === undefined || !this.#isCurrent) {
      const figures = this.source.figures() && { version: 0, isStale: false, last: undefined };
      generation = { number: this.#nextGeneration++, tables: new Map(), bytes: 0, figures };
      if (figures !== undefined) ddl.push(createTableSql(figuresTable(generation), FIGURES_TABLE));
      for (const { name, columns } of this.source.dictionaries)
        ddl.push(createTableSql(dictionaryTable(this.source.signal, name, generation.number), columns));
      this.#generations.push(generation);
      this.#isCurrent = true;
    }
    const { sliceTables } = this.source;
    const number = this.#nextSlice++;
    const kinds = Object.keys(sliceTables);
    const times = { firstMs: nowMs, lastMs: nowMs };
    const slice: Slice = { number, generation, kinds, filled: [], ...times, rows: 0, bytes: 0, isLoose: true };
    for (const kind of kinds) ddl.push(createTableSql(sliceTable(kind, number), sliceTables[kind]!));
    ddl.push(recordSliceSql(this.source.signal, slice.number, generation.number, wallMs));
    this.slices.push(slice);
    this.#open = { slice, tables: new Map() };
  }

  /** The slice that was filled keeps only tables with rows. */
  #finish(ddl: string[]): void {
    if (this.#open === undefined) return;
    const { slice, tables } = this.#open;
    this.#close();
    if (slice.rows === 0) {
      this.#dropSlice(slice, ddl);
      return;
    }
    const empty = slice.kinds.filter((kind) => tables.get(kind)?.rows === 0);
    slice.kinds = slice.kinds.filter((kind) => !empty.includes(kind));
    slice.filled = slice.kinds;
    for (const kind of empty) ddl.push(`DROP TABLE ${SCHEMA}.${sliceTable(kind, slice.number)}`);
  }

  /** After the statements of `roll` have run. */
  async opened(connection: DuckDBConnection): Promise<void> {
    if (this.#open === undefined) return;
    const { slice, tables } = this.#open;
    for (const kind of Object.keys(this.source.sliceTables))
      tables.set(kind, await AppendedTable.open(connection, sliceTable(kind, slice.number)));
    const { generation } = slice;
    if (generation.tables.size > 0) return;
    for (const { name } of this.source.dictionaries)
      generation.tables.set(
        name,
        await AppendedTable.open(connection, dictionaryTable(this.source.signal, name, generation.number)),
      );
  }

  /** Does what is pending bring a table its first rows? Then the views, which name it from now on, are to be made before. */
  expects(): boolean {
    const slice = this.#open?.slice;
    if (slice === undefined) return false;
    const first = this.source.rows
      .filter(({ columns }) => columns.length > 0)
      .map((rows) => tableOf(rows))
      .filter((kind) => !slice.filled.includes(kind));
    slice.filled = [...slice.filled, ...first];
    return first.length > 0;
  }

  /** Moves what is pending into the open slice: dictionaries first, so that no row is seen without what it points to.
   *  Returns the rows of MASTER_PERF among it. */
  load(nowMs: number): FoundPerfRow[] {
    const open = this.#open;
    const { source } = this;
    const { scan } = source;
    if (open === undefined || scan.rows === 0) return [];
    const { slice, tables } = open;
    source.prepare();
    this.#loadDictionaries(slice.generation);
    const perfRows = source.perfRows();
    let loaded = 0;
    for (const rows of source.rows) {
      const { kind, columns } = rows;
      if (columns.length === 0) continue;
      const name = tableOf(rows);
      const table = tables.get(name)!;
      table.append(columns.length, rows.fill());
      table.flush();
      loaded += columns.length;
      slice.bytes += columns.length * ROW_BYTES[name]! + columns.heapLength;
      this.versions.set(kind, this.versions.get(kind)! + 1);
    }
    slice.rows += loaded;
    slice.lastMs = nowMs;
    scan.clear();
    if (slice.generation.figures !== undefined) slice.generation.figures.isStale = true;
    slice.generation.bytes = (1 + DICTIONARY_GROWTH) * scan.dictionaries.bytes + (source.figures()?.bytes ?? 0);
    if (scan.dictionaries.bytes > this.#bounds.dictionaryBytes) this.#rotate();
    return perfRows;
  }

  #loadDictionaries(generation: Generation): void {
    for (const dictionary of this.source.dictionaries) {
      const table = generation.tables.get(dictionary.name)!;
      const known = this.#known(dictionary.name);
      const count = dictionary.count();
      if (count === known) continue;
      const { rows, from, fill } = dictionary.fill(known);
      table.append(rows, fill, from);
      table.flush();
      this.#loaded.set(dictionary.name, count);
    }
  }
  /** Entries of the current generation that are in DuckDB. */
  readonly #loaded = new Map<string, number>();
  #known(name: string): number {
    return this.#loaded.get(name) ?? 0;
  }

  /** Dictionaries begin anew; the rows that point to the old ones keep them. */
  #rotate(): void {
    this.#isCurrent = false;
    const generation = this.#generations.at(-1);
    if (generation !== undefined) {
      generation.bytes = (generation.bytes * DICTIONARY_GROWTH) / (1 + DICTIONARY_GROWTH);
      for (const table of generation.tables.values()) table.close();
      generation.tables.clear();
      const { figures } = generation;
      if (figures !== undefined) figures.last = { figures: this.source.figures()!, firstSeries: this.source.firstSeries() };
    }
    this.source.rotate();
    this.#loaded.clear();
  }

  /** What goes with a slice, the last of `gone`: its generation, too, if no other slice points to it. */
  bytesFreedBy(slice: Slice, gone: readonly Slice[]): number {
    const { generation } = slice;
    const isNeeded = this.slices.some((each) => each.generation === generation && !gone.includes(each));
    return slice.bytes + (isNeeded ? 0 : generation.bytes);
  }

  /** Gives up a slice, and its generation with its last one; returns its rows. */
  drop(slice: Slice, ddl: string[]): number {
    if (this.#open?.slice === slice) this.#close();
    this.#dropSlice(slice, ddl);
    const { generation } = slice;
    if (this.slices.some((each) => each.generation === generation)) return slice.rows;
    const isLast = this.#generations.at(-1) === generation;
    // What is pending points to the current dictionaries.
    if (isLast && this.#isCurrent && this.pendingRows > 0) return slice.rows;
    if (isLast && this.#isCurrent) this.#rotate();
    this.#generations = this.#generations.filter((each) => each !== generation);
    for (const { name } of this.source.dictionaries)
      ddl.push(`DROP TABLE ${SCHEMA}.${dictionaryTable(this.source.signal, name, generation.number)}`);
    if (generation.figures !== undefined) ddl.push(`DROP TABLE ${SCHEMA}.${figuresTable(generation)}`);
    return slice.rows;
  }

  #dropSlice(slice: Slice, ddl: string[]): void {
    this.slices = this.slices.filter((each) => each !== slice);
    ddl.push(forgetSliceSql(this.source.signal, slice.number));
    for (const kind of slice.kinds) ddl.push(`DROP TABLE ${SCHEMA}.${sliceTable(kind, slice.number)}`);
  }

  /** Generations whose series' figures have changed since their table was made. */
  get stale(): Generation[] {
    return this.#generations.filter(({ figures }) => figures?.isStale === true);
  }

  /** Is one of them past, so that its figures stand in memory besides those of the current one? */
  get isPastStale(): boolean {
    return this.stale.some(({ figures }) => figures?.last !== undefined);
  }

  /** The figures of a generation as they are now. */
  figuresOf(generation: Generation): FiguresState {
    return generation.figures?.last ?? { figures: this.source.figures()!, firstSeries: this.source.firstSeries() };
  }

  /** The next table of a generation's figures takes the place of the last, whose name is returned; `undo` where it fails. */
  replaceFigures(generation: Generation): { readonly old: string; readonly made: string; undo(): void } {
    const old = figuresTable(generation);
    const figures = generation.figures!;
    const before = { ...figures };
    figures.version += 1;
    figures.isStale = false;
    figures.last = undefined;
    return { old, made: figuresTable(generation), undo: () => void Object.assign(figures, before) };
  }

  close(): void {
    this.#close();
    for (const generation of this.#generations) for (const table of generation.tables.values()) table.close();
  }

  #close(): void {
    for (const table of this.#open?.tables.values() ?? []) table.close();
    this.#open = undefined;
  }
}

/** For what is pending now. */
const tableOf = (rows: RowSource): string => rows.table?.() ?? rows.kind;

function figuresTable({ number, figures }: Generation): string {
  return `metrics_figures_${number}_${figures!.version}`;
}
