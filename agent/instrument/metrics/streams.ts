import type { Cells } from './cells.ts';
import type { InstrumentRecord, MeterRecord, View } from './contract.ts';
import { ExplicitBuckets } from './explicit.kernel.ts';
import { clearExplicit, clearExponential, EXPLICIT_BUCKETS, exponentialFloats } from './layout.kernel.ts';
import {
  ExplicitSeries,
  ExponentialSeries,
  GaugeSeries,
  ObservedSeries,
  type Series,
  type SeriesContext,
  SumSeries,
} from './series.ts';
import { Stream, type StreamHost } from './stream.ts';
import { type InstrumentDescription, plansOf, type StreamPlan, type ViewDefaults } from './views.ts';

/** What it takes to make the streams of an instrument. */
export interface StreamFactory {
  readonly host: StreamHost;
  readonly views: readonly View[];
  readonly defaults: ViewDefaults;
  nextInstrumentId(): number;
  /** Of all meters. */
  metrics(): number;
}

export function makeRecorded(
  factory: StreamFactory,
  meter: MeterRecord,
  instrument: InstrumentDescription,
  nonNegative: boolean,
): readonly Stream<Series>[] {
  return plansOf(instrument, meter, factory.views, factory.defaults).map((plan) =>
    recorded(factory, plan, recordOf(factory, meter, instrument, plan, nonNegative)),
  );
}

/** Of sums and gauges the callbacks give the number itself; into histograms each observation is recorded. */
export function makeObserved(
  factory: StreamFactory,
  meter: MeterRecord,
  instrument: InstrumentDescription,
): readonly Stream<ObservedSeries | Series>[] {
  return plansOf(instrument, meter, factory.views, factory.defaults).map((plan) => {
    const record = recordOf(factory, meter, instrument, plan, instrument.kind === 'observable_counter');
    if (plan.point !== 'sum' && plan.point !== 'gauge') return recorded(factory, plan, record);
    return new Stream<ObservedSeries | Series>(factory.host, {
      record,
      cardinalityLimit: plan.cardinalityLimit,
      allowed: plan.attributeKeys,
      floats: 1,
      make: (id: number, cells: Cells) => new ObservedSeries(id, cells),
    });
  });
}

function recorded(factory: StreamFactory, plan: StreamPlan, record: InstrumentRecord): Stream<Series> {
  const { faults, gate } = factory.host;
  const { name: instrument, integers, signed } = record;
  const context: SeriesContext = { instrument, integers, nonNegative: !signed, allowed: plan.attributeKeys, faults, gate };
  const { cardinalityLimit, attributeKeys: allowed } = plan;
  return new Stream(factory.host, { record, cardinalityLimit, allowed, ...shapeOf(plan, signed, context) });
}

/** How much room a series takes, and how it is made. */
function shapeOf(
  { point, bounds, bucketsMax }: StreamPlan,
  signed: boolean,
  context: SeriesContext,
): { readonly floats: number; readonly make: (id: number, cells: Cells) => Series } {
  switch (point) {
    case 'sum':
      return { floats: 1, make: (id, cells) => new SumSeries(id, cells, context) };
    case 'gauge':
      return { floats: 1, make: (id, cells) => new GaugeSeries(id, cells, context) };
    case 'histogram': {
      const buckets = new ExplicitBuckets(bounds);
      const count = bounds.length + 1;
      return {
        floats: EXPLICIT_BUCKETS + count,
        make: (id, cells) => {
          clearExplicit(cells.floats, cells.offset, count);
          return new ExplicitSeries(id, cells, context, buckets);
        },
      };
    }
    case 'exponential_histogram':
      return {
        floats: exponentialFloats(bucketsMax, signed),
        make: (id, cells) => {
          clearExponential(cells.floats, cells.offset, bucketsMax, signed);
          return new ExponentialSeries(id, cells, context, bucketsMax);
        },
      };
  }
}

function recordOf(
  factory: StreamFactory,
  meter: MeterRecord,
  { unit, kind, integers }: InstrumentDescription,
  { name, description, point, monotonic, bounds, bucketsMax, minMax }: StreamPlan,
  nonNegative: boolean,
): InstrumentRecord {
  const id = factory.nextInstrumentId();
  const signed = !nonNegative;
  return { id, meter, name, description, unit, kind, point, monotonic, integers, bounds, bucketsMax, signed, minMax };
}
