import type { Aggregation, InstrumentKind, View } from '../metrics/contract.ts';
import { METRIC_LIMITS } from '../metrics/limits.ts';
import { KeyFilter } from './key-filter.ts';
import type { Section } from './section.ts';

export const INSTRUMENT_KINDS = [
  'counter',
  'gauge',
  'histogram',
  'observable_counter',
  'observable_gauge',
  'observable_up_down_counter',
  'up_down_counter',
] as const satisfies readonly InstrumentKind[];

/** What a cardinality limit may be. */
export const CARDINALITIES = [1, METRIC_LIMITS.series] as const;
const BUCKETS = [2, METRIC_LIMITS.exponentialBucketsMax] as const;
const SCALES = [-10, 20] as const;
const AGGREGATIONS = ['default', 'drop', 'explicit_bucket_histogram', 'base2_exponential_bucket_histogram', 'last_value', 'sum'];

/** One of `meter_provider.views`. */
export function viewOf(section: Section): View {
  const [selector, stream] = ['selector', 'stream'].map((key) => {
    if (!section.has(key)) section.findings.fault(section.pathOf(key), 'it is missing');
    return section.section(key);
  });
  section.end();
  return { ...(selector && selectionOf(selector)), ...(stream && streamOf(stream)) };
}

function selectionOf(section: Section): View {
  const selection = {
    instrumentName: section.text('instrument_name'),
    instrumentKind: section.choice('instrument_type', INSTRUMENT_KINDS),
    instrumentUnit: section.text('unit'),
    meterName: section.text('meter_name'),
    meterVersion: section.text('meter_version'),
    meterSchemaUrl: section.text('meter_schema_url'),
  };
  section.end();
  return defined(selection);
}

function streamOf(section: Section): View {
  const stream = {
    name: section.text('name'),
    description: section.text('description'),
    cardinalityLimit: section.whole('aggregation_cardinality_limit', CARDINALITIES),
    ...attributesOf(section.section('attribute_keys')),
    aggregation: aggregationOf(section.section('aggregation')),
  };
  section.end();
  return defined(stream);
}

/** A plain list is what the agent finds its series by the fastest. */
function attributesOf(section: Section | undefined): View {
  if (section === undefined) return {};
  const included = section.texts('included');
  const excluded = section.texts('excluded');
  section.end();
  const isPlain = excluded.length === 0 && !included.some((pattern) => /[*?]/.test(pattern));
  if (isPlain) return included.length === 0 ? {} : { attributeKeys: included };
  return { attributeFilter: new KeyFilter(included, excluded) };
}

/** Undefined for what the agent does by itself. */
function aggregationOf(section: Section | undefined): Aggregation | undefined {
  const type = section?.only();
  if (section === undefined || type === undefined) return undefined;
  const options = section.section(type);
  if (!AGGREGATIONS.includes(type)) {
    section.findings.fault(section.pathOf(type), `it is none of ${AGGREGATIONS.join(', ')}`);
    return undefined;
  }
  if (options === undefined || type === 'default') return undefined;
  const aggregation = optionsOf(type, options);
  options.end();
  return aggregation;
}

function optionsOf(type: string, section: Section): Aggregation {
  if (type === 'drop' || type === 'last_value' || type === 'sum') return { type };
  const minMax = section.flag('record_min_max');
  const recordMinMax = minMax === undefined ? {} : { recordMinMax: minMax };
  if (type === 'explicit_bucket_histogram') {
    const boundaries = section.numbers('boundaries');
    return { type, ...recordMinMax, ...(boundaries === undefined ? {} : { boundaries }) };
  }
  const maxSize = section.whole('max_size', BUCKETS);
  const scale = section.whole('max_scale', SCALES);
  if (scale !== undefined && scale !== SCALES[1])
    section.findings.note(
      section.pathOf('max_scale'),
      'the agent begins with scale 20, whose buckets become wider by themselves',
    );
  return { type: 'base2_exponential_bucket_histogram', ...recordMinMax, ...(maxSize === undefined ? {} : { maxSize }) };
}

function defined<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as never;
}
