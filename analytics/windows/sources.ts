import { PairInterner } from '../../pipeline/otlp/interner.kernel.ts';
import { logsScan, metricsScan, tracesScan } from '../../pipeline/otlp/scan.ts';
import type { Dictionaries, LogsScan, MetricsScan, PointColumns, TracesScan } from '../../pipeline/otlp/scan-types.ts';
import type { PerfRule } from '../../pipeline/perf/rule.ts';
import {
  attributeSetRows,
  DICTIONARY_TABLES,
  instrumentationScopeRows,
  LABEL_TABLES,
  labelRows,
  metricRows,
  originRows,
  resourceRows,
  seriesRows,
} from './dictionary-rows.ts';
import { exponentialHistogramRows, histogramRows, isRich, METRIC_TABLES, pointRows, summaryRows } from './metric-rows.ts';
import { LOG_TABLE, logRows, SPAN_TABLE, spanRows } from './record-rows.ts';
import { MetricFinder, RecordFinder, type FoundPerfRow } from './perf-finder.ts';
import { SeriesFigures } from './series-figures.ts';
import type { ColumnSpec, FillChunk } from './table.ts';
import type { Signal } from './views.ts';

/** Rows that wait in the columns of a scan, for one table of a slice. */
export interface RowSource {
  readonly kind: string;
  /** The table for what is there now: that of the kind, if there is no other. */
  table?(): string;
  readonly columns: { readonly length: number; readonly heapLength: number };
  fill(): FillChunk;
}

/** Entries of a dictionary, for one table of a generation. */
export interface DictionarySource {
  readonly name: string;
  readonly columns: ColumnSpec;
  /** How many there are. */
  count(): number;
  /** Writes those from `from` on; returns how many rows and how. */
  fill(from: number): { rows: number; from: number; fill: FillChunk };
}

/** A signal of one scope: what is scanned, into which tables it goes, and by which numbers rows find what they point to. */
export interface SignalSource {
  readonly signal: Signal;
  readonly scan: MetricsScan | LogsScan | TracesScan;
  readonly sliceTables: Readonly<Record<string, ColumnSpec>>;
  readonly rows: readonly RowSource[];
  readonly dictionaries: readonly DictionarySource[];
  /** Of metrics only. */
  readonly figures: () => SeriesFigures | undefined;
  /** Number of the generation's first series; the others follow as their indices do. */
  readonly firstSeries: () => number;
  /** To be called before rows are loaded. */
  prepare(): void;
  /** Rows of MASTER_PERF among those that wait; after their dictionaries are loaded. */
  perfRows(): FoundPerfRow[];
  /** Of metrics only: others from now on. */
  rules?(rules: readonly PerfRule[]): void;
  /** Starts anew, as the scan's dictionaries do. */
  rotate(): void;
}

function whole(name: string, count: () => number, rows: () => FillChunk): DictionarySource {
  const columns = DICTIONARY_TABLES[name]!;
  return { name, columns, count, fill: (from) => ({ rows: count() - from, from, fill: rows() }) };
}

/** What all signals have. */
function sharedDictionaries(of: Dictionaries, perf: { note(set: number): void }): DictionarySource[] {
  const attributeSets: DictionarySource = {
    name: 'attribute_sets',
    columns: DICTIONARY_TABLES['attribute_sets']!,
    count: () => of.attributeSetCount,
    fill: (from) => {
      const count = of.attributeSetCount;
      const indices = new Uint32Array(count - from);
      let rows = 0;
      for (let index = from; index < count; index++) if (!of.isAlias(index)) indices[rows++] = index;
      return { rows, from: 0, fill: attributeSetRows(of, indices, (set) => perf.note(set)) };
    },
  };
  return [
    whole(
      'resources',
      () => of.resourceCount,
      () => resourceRows(of),
    ),
    whole(
      'instrumentation_scopes',
      () => of.instrumentationScopeCount,
      () => instrumentationScopeRows(of),
    ),
    whole(
      'origins',
      () => of.originCount,
      () => originRows(of),
    ),
    attributeSets,
  ];
}

function points(kind: 'gauge' | 'sum', columns: PointColumns, numbers: SeriesNumbers): RowSource {
  return {
    kind,
    columns,
    table: () => (isRich(columns) ? `${kind}_rich` : kind),
    fill: () => pointRows(columns, numbers.first, isRich(columns)),
  };
}

/** Series have numbers that no other generation has given: the next ones from `first` on, as their indices count. */
export interface SeriesNumbers {
  first: number;
}

export function metricsSource(numbers: SeriesNumbers, first: readonly PerfRule[] = []): SignalSource {
  const scan = metricsScan();
  const { dictionaries, gauge, sum, histogram, exponentialHistogram, summary } = scan;
  const perf = new MetricFinder(dictionaries, first);
  let figures = new SeriesFigures();
  return {
    signal: 'metrics',
    scan,
    sliceTables: METRIC_TABLES,
    rows: [
      points('gauge', gauge, numbers),
      points('sum', sum, numbers),
      { kind: 'histogram', columns: histogram, fill: () => histogramRows(histogram, numbers.first) },
      {
        kind: 'exponential_histogram',
        columns: exponentialHistogram,
        fill: () => exponentialHistogramRows(exponentialHistogram, numbers.first),
      },
      { kind: 'summary', columns: summary, fill: () => summaryRows(summary, numbers.first) },
    ],
    dictionaries: [
      ...sharedDictionaries(dictionaries, perf),
      whole(
        'metrics',
        () => dictionaries.metricCount,
        () => metricRows(dictionaries),
      ),
      whole(
        'series',
        () => dictionaries.seriesCount,
        () => seriesRows(dictionaries, numbers.first),
      ),
    ],
    figures: () => figures,
    firstSeries: () => numbers.first,
    prepare: () => {
      figures.add(gauge, gauge.value);
      figures.add(sum, sum.value);
      for (const table of [histogram, exponentialHistogram, summary]) figures.add(table, undefined);
    },
    rules: (rules) => (perf.rules = rules),
    perfRows: () => perf.find({ gauge, sum }, { histogram, exponential_histogram: exponentialHistogram, summary }),
    rotate: () => {
      numbers.first += dictionaries.seriesCount;
      scan.rotate();
      perf.rotate();
      figures = new SeriesFigures();
    },
  };
}

/** Rows of a label: the indices of its texts. */
function labels(
  name: 'logs' | 'traces',
  of: Dictionaries,
  count: () => number,
  textsOf: (label: number) => readonly number[],
): DictionarySource {
  const columns = LABEL_TABLES[name];
  return {
    name: 'labels',
    columns,
    count,
    fill: (from) => ({ rows: count() - from, from, fill: labelRows(of, textsOf, columns.length - 1) }),
  };
}

const SEED = 0;

export function logsSource(): SignalSource {
  const scan = logsScan();
  const { dictionaries, logs } = scan;
  const perf = new RecordFinder(dictionaries);
  let pairs = new PairInterner(SEED);
  let column = new Uint32Array(0);
  return {
    signal: 'logs',
    scan,
    sliceTables: { logs: LOG_TABLE },
    rows: [{ kind: 'logs', columns: logs, fill: () => logRows(logs, column) }],
    dictionaries: [
      ...sharedDictionaries(dictionaries, perf),
      labels(
        'logs',
        dictionaries,
        () => pairs.count,
        (label) => [pairs.first[label]!, pairs.second[label]!],
      ),
    ],
    figures: () => undefined,
    firstSeries: () => 0,
    prepare: () => {
      if (column.length < logs.length) column = new Uint32Array(logs.severityText.length);
      for (let row = 0; row < logs.length; row++) column[row] = pairs.intern(logs.severityText[row]!, logs.eventName[row]!);
    },
    perfRows: () => perf.findLogs(logs),
    rotate: () => {
      scan.rotate();
      perf.rotate();
      pairs = new PairInterner(SEED);
    },
  };
}

export function tracesSource(): SignalSource {
  const scan = tracesScan();
  const { dictionaries, spans } = scan;
  const perf = new RecordFinder(dictionaries);
  let names = new PairInterner(SEED);
  let pairs = new PairInterner(SEED);
  let column = new Uint32Array(0);
  const textsOf = (label: number): readonly number[] => {
    const name = pairs.first[label]!;
    return [names.first[name]!, names.second[name]!, pairs.second[label]!];
  };
  return {
    signal: 'traces',
    scan,
    sliceTables: { traces: SPAN_TABLE },
    rows: [{ kind: 'traces', columns: spans, fill: () => spanRows(spans, column) }],
    dictionaries: [...sharedDictionaries(dictionaries, perf), labels('traces', dictionaries, () => pairs.count, textsOf)],
    figures: () => undefined,
    firstSeries: () => 0,
    prepare: () => {
      if (column.length < spans.length) column = new Uint32Array(spans.name.length);
      for (let row = 0; row < spans.length; row++) {
        column[row] = pairs.intern(names.intern(spans.name[row]!, spans.traceState[row]!), spans.statusMessage[row]!);
      }
    },
    perfRows: () => perf.findSpans(spans),
    rotate: () => {
      scan.rotate();
      perf.rotate();
      names = new PairInterner(SEED);
      pairs = new PairInterner(SEED);
    },
  };
}
