import type { Aggregation, AttributeFilter, InstrumentKind, MeterRecord, PointKind, View } from './contract.ts';
import { METRIC_LIMITS } from './limits.ts';

/** What an application asked for when it created an instrument. */
export interface InstrumentDescription {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  readonly kind: InstrumentKind;
  readonly integers: boolean;
  readonly boundaries: readonly number[] | undefined;
}

/** A metric that an instrument leaves as. */
export interface StreamPlan {
  readonly name: string;
  readonly description: string;
  readonly attributeKeys: AttributeFilter | undefined;
  readonly cardinalityLimit: number;
  readonly point: PointKind;
  readonly monotonic: boolean;
  readonly bounds: readonly number[];
  readonly bucketsMax: number;
  readonly minMax: boolean;
}

export interface ViewDefaults {
  readonly cardinalityLimit: number;
  readonly advice: readonly View[];
  readonly histogramAggregation: 'explicit_bucket_histogram' | 'base2_exponential_bucket_histogram';
}

/** The specification's, for durations in ms. */
export const DEFAULT_BOUNDARIES = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000] as const;
const MONOTONIC: ReadonlySet<InstrumentKind> = new Set(['counter', 'histogram', 'observable_counter']);
const SIZE_MIN = 2;

/** Streams of an instrument: one for each view that selects it, that of the defaults where none does. */
export function plansOf(
  instrument: InstrumentDescription,
  meter: MeterRecord,
  views: readonly View[],
  defaults: ViewDefaults,
): readonly StreamPlan[] {
  const isSelecting = (view: View): boolean => selects(view, instrument, meter);
  const selecting = views.filter(isSelecting);
  const advice = defaults.advice.filter(isSelecting);
  const applied: readonly View[] = selecting.length === 0 ? [{}] : selecting;
  return applied.flatMap((view) => planOf(instrument, Object.assign({}, ...advice, view) as View, defaults) ?? []);
}

/** Why a view cannot be used; undefined when it can. */
export function faultOfView(view: View): string | undefined {
  const { instrumentName, name, aggregation, cardinalityLimit } = view;
  if (cardinalityLimit !== undefined && !(Number.isInteger(cardinalityLimit) && cardinalityLimit >= 1))
    return `its cardinality limit is ${cardinalityLimit}`;
  if (name !== undefined && (instrumentName === undefined || /[*?]/.test(instrumentName)))
    return `it would name all instruments that it selects ${name}`;
  if (aggregation?.type === 'explicit_bucket_histogram' && aggregation.boundaries !== undefined)
    return boundsOf(aggregation.boundaries) === undefined ? 'its boundaries are no numbers, or too many' : undefined;
  if (aggregation?.type === 'base2_exponential_bucket_histogram' && aggregation.maxSize !== undefined) {
    const { maxSize } = aggregation;
    const possible = Number.isInteger(maxSize) && maxSize >= SIZE_MIN && maxSize <= METRIC_LIMITS.exponentialBucketsMax;
    return possible ? undefined : `its maxSize is ${maxSize}, and not from ${SIZE_MIN} to ${METRIC_LIMITS.exponentialBucketsMax}`;
  }
  return undefined;
}

/** Ascending, without doubles and without the infinite one, which every histogram has; undefined for what is no list of
 *  numbers. */
export function boundsOf(boundaries: unknown): readonly number[] | undefined {
  if (!Array.isArray(boundaries) || boundaries.length > METRIC_LIMITS.histogramBounds) return undefined;
  if (!boundaries.every((bound) => typeof bound === 'number' && !Number.isNaN(bound))) return undefined;
  const finite = (boundaries as readonly number[]).filter((bound) => Number.isFinite(bound));
  return [...new Set(finite)].toSorted((left, right) => left - right);
}

function selects(view: View, instrument: InstrumentDescription, meter: MeterRecord): boolean {
  return (
    (view.instrumentName === undefined || matchesName(view.instrumentName, instrument.name)) &&
    (view.instrumentKind ?? instrument.kind) === instrument.kind &&
    (view.instrumentUnit ?? instrument.unit) === instrument.unit &&
    (view.meterName ?? meter.name) === meter.name &&
    (view.meterVersion ?? meter.version) === meter.version &&
    (view.meterSchemaUrl ?? meter.schemaUrl) === meter.schemaUrl
  );
}

/** Names of instruments are the same whatever their case. */
function matchesName(pattern: string, name: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 'i').test(name);
}

function planOf(instrument: InstrumentDescription, view: View, defaults: ViewDefaults): StreamPlan | undefined {
  const aggregation = resolved(instrument, view.aggregation ?? { type: 'default' }, defaults);
  if (aggregation.type === 'drop' || aggregation.type === 'default') return undefined;
  return {
    name: view.name ?? instrument.name,
    description: view.description ?? instrument.description,
    attributeKeys: view.attributeFilter ?? (view.attributeKeys && new Set(view.attributeKeys)),
    cardinalityLimit: view.cardinalityLimit ?? defaults.cardinalityLimit,
    point: POINTS[aggregation.type],
    monotonic: aggregation.type === 'sum' && MONOTONIC.has(instrument.kind),
    bounds:
      aggregation.type === 'explicit_bucket_histogram'
        ? (boundsOf(aggregation.boundaries) ?? instrument.boundaries ?? DEFAULT_BOUNDARIES)
        : [],
    bucketsMax:
      aggregation.type === 'base2_exponential_bucket_histogram' ? (aggregation.maxSize ?? METRIC_LIMITS.exponentialBuckets) : 0,
    minMax: 'recordMinMax' in aggregation ? aggregation.recordMinMax !== false : true,
  };
}

const POINTS = {
  sum: 'sum',
  last_value: 'gauge',
  explicit_bucket_histogram: 'histogram',
  base2_exponential_bucket_histogram: 'exponential_histogram',
} as const satisfies Record<string, PointKind>;

function resolved({ kind }: InstrumentDescription, aggregation: Aggregation, defaults: ViewDefaults): Aggregation {
  if (aggregation.type !== 'default') return aggregation;
  if (kind === 'gauge' || kind === 'observable_gauge') return { type: 'last_value' };
  if (kind !== 'histogram') return { type: 'sum' };
  return { type: defaults.histogramAggregation };
}
