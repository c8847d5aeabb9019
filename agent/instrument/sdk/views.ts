import type { Attributes } from '@opentelemetry/api';
import type * as sdkMetrics from '@opentelemetry/sdk-metrics';
import type { AggregationOption, ViewOptions } from '@opentelemetry/sdk-metrics';
import type { Aggregation, AttributeFilter, InstrumentKind, View } from '../metrics/contract.ts';

/** What is loaded when the SDK is asked for; nothing of it is imported before. */
export type SdkMetrics = typeof sdkMetrics;

/** Our view as the SDK's. */
export function sdkView(sdk: SdkMetrics, view: View): ViewOptions {
  const { instrumentKind, attributeKeys, attributeFilter, aggregation, cardinalityLimit, instrumentName = '*', ...same } = view;
  return {
    ...same,
    instrumentName,
    ...(instrumentKind === undefined ? {} : { instrumentType: sdkKind(sdk, instrumentKind) }),
    ...attributesOf(sdk, attributeFilter, attributeKeys),
    ...(aggregation === undefined ? {} : { aggregation: sdkAggregation(sdk, aggregation) }),
    ...(cardinalityLimit === undefined ? {} : { aggregationCardinalityLimit: cardinalityLimit }),
  };
}

function attributesOf(
  sdk: SdkMetrics,
  filter: AttributeFilter | undefined,
  keys: readonly string[] | undefined,
): Pick<ViewOptions, 'attributesProcessors'> {
  if (filter !== undefined) {
    const process = (attributes: Attributes): Attributes =>
      Object.fromEntries(Object.entries(attributes).filter(([key]) => filter.has(key)));
    return { attributesProcessors: [{ process }] };
  }
  return keys === undefined ? {} : { attributesProcessors: [sdk.createAllowListAttributesProcessor([...keys])] };
}

/** The limits of these views by the SDK's names of kinds; those of all are its default. */
export function sdkCardinalityLimits(views: readonly View[]): Readonly<Record<string, number>> {
  const inCamelCase = (kind: string): string => kind.replaceAll(/_(.)/g, (_match, letter: string) => letter.toUpperCase());
  return Object.fromEntries(
    views.flatMap(({ instrumentKind = 'default', cardinalityLimit }) =>
      cardinalityLimit === undefined ? [] : [[inCamelCase(instrumentKind), cardinalityLimit]],
    ),
  );
}

export function sdkAggregation({ AggregationType }: SdkMetrics, aggregation: Aggregation): AggregationOption {
  switch (aggregation.type) {
    case 'default':
      return { type: AggregationType.DEFAULT };
    case 'drop':
      return { type: AggregationType.DROP };
    case 'sum':
      return { type: AggregationType.SUM };
    case 'last_value':
      return { type: AggregationType.LAST_VALUE };
    case 'explicit_bucket_histogram': {
      const { boundaries, recordMinMax } = aggregation;
      if (boundaries === undefined) return { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM };
      return {
        type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
        options: { boundaries: [...boundaries], ...(recordMinMax === undefined ? {} : { recordMinMax }) },
      };
    }
    case 'base2_exponential_bucket_histogram': {
      const { type: _type, ...options } = aggregation;
      return { type: AggregationType.EXPONENTIAL_HISTOGRAM, options };
    }
  }
}

function sdkKind({ InstrumentType }: SdkMetrics, kind: InstrumentKind): (typeof InstrumentType)[keyof typeof InstrumentType] {
  return {
    counter: InstrumentType.COUNTER,
    up_down_counter: InstrumentType.UP_DOWN_COUNTER,
    histogram: InstrumentType.HISTOGRAM,
    gauge: InstrumentType.GAUGE,
    observable_counter: InstrumentType.OBSERVABLE_COUNTER,
    observable_up_down_counter: InstrumentType.OBSERVABLE_UP_DOWN_COUNTER,
    observable_gauge: InstrumentType.OBSERVABLE_GAUGE,
  }[kind];
}
