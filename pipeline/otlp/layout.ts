import type { Signal } from '../signal.ts';
import { MESSAGES, REQUESTS, WIRE, type Field, type Message } from './schema.ts';
import {
  ACTION_ATTRIBUTE,
  ACTION_BYTES,
  ACTION_ID16,
  ACTION_ID8,
  ACTION_MESSAGE,
  ACTION_PACKED8,
  ACTION_PACKED_VARINT,
  ACTION_SCALAR,
  ACTION_STEP,
  ACTION_TEXT,
  ACTION_VALUE,
  CELLS_PER_TYPE,
  REMOVED_BIT,
  REMOVED_CELL,
  ROLE_GROUP,
  ROLE_ITEM,
  ROLE_OWNER,
  ROLE_PLAIN,
  ROLE_RESOURCE,
} from './layout-cells.ts';

/** The schema as the walk reads it: see layout-cells.ts for the cells. A message type is its place in MESSAGES. */
const names = [...MESSAGES.keys()];

/** By the name of a message; every item, and what can only be taken out together. */
const ROLE_BY_NAME: Readonly<Record<string, number>> = {
  ResourceMetrics: ROLE_GROUP,
  ResourceSpans: ROLE_GROUP,
  ResourceLogs: ROLE_GROUP,
  Resource: ROLE_RESOURCE,
  ScopeMetrics: ROLE_OWNER,
  ScopeSpans: ROLE_OWNER,
  ScopeLogs: ROLE_OWNER,
  Metric: ROLE_OWNER,
  NumberDataPoint: ROLE_ITEM,
  HistogramDataPoint: ROLE_ITEM,
  ExponentialHistogramDataPoint: ROLE_ITEM,
  SummaryDataPoint: ROLE_ITEM,
  Span: ROLE_ITEM,
  LogRecord: ROLE_ITEM,
};

function actionOf(field: Field): number {
  if (field.message !== undefined) {
    if (field.message.name === 'KeyValue') return ACTION_ATTRIBUTE;
    return field.message.name === 'AnyValue' ? ACTION_VALUE : ACTION_MESSAGE;
  }
  if (field.type === 'string') return ACTION_TEXT;
  if (field.type === 'bytes') return field.idBytes === 8 ? ACTION_ID8 : field.idBytes === 16 ? ACTION_ID16 : ACTION_BYTES;
  if (!field.packed) return ACTION_SCALAR;
  return field.wireType === WIRE.varint ? ACTION_PACKED_VARINT : ACTION_PACKED8;
}

function cellOf(field: Field): number {
  const child = field.message === undefined ? 0 : names.indexOf(field.message.name);
  // All members of a oneof share the bit of the first: two of them are one too many.
  const seen = field.oneofMembers === 0 ? field.index : 31 - Math.clz32(field.oneofMembers & -field.oneofMembers);
  const singular = field.repeated ? 0 : 0x10000;
  return actionOf(field) | (field.wireType << 4) | (child << 8) | singular | (seen << 17);
}

/**
 * Fields that OTLP has removed (`reserved` in metrics.proto) and that held attributes, or points with attributes. A reader
 * that is old enough would show a tenant text there that nobody has judged, so the walk knows them. One that names
 * a message is walked as that message, the same on the wire field for field, so that its items count; '' stands for a
 * list of StringKeyValue.
 */
const REMOVED: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  /** int_gauge, int_sum, int_histogram */
  Metric: { 4: 'Gauge', 6: 'Sum', 8: 'Histogram' },
  /** labels */
  NumberDataPoint: { 1: '' },
  HistogramDataPoint: { 1: '' },
  SummaryDataPoint: { 1: '' },
  /** filtered_labels */
  Exemplar: { 1: '' },
};

function removedCell(asMessage: string): number {
  const action = asMessage === '' ? ACTION_BYTES : ACTION_MESSAGE;
  const child = asMessage === '' ? 0 : names.indexOf(asMessage);
  return action | (WIRE.bytes << 4) | (child << 8) | (1 << REMOVED_BIT);
}

function buildLayout(): Int32Array {
  const layout = new Int32Array(names.length * CELLS_PER_TYPE);
  for (const [type, message] of [...MESSAGES.values()].entries()) {
    for (const field of message.fields) {
      layout[type * CELLS_PER_TYPE + field.number] = cellOf(field);
      if (ROLE_BY_NAME[message.name] === ROLE_GROUP && field.repeated)
        layout[type * CELLS_PER_TYPE + REMOVED_CELL] = cellOf(field) | (1 << REMOVED_BIT);
    }
    for (const [number, asMessage] of Object.entries(REMOVED[message.name] ?? {}))
      layout[type * CELLS_PER_TYPE + Number(number)] = removedCell(asMessage);
  }
  return layout;
}

/**
 * The same by tag, 128 cells a type, for tags of one byte whose wire type is the schema's. Fixed-width fields say how
 * many bytes to go on; every other tag is ACTION_UNKNOWN.
 */
function buildTags(layout: Int32Array): Int32Array {
  const tags = new Int32Array(names.length * 128);
  for (const [type, message] of [...MESSAGES.values()].entries()) {
    for (const { number, wireType, packed } of message.fields) {
      if (number > 15) continue;
      const cell = layout[type * CELLS_PER_TYPE + number]!;
      const at = type * 128 + number * 8;
      const width = wireType === WIRE.fixed64 ? 9 : wireType === WIRE.fixed32 ? 5 : 0;
      if (width > 0) tags[at + wireType] = (cell & ~0xff) | (width << 4) | ACTION_STEP;
      else tags[at + wireType] = wireType === WIRE.varint ? (cell & ~0xf) | ACTION_SCALAR : cell;
      if (packed) tags[at + WIRE.bytes] = cell;
    }
  }
  return tags;
}

export const LAYOUT: Int32Array = buildLayout();
export const TAGS: Int32Array = buildTags(LAYOUT);
export const ROLES: Uint8Array = Uint8Array.from(names, (name) => ROLE_BY_NAME[name] ?? ROLE_PLAIN);

const typeOf = (message: Message): number => names.indexOf(message.name);
export const REQUEST_TYPES: Readonly<Record<Signal, number>> = {
  metrics: typeOf(REQUESTS.metrics),
  traces: typeOf(REQUESTS.traces),
  logs: typeOf(REQUESTS.logs),
};

/** Field number of the attribute list of a message type, 0 when it has none. */
export const ATTRIBUTE_FIELDS: Uint8Array = Uint8Array.from(
  MESSAGES.values(),
  (message) => message.fields.find((field) => field.message?.name === 'KeyValue')?.number ?? 0,
);
