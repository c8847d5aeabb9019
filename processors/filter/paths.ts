import type { Descent } from '../../pipeline/otlp/descent.kernel.ts';
import { KIND_NAMES, METRIC_TYPES } from './enums.ts';
import { ConditionError, type Path } from './expression.ts';
import {
  anyValueGetter,
  attributeGetter,
  fieldGetter,
  idGetter,
  indexGetter,
  nameGetter,
  numberGetter,
  textGetter,
  whereThere,
  type FieldKind,
  type Getter,
  type GoTo,
} from './getters.ts';
import { GO_TO, PREFIXES, SEEN, type Level } from './levels.ts';
import type { Place } from './place.kernel.ts';

type Keys = readonly (string | number)[];
/** Makes the getter of a path; `keys` is empty for one that takes none. */
type Maker = (keys: Keys) => Getter;

interface Entry {
  readonly make: Maker;
  /** `must`: it is of no use without; `may`: it has a value without as well. */
  readonly keys?: 'must' | 'may';
}

/** Field numbers that differ by the type of a metric, by the field of Metric.data. */
type ByData = Readonly<Record<number, number>>;
const dataField = ({ descent }: Place): number => descent.dataField;
const isNumber = (at: Place): boolean => dataField(at) === 5 || dataField(at) === 7;

function byData(goTo: GoTo, fields: ByData, kind: FieldKind): Getter {
  const getters = new Map(Object.entries(fields).map(([data, field]) => [Number(data), fieldGetter(goTo, field, kind)]));
  const none = fieldGetter(goTo, 0, kind);
  return whereThere(
    (at) => (getters.get(dataField(at)) ?? none)(at),
    (at) => getters.has(dataField(at)),
  );
}

const POINT_ATTRIBUTES: ByData = { 5: 7, 7: 7, 9: 9, 10: 1, 11: 7 };
function pointAttribute(keys: Keys): Getter {
  const getters = new Map(
    Object.entries(POINT_ATTRIBUTES).map(([data, field]) => [Number(data), attributeGetter(GO_TO.datapoint, field, keys)]),
  );
  return (at) => getters.get(dataField(at))!(at);
}

const data: GoTo = (at) => at.be(at.descent.dataField === 0 ? -1 : at.descent.dataStart, at.descent.dataEnd);
const within =
  (goTo: GoTo, field: number): GoTo =>
  (at) => {
    goTo(at);
    at.enter(field);
  };

const field = (level: Level, number: number, kind: FieldKind): Entry => ({ make: () => fieldGetter(GO_TO[level], number, kind) });
const id = (level: Level, number: number, length: number): Entry => ({ make: () => idGetter(GO_TO[level], number, length) });
const attributes = (level: Level, number: number): Entry => ({
  make: (keys) => attributeGetter(GO_TO[level], number, keys),
  keys: 'must',
});
const body = (): Getter => anyValueGetter(GO_TO.log, 5);
const kind = (): Getter => fieldGetter(GO_TO.span, 6, 'int32');

/** Every path, by level; names joined by dots. Field numbers: opentelemetry-proto 1.x. */
const PATHS: Readonly<Record<Level, Readonly<Record<string, Entry>>>> = {
  resource: { attributes: attributes('resource', 1), dropped_attributes_count: field('resource', 2, 'uint32') },
  scope: {
    name: field('scope', 1, 'text'),
    version: field('scope', 2, 'text'),
    attributes: attributes('scope', 3),
    dropped_attributes_count: field('scope', 4, 'uint32'),
  },
  metric: {
    name: field('metric', 1, 'text'),
    description: field('metric', 2, 'text'),
    unit: field('metric', 3, 'text'),
    type: { make: () => numberGetter((at) => METRIC_TYPES[dataField(at)] ?? 0) },
    aggregation_temporality: { make: () => byData(data, { 7: 2, 9: 2, 10: 2 }, 'int32') },
    is_monotonic: { make: () => byData(data, { 7: 3 }, 'bool') },
    metadata: attributes('metric', 12),
  },
  datapoint: {
    attributes: { make: pointAttribute, keys: 'must' },
    start_time_unix_nano: field('datapoint', 2, 'fixed64'),
    time_unix_nano: field('datapoint', 3, 'fixed64'),
    value_double: { make: () => whereThere(fieldGetter(GO_TO.datapoint, 4, 'double'), isNumber) },
    value_int: { make: () => whereThere(fieldGetter(GO_TO.datapoint, 6, 'sfixed64'), isNumber) },
    flags: { make: () => byData(GO_TO.datapoint, { 5: 8, 7: 8, 9: 10, 10: 10, 11: 8 }, 'uint32') },
    count: { make: () => byData(GO_TO.datapoint, { 9: 4, 10: 4, 11: 4 }, 'fixed64') },
    sum: { make: () => byData(GO_TO.datapoint, { 9: 5, 10: 5, 11: 5 }, 'double') },
    scale: { make: () => byData(GO_TO.datapoint, { 10: 6 }, 'sint32') },
    zero_count: { make: () => byData(GO_TO.datapoint, { 10: 7 }, 'fixed64') },
  },
  span: {
    name: field('span', 5, 'text'),
    kind: { make: kind },
    'kind.string': { make: () => nameGetter(kind(), KIND_NAMES) },
    'kind.deprecated_string': {
      make: () =>
        nameGetter(
          kind(),
          KIND_NAMES.map((name) => `SPAN_KIND_${name.toUpperCase()}`),
        ),
    },
    'trace_id.string': id('span', 1, 16),
    'span_id.string': id('span', 2, 8),
    'parent_span_id.string': id('span', 4, 8),
    trace_state: field('span', 3, 'text'),
    start_time_unix_nano: field('span', 7, 'fixed64'),
    end_time_unix_nano: field('span', 8, 'fixed64'),
    attributes: attributes('span', 9),
    dropped_attributes_count: field('span', 10, 'uint32'),
    dropped_events_count: field('span', 12, 'uint32'),
    dropped_links_count: field('span', 14, 'uint32'),
    'status.code': { make: () => fieldGetter(within(GO_TO.span, 15), 3, 'int32') },
    'status.message': { make: () => fieldGetter(within(GO_TO.span, 15), 2, 'text') },
    flags: field('span', 16, 'fixed32'),
  },
  spanevent: {
    name: field('spanevent', 2, 'text'),
    time_unix_nano: field('spanevent', 1, 'fixed64'),
    attributes: attributes('spanevent', 3),
    dropped_attributes_count: field('spanevent', 4, 'uint32'),
    event_index: { make: () => numberGetter((at) => at.eventIndex) },
  },
  log: {
    time_unix_nano: field('log', 1, 'fixed64'),
    observed_time_unix_nano: field('log', 11, 'fixed64'),
    severity_number: field('log', 2, 'int32'),
    severity_text: field('log', 3, 'text'),
    body: { make: (keys) => (keys.length === 0 ? body() : indexGetter(body(), keys)), keys: 'may' },
    'body.string': { make: () => textGetter(body()) },
    attributes: attributes('log', 6),
    dropped_attributes_count: field('log', 7, 'uint32'),
    flags: field('log', 8, 'fixed32'),
    'trace_id.string': id('log', 9, 16),
    'span_id.string': id('log', 10, 8),
    event_name: field('log', 12, 'text'),
  },
};

/** The level that a path's first name gives it; undefined when it begins with a field. */
export function prefixOf(path: Path): Level | undefined {
  return path.names.length > 1 ? PREFIXES[path.names[0]!] : undefined;
}

/** The getter of a path in a condition that is asked at `level`. Throws ConditionError. */
export function pathGetter(path: Path, level: Level): Getter {
  const prefix = prefixOf(path);
  const own = prefix ?? level;
  const names = prefix === undefined ? path.names : path.names.slice(1);
  if (!SEEN[level].includes(own))
    throw new ConditionError(
      `${path.names[0]} is not known to a condition about a ${level} (known: ${SEEN[level].join(', ')})`,
      path.at,
    );
  const entry = PATHS[own][names.join('.')];
  if (entry === undefined)
    throw new ConditionError(`a ${own} has no ${names.join('.')} here (known: ${Object.keys(PATHS[own]).join(', ')})`, path.at);
  const text = path.names.join('.');
  if (path.keys.length === 0 && entry.keys === 'must') throw new ConditionError(`${text} needs a key: ${text}["…"]`, path.at);
  if (path.keys.length > 0 && entry.keys === undefined) throw new ConditionError(`${text} takes no key`, path.at);
  if (entry.keys === 'must' && typeof path.keys[0] === 'number')
    throw new ConditionError(`${text} takes a text as its key`, path.at);
  return entry.make(path.keys);
}

/** Every path that a condition at `level` may name without a prefix, for documents and tests. */
export function pathsOf(level: Level): readonly string[] {
  return Object.keys(PATHS[level]);
}

/** Field number of the attributes of a data point; 0 when the metric has no type. */
export const pointAttributesField = ({ dataField: of }: Descent): number => POINT_ATTRIBUTES[of] ?? 0;
