import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { LIMITS } from '../../pipeline/limits.ts';
import { keptSlices, nextSeriesOf, prepareSchema, remakeFigures } from './kept-slices.ts';
import type { FoundPerfRow } from './perf-finder.ts';
import type { PerfRule } from '../../pipeline/perf/rule.ts';
import { PERF_HISTORY_VIEW, PERF_VIEW, PerfTable } from './perf-table.ts';
import { FIGURES_TABLE } from './series-figures.ts';
import { SignalWindow, type Slice, type SliceBounds } from './signal-window.ts';
import { logsSource, metricsSource, type SeriesNumbers, tracesSource } from './sources.ts';
import { AppendedTable, createTableSql, SCHEMA } from './table.ts';
import {
  LOGS_VIEW,
  METRIC_VIEWS,
  POINTS_VIEW,
  SERIES_VIEW,
  seriesStatement,
  SERVICES_VIEW,
  servicesStatement,
  TRACES_VIEW,
  viewStatements,
  type Signal,
} from './views.ts';
import { WindowClock } from './window-clock.ts';

export interface WindowOptions extends Partial<SliceBounds> {
  /** Whoever asks for `series` finds points that are older than that; older ones where there are very many series. 0: it is
   *  made anew with each flush, and not when it is asked for. */
  readonly figuresIntervalMs?: number;
  /** Full slices are compressed when they take as much and the first of them has been full so long, or twice as much. */
  readonly looseBytes?: number;
  readonly looseMs?: number;
  /** Reading of the clock that `append` and `trim` are given the readings of. */
  readonly nowMs?: number;
  /** The scope whose file on a disk it is: the file of another is refused, and a flush is there whole or not at all. */
  readonly keptFor?: string | undefined;
  /** Metrics that are rows of MASTER_PERF though their points do not say so. */
  readonly perfRules?: readonly PerfRule[];
}

export interface WindowUsage {
  /** Those that wait for a flush included. */
  readonly rows: number;
  /** An estimate of what they take in this process, dictionaries included. */
  readonly bytes: number;
  /** When the oldest row came; the latest reading of the clock if there is none. */
  readonly oldestMs: number;
}

export interface TrimBounds {
  readonly maxAgeMs: number;
  readonly maxRows: number;
  readonly maxBytes: number;
}

/** How much more may wait to be compressed where time alone would let it. */
const LOOSE_GROWTH = 2;

/** DuckDB's words where it cannot compress for now. */
const OTHERS_WRITE = /other write transactions active/;

/** The figures of series are made anew for a twentieth of the time at most, however many there are. */
const FIGURES_REST = 19;

/**
 * The last minutes of one scope as tables of one DuckDB instance: requests are scanned as they come and loaded by `flush`
 * into tables of integers, one per time slice, which are dropped whole. What SQL sees are the views of views.ts. One writer:
 * nobody else changes the instance. A flush that throws has lost the rows that waited for it, and the window is at its end.
 */
export class ScopeWindow {
  readonly #connection: DuckDBConnection;
  readonly #signals: Readonly<Record<Signal, SignalWindow>>;
  readonly #clock = new WindowClock();
  readonly #perf: PerfTable;
  readonly #isKept: boolean;
  readonly #figuresIntervalMs: number;
  #figuresDueMs = 0;
  #figuresVersion = 0;
  /** Changes of tables happen one after the other. */
  #last: Promise<unknown> = Promise.resolve();
  #isClosed = false;
  readonly #sliceMs: number;
  readonly #looseBytes: number;
  readonly #looseMs: number;
  readonly #series: SeriesNumbers = { first: 0 };

  private constructor(connection: DuckDBConnection, options: WindowOptions) {
    this.#connection = connection;
    this.#perf = new PerfTable(connection);
    this.#isKept = options.keptFor !== undefined;
    this.#figuresIntervalMs = options.figuresIntervalMs ?? LIMITS.windowFiguresIntervalMs;
    this.#looseBytes = options.looseBytes ?? LIMITS.windowLooseBytes;
    this.#looseMs = options.looseMs ?? LIMITS.windowLooseMs;
    const bounds: SliceBounds = {
      sliceMs: options.sliceMs ?? LIMITS.windowSliceMs,
      sliceRows: options.sliceRows ?? LIMITS.windowSliceRows,
      sliceBytes: options.sliceBytes ?? LIMITS.windowSliceBytes,
      dictionaryBytes: options.dictionaryBytes ?? LIMITS.windowDictionaryBytes,
    };
    this.#sliceMs = bounds.sliceMs;
    this.#signals = {
      metrics: new SignalWindow(metricsSource(this.#series, options.perfRules), bounds),
      traces: new SignalWindow(tracesSource(), bounds),
      logs: new SignalWindow(logsSource(), bounds),
    };
  }

  /** Makes schema and views. What an instance on a disk holds from before is there again. */
  static async create(instance: DuckDBInstance, options: WindowOptions = {}): Promise<ScopeWindow> {
    const connection = await instance.connect();
    try {
      const window = new ScopeWindow(connection, options);
      await prepareSchema(connection, options.keptFor ?? '');
      await window.#roll(window.#all, await window.#takeOver(options.nowMs ?? Date.now()), 0);
      await window.#perf.open();
      return window;
    } catch (error) {
      connection.closeSync();
      throw error;
    }
  }

  /** Returns the statements that drop what holds no rows. */
  async #takeOver(nowMs: number): Promise<string[]> {
    const drops: string[] = [];
    this.#clock.read(nowMs);
    for (const window of this.#all) {
      const { signal, sliceTables } = window.source;
      const kinds = Object.keys(sliceTables);
      const found = await keptSlices(this.#connection, signal, kinds, nowMs, this.#sliceMs);
      if (signal === 'metrics') {
        await remakeFigures(this.#connection, found);
        this.#series.first = await nextSeriesOf(this.#connection, found);
      }
      window.takeOver(found);
      for (const slice of window.slices.filter(({ rows }) => rows === 0)) window.drop(slice, drops);
    }
    return drops;
  }

  /** For what is loaded from now on. */
  set perfRules(rules: readonly PerfRule[]) {
    this.#signals.metrics.source.rules?.(rules);
  }

  get #all(): SignalWindow[] {
    return Object.values(this.#signals);
  }

  /** Scans one request. Its rows are seen after the next flush. `skipped`: requests that cannot be read, and `fault` why. */
  append(signal: Signal, bytes: Uint8Array, receivedMs: number): { rows: number; skipped: number; fault: string } {
    this.#clock.read(receivedMs);
    const { rows, fault } = this.#signals[signal].scan(bytes);
    return { rows, skipped: fault === '' ? 0 : 1, fault };
  }

  /** Loads what is pending. Resolves when SQL sees it. */
  flush(): Promise<void> {
    return this.#inTurn(() => this.#flush());
  }

  /** To be awaited before these views are read: makes what is made for those who ask. Never rejects. */
  async prepare(views: ReadonlySet<string>): Promise<void> {
    if (!this.#areFiguresDue || !(views.has(SERIES_VIEW) || views.has(SERVICES_VIEW))) return;
    // Where it fails the view tells what it told before, and the next flush what is wrong.
    await this.#inTurn(() => (this.#isClosed ? Promise.resolve() : this.#refreshFigures())).catch(() => undefined);
  }

  usage(): WindowUsage {
    const slices = this.#all.flatMap((window) => window.slices).filter(({ rows }) => rows > 0);
    const pending = this.#all.reduce((rows, window) => rows + window.pendingRows, 0);
    const oldest = slices.reduce((first, { firstMs }) => Math.min(first, firstMs), this.#clock.elapsedMs);
    return {
      rows: slices.reduce((rows, slice) => rows + slice.rows, pending),
      bytes: this.#all.reduce((bytes, window) => bytes + window.bytes, 0),
      oldestMs: this.#clock.wallMs(oldest),
    };
  }

  /** Drops whole slices: those whose last row is too old, then the oldest until rows and bytes fit. Returns rows dropped. */
  trim(nowMs: number, bounds: TrimBounds): Promise<number> {
    return this.#inTurn(async () => {
      const now = this.#clock.read(nowMs);
      await this.#perf.trim(now - bounds.maxAgeMs);
      const victims = this.#victims(now, bounds);
      if (this.#isCompactDue(now)) void this.#inTurn(() => this.#compact());
      if (victims.length === 0) return 0;
      const drops: string[] = [];
      let rows = 0;
      for (const { window, slice } of victims) rows += window.drop(slice, drops);
      await this.#roll(
        this.#all.filter((window) => victims.some((victim) => victim.window === window)),
        drops,
        now,
      );
      return rows;
    });
  }

  /** Of each view a number that rises with each flush that put rows into it; of `series` when who asks would be told more. */
  versions(): ReadonlyMap<string, number> {
    const figures = this.#figuresVersion + (this.#areFiguresDue ? 1 : 0);
    const { metrics, logs, traces } = this.#signals;
    const of = (window: SignalWindow, kind: string): number => window.versions.get(kind) ?? 0;
    const versions = new Map<string, number>();
    for (const [kind, view] of Object.entries(METRIC_VIEWS)) versions.set(view, of(metrics, kind));
    versions.set(POINTS_VIEW, of(metrics, 'gauge') + of(metrics, 'sum'));
    versions.set(LOGS_VIEW, of(logs, 'logs')).set(TRACES_VIEW, of(traces, 'traces'));
    versions.set(SERIES_VIEW, figures);
    versions.set(PERF_VIEW, this.#perf.version).set(PERF_HISTORY_VIEW, this.#perf.version);
    return versions.set(SERVICES_VIEW, figures + of(logs, 'logs') + of(traces, 'traces'));
  }

  /** Safe twice. What is pending is given up. */
  close(): Promise<void> {
    return this.#inTurn(() => {
      if (this.#isClosed) return Promise.resolve();
      this.#isClosed = true;
      try {
        for (const window of this.#all) window.close();
        this.#perf.close();
      } finally {
        this.#connection.closeSync();
      }
      return Promise.resolve();
    });
  }

  #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #flush(): Promise<void> {
    if (this.#isClosed) return;
    const due = this.#all.filter((window) => window.pendingRows > 0);
    if (due.length === 0) return;
    const now = this.#clock.elapsedMs;
    const full = due.filter((window) => window.isDue(now));
    if (full.length > 0) await this.#roll(full, [], now);
    const run = (statements: string[]): Promise<unknown> => this.#connection.run(statements.join(';\n'));
    const load = this.#isKept
      ? this.#inTransaction(() => this.#load(due, now, run))
      : this.#load(due, now, (statements) => this.#transact(statements));
    await this.#perf.add(await load, now);
    // Of dictionaries that are past the figures are kept in a table alone.
    if (this.#figuresIntervalMs === 0 || this.#signals.metrics.isPastStale) await this.#refreshFigures();
    // Whoever waits for this flush need not wait for that.
    if (full.length > 0 && (this.#isKept || this.#isCompactDue(now))) void this.#inTurn(() => this.#compact());
  }

  /** Loads what is pending into tables that the views name. While these are made more may come, for other tables. */
  async #load(
    due: readonly SignalWindow[],
    now: number,
    make: (views: string[]) => Promise<unknown>,
  ): Promise<readonly FoundPerfRow[]> {
    for (;;) {
      const surprised = due.filter((window) => window.expects());
      if (surprised.length === 0) return due.flatMap((window) => window.load(now));
      await make(this.#viewsOf(surprised));
    }
  }

  /** Full slices take a quarter of the memory when DuckDB has compressed them: it does so in a thread of its own. It goes
   *  through dictionaries, too, and takes as long for a point as to load it: so several together, and none that is soon
   *  dropped. */
  async #compact(): Promise<void> {
    if (this.#isClosed) return;
    const loose = this.#loose;
    const fault = await this.#connection.run('CHECKPOINT').then(
      () => '',
      (error: unknown) => String(error),
    );
    // DuckDB does not wait for a transaction that writes: the next look tries again. After another fault all is as it was, and
    // what is wrong with the instance the next flush says.
    if (!this.#isKept && OTHERS_WRITE.test(fault)) return;
    for (const slice of loose) slice.isLoose = false;
  }

  get #loose(): Slice[] {
    return this.#all.flatMap((window) => window.loose);
  }

  #isCompactDue(now: number): boolean {
    if (this.#isKept) return false;
    const loose = this.#loose;
    const bytes = loose.reduce((sum, slice) => sum + slice.bytes, 0);
    if (bytes >= LOOSE_GROWTH * this.#looseBytes) return true;
    return bytes >= this.#looseBytes && loose.some(({ lastMs }) => now - lastMs >= this.#looseMs);
  }

  /** Gives each window a slice to fill where it needs one, and makes its views anew, in one transaction with `ddl`. */
  async #roll(windows: readonly SignalWindow[], ddl: string[], nowMs: number): Promise<void> {
    const rolled = windows.filter((window) => window.isDue(nowMs));
    for (const window of rolled) {
      window.roll(nowMs, this.#clock.wallMs(nowMs), ddl);
      window.expects();
    }
    // Tables first, for the views name them; those that go last, when no view names them any more.
    const drops = ddl.filter(isDrop);
    await this.#transact([...ddl.filter((statement) => !isDrop(statement)), ...this.#viewsOf(windows), ...drops]);
    for (const window of rolled) await window.opened(this.#connection);
  }

  /** Statements that make the views of these windows anew. */
  #viewsOf(windows: readonly SignalWindow[]): string[] {
    return [...windows.flatMap(({ source, tables }) => viewStatements(source.signal, tables)), ...this.#summaries()];
  }

  /** The views that are made of several signals' tables. */
  #summaries(): string[] {
    const { metrics, logs, traces } = this.#signals;
    if (metrics.slices.length === 0 || logs.slices.length === 0 || traces.slices.length === 0) return [];
    return [
      seriesStatement(metrics.tables),
      servicesStatement({ metrics: metrics.tables, logs: logs.tables, traces: traces.tables }),
    ];
  }

  async #transact(statements: readonly string[]): Promise<void> {
    await this.#inTransaction(() => this.#connection.run(statements.join(';\n')));
  }

  async #inTransaction<Result>(work: () => Promise<Result>): Promise<Result> {
    await this.#connection.run('BEGIN');
    try {
      const result = await work();
      await this.#connection.run('COMMIT');
      return result;
    } catch (error) {
      await this.#connection.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
  }

  get #areFiguresDue(): boolean {
    return this.#signals.metrics.stale.length > 0 && performance.now() >= this.#figuresDueMs;
  }

  /** Makes the view `series` tell of all points. */
  async #refreshFigures(): Promise<void> {
    const { metrics } = this.#signals;
    const stale = metrics.stale;
    if (stale.length === 0) return;
    const begunMs = performance.now();
    const drops: string[] = [];
    const undos: (() => void)[] = [];
    await this.#connection.run('BEGIN');
    try {
      for (const generation of stale) {
        const { figures, firstSeries } = metrics.figuresOf(generation);
        const { old, made, undo } = metrics.replaceFigures(generation);
        undos.push(undo);
        await this.#connection.run(createTableSql(made, FIGURES_TABLE));
        const table = await AppendedTable.open(this.#connection, made);
        table.append(figures.count, figures.rows(firstSeries));
        table.close();
        drops.push(`DROP TABLE ${SCHEMA}.${old}`);
      }
      await this.#connection.run([seriesStatement(metrics.tables), ...drops, 'COMMIT'].join(';\n'));
    } catch (error) {
      // The view names the table that it named before; whoever asks a while later has it made again.
      for (const undo of undos) undo();
      this.#figuresDueMs = performance.now() + this.#figuresIntervalMs;
      await this.#connection.run('ROLLBACK').catch(() => undefined);
      throw error;
    }
    this.#figuresVersion += 1;
    if (this.#figuresIntervalMs === 0) return;
    const madeMs = performance.now();
    this.#figuresDueMs = madeMs + Math.max(this.#figuresIntervalMs, FIGURES_REST * (madeMs - begunMs));
  }

  #victims(now: number, { maxAgeMs, maxRows, maxBytes }: TrimBounds): { window: SignalWindow; slice: Slice }[] {
    const filled = this.#all
      .flatMap((window) => window.slices.map((slice) => ({ window, slice })))
      .filter(({ slice }) => slice.rows > 0)
      .sort((a, b) => a.slice.lastMs - b.slice.lastMs);
    let rows = filled.reduce((sum, { slice }) => sum + slice.rows, 0);
    let bytes = this.#all.reduce((sum, window) => sum + window.bytes, 0);
    const victims: { window: SignalWindow; slice: Slice }[] = [];
    for (const each of filled) {
      if (now - each.slice.lastMs <= maxAgeMs && rows <= maxRows && bytes <= maxBytes) break;
      victims.push(each);
      rows -= each.slice.rows;
      bytes -= each.window.bytesFreedBy(
        each.slice,
        victims.map(({ slice }) => slice),
      );
    }
    return victims;
  }
}

function isDrop(statement: string): boolean {
  return statement.startsWith('DROP');
}
