import type {
  Dictionaries,
  ExponentialHistogramColumns,
  HistogramColumns,
  LogColumns,
  PointColumns,
  SpanColumns,
  SummaryColumns,
} from '../../pipeline/otlp/scan-types.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { PERF_ATTRIBUTES, PERF_PROPERTY_PREFIX, SCOPE_PROPERTY } from '../../pipeline/perf/attributes.ts';
import type { PerfRow } from '../../pipeline/perf/record.ts';
import type { PerfRule } from '../../pipeline/perf/rule.ts';
import { DEFAULT_SCOPE_STAGE } from '../../pipeline/scope/stage.ts';

/** A row of MASTER_PERF, and what it was made of. */
export type FoundPerfRow = PerfRow & { readonly service: string; readonly source: string };

type Pairs = readonly (readonly [key: string, value: string])[];
type Distribution = HistogramColumns | ExponentialHistogramColumns | SummaryColumns;

/**
 * Finds rows of MASTER_PERF among those that wait in a scan's columns (docs/decisions/0023): whatever has the attribute
 * `perf.category`, and metrics that a rule names. Which attribute sets have it is noted when the sets are loaded, so that
 * telemetry without any costs nothing here, and other one look at a byte per row.
 */
abstract class Finder {
  protected readonly dictionaries: Dictionaries;
  /** By attribute set: 1 has it. */
  protected sets = new Uint8Array(0);
  protected setCount = 0;

  constructor(dictionaries: Dictionaries) {
    this.dictionaries = dictionaries;
  }

  /** That attribute set has `perf.category`. */
  note(set: number): void {
    if (set >= this.sets.length) this.sets = grown(this.sets, set);
    this.sets[set] = 1;
    this.setCount += 1;
  }

  /** The dictionaries begin anew. */
  rotate(): void {
    this.sets = new Uint8Array(0);
    this.setCount = 0;
  }

  /** `unit`: what the number is in, where `pairs` have no value of their own. */
  protected rowOf(
    pairs: Pairs,
    resource: number,
    source: string,
    time: bigint,
    number: number | undefined,
    unit: string,
  ): FoundPerfRow {
    const attributes = new Map(pairs);
    const { service, attributes: ofResource } = this.dictionaries.resource(resource);
    const text = (key: string): string => attributes.get(key) ?? '';
    return {
      category: text(PERF_ATTRIBUTES.category),
      type: text(PERF_ATTRIBUTES.type),
      topic: text(PERF_ATTRIBUTES.topic),
      subCat: text(PERF_ATTRIBUTES.subCat),
      id: text(PERF_ATTRIBUTES.id),
      value: attributes.get(PERF_ATTRIBUTES.value) ?? numberText(number, unit),
      pattern: text(PERF_ATTRIBUTES.pattern),
      locations: text(PERF_ATTRIBUTES.locations),
      impact: text(PERF_ATTRIBUTES.impact),
      properties: propertiesOf(pairs, ofResource),
      timeUnixNano: time,
      service,
      source,
    };
  }
}

export class MetricFinder extends Finder {
  #rules: ReadonlyMap<string, PerfRule> = new Map();
  /** By series: 1 its points are rows. */
  #series = new Uint8Array(0);
  #seen = 0;
  #count = 0;

  constructor(dictionaries: Dictionaries, rules: readonly PerfRule[]) {
    super(dictionaries);
    this.rules = rules;
  }

  set rules(rules: readonly PerfRule[]) {
    // Of two rules for one metric the first counts.
    this.#rules = new Map(rules.toReversed().map((rule) => [rule.match.metric, rule]));
    this.#forget();
  }

  override rotate(): void {
    super.rotate();
    this.#forget();
  }

  #forget(): void {
    this.#series = new Uint8Array(0);
    this.#seen = 0;
    this.#count = 0;
  }

  find(
    points: Readonly<Record<'gauge' | 'sum', PointColumns>>,
    distributions: Readonly<Record<string, Distribution>>,
  ): FoundPerfRow[] {
    if (this.setCount === 0 && this.#rules.size === 0) return [];
    this.#look();
    if (this.#count === 0) return [];
    const found: FoundPerfRow[] = [];
    for (const [source, columns] of Object.entries(points))
      for (const row of chosen(columns.series, columns.length, this.#series))
        found.push(this.#row(columns.series[row]!, timeOf(columns.time, row), source, columns.value[row]!));
    for (const [source, columns] of Object.entries(distributions))
      for (const row of chosen(columns.series, columns.length, this.#series))
        found.push(this.#row(columns.series[row]!, timeOf(columns.time, row), source, meanOf(columns, row)));
    return found;
  }

  /** Looks at the series that are new. */
  #look(): void {
    const { dictionaries } = this;
    const count = dictionaries.seriesCount;
    if (count > this.#series.length) this.#series = grown(this.#series, count - 1);
    for (; this.#seen < count; this.#seen++) {
      const index = this.#seen;
      const isRow =
        this.sets[dictionaries.attributesOf(index)] === 1 ||
        (this.#rules.size > 0 && this.#rules.has(dictionaries.metric(dictionaries.metricOf(index)).name));
      if (!isRow) continue;
      this.#series[index] = 1;
      this.#count += 1;
    }
  }

  #row(series: number, time: bigint, source: string, number: number | undefined): FoundPerfRow {
    const { dictionaries } = this;
    const set = dictionaries.attributesOf(series);
    const { name, unit } = dictionaries.metric(dictionaries.metricOf(series));
    const own: Pairs = dictionaries.attributeSet(set);
    const rule = this.sets[set] === 1 ? undefined : this.#rules.get(name);
    const pairs = rule === undefined ? own : [...own, ...pairsOfRule(rule, own)];
    return this.rowOf(pairs, dictionaries.resourceOf(dictionaries.originOf(series)), source, time, number, unit);
  }
}

export class RecordFinder extends Finder {
  findLogs(columns: LogColumns): FoundPerfRow[] {
    return this.#find(columns, 'log', () => undefined);
  }

  /** A span without a value of its own has its duration. */
  findSpans(columns: SpanColumns): FoundPerfRow[] {
    const { duration } = columns;
    return this.#find(columns, 'span', (row) => (duration[2 * row + 1]! * 2 ** 32 + duration[2 * row]!) / 1e6);
  }

  #find(columns: LogColumns | SpanColumns, source: string, numberOf: (row: number) => number | undefined): FoundPerfRow[] {
    if (this.setCount === 0) return [];
    const { dictionaries } = this;
    return chosen(columns.attributes, columns.length, this.sets).map((row) => {
      const pairs = dictionaries.attributeSet(columns.attributes[row]!);
      const resource = dictionaries.resourceOf(columns.origin[row]!);
      return this.rowOf(pairs, resource, source, timeOf(columns.time, row), numberOf(row), 'ms');
    });
  }
}

function grown(flags: Uint8Array, index: number): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(Math.max(64, 2 ** Math.ceil(Math.log2(index + 1))));
  larger.set(flags);
  return larger;
}

/** The rows whose index is marked, in their order: the newest `LIMITS.perfFound`, and of each index the last one. */
function chosen(indices: Uint32Array, length: number, marked: Uint8Array): number[] {
  const rows: number[] = [];
  const seen = new Set<number>();
  for (let row = length - 1; row >= 0; row--) {
    const index = indices[row]!;
    if (marked[index] !== 1 || (rows.length >= LIMITS.perfFound && seen.has(index))) continue;
    seen.add(index);
    rows.push(row);
  }
  return rows.reverse();
}

const timeOf = (time: Uint32Array, row: number): bigint => (BigInt(time[2 * row + 1]!) << 32n) | BigInt(time[2 * row]!);

/** Undefined of nothing, and where there is no sum: a summary always has one. */
function meanOf(columns: Distribution, row: number): number | undefined {
  const count = columns.count[2 * row + 1]! * 2 ** 32 + columns.count[2 * row]!;
  const hasSum = !('present' in columns) || (columns.present[row]! & 1) !== 0;
  return count === 0 || !hasSum ? undefined : columns.sum[row]! / count;
}

/** `12.34ms`, `7`, `3 request`: in UCUM braces hold a comment, and 1 is no unit. */
function numberText(number: number | undefined, unit: string): string {
  if (number === undefined) return '';
  const text = Number.isFinite(number) ? String(Number(number.toPrecision(6))) : String(number);
  if (unit === '' || unit === '1') return text;
  return unit.startsWith('{') && unit.endsWith('}') ? `${text} ${unit.slice(1, -1)}` : text + unit;
}

/** The bound scope, then the attributes that say properties. */
function propertiesOf(pairs: Pairs, ofResource: Pairs): Record<string, string> {
  const resource = new Map(ofResource);
  const scope = DEFAULT_SCOPE_STAGE.keys.map((key) => resource.get(key)).find((value) => value !== undefined);
  const own = pairs
    .filter(([key]) => key.startsWith(PERF_PROPERTY_PREFIX) && key !== PERF_PROPERTY_PREFIX + SCOPE_PROPERTY)
    .map(([key, value]) => [key.slice(PERF_PROPERTY_PREFIX.length), value] as const);
  return Object.fromEntries([...(scope === undefined ? [] : [[SCOPE_PROPERTY, scope] as const]), ...own]);
}

/** What a rule says, as attributes; `{key}` stands for the value of that attribute. */
function pairsOfRule(rule: PerfRule, own: Pairs): Pairs {
  const attributes = new Map(own);
  const filled = (template: string): string => template.replace(/\{([^{}]*)\}/g, (_, key: string) => attributes.get(key) ?? '');
  return RULE_FIELDS.flatMap((field) => (rule[field] === '' ? [] : [[PERF_ATTRIBUTES[field], filled(rule[field])] as const]));
}
const RULE_FIELDS = ['category', 'type', 'topic', 'subCat', 'id', 'pattern', 'locations', 'impact'] as const;
