import { ValueReader } from '../../pipeline/otlp/value-reader.kernel.ts';
import { valueText } from '../../pipeline/otlp/value-text.ts';
import type { LogColumns, SpanColumns } from '../../pipeline/otlp/scan-types.ts';
import { EventLists, EVENTS_TYPE, LinkLists, LINKS_TYPE } from './messages.ts';
import type { ColumnSpec, FillChunk } from './table.ts';
import { CHUNK_ROWS, copyColumn, copyTimes, Texts, type Vector } from './vectors.ts';

/** The tables of log records and spans, and how the columns of a scan become their rows. */
const RECORD: ColumnSpec = [
  ['origin', 'UINTEGER'],
  ['attributes', 'UINTEGER'],
  ['labels', 'UINTEGER'],
  ['time', 'TIMESTAMP_NS'],
  ['trace_high', 'UBIGINT'],
  ['trace_low', 'UBIGINT'],
  ['span', 'UBIGINT'],
  ['flags', 'UINTEGER'],
];
export const LOG_TABLE: ColumnSpec = [...RECORD, ['severity_number', 'UTINYINT'], ['body', 'VARCHAR']];
export const SPAN_TABLE: ColumnSpec = [
  ...RECORD,
  ['duration', 'UBIGINT'],
  ['parent', 'UBIGINT'],
  ['kind', 'UTINYINT'],
  ['status_code', 'UTINYINT'],
  ['events', EVENTS_TYPE],
  ['links', LINKS_TYPE],
];

const words = new Uint32Array(CHUNK_ROWS * 2);

/** Ids are bytes whose hex is read from left to right: as a number, its first byte is the highest. */
function copyIds(vector: Vector, ids: Uint32Array, perRow: number, first: number, from: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const at = (from + i) * perRow + first;
    words[2 * i] = swapped(ids[at + 1]!);
    words[2 * i + 1] = swapped(ids[at]!);
  }
  copyColumn(vector, words, 0, count, 2);
}

function swapped(word: number): number {
  return ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);
}

function fillRecord(
  v: readonly Vector[],
  table: LogColumns | SpanColumns,
  labels: Uint32Array,
  from: number,
  count: number,
): void {
  copyColumn(v[0]!, table.origin, from, count);
  copyColumn(v[1]!, table.attributes, from, count);
  copyColumn(v[2]!, labels, from, count);
  copyTimes(v[3]!, table.time, from, count);
  copyIds(v[4]!, table.traceId, 4, 0, from, count);
  copyIds(v[5]!, table.traceId, 4, 2, from, count);
  copyIds(v[6]!, table.spanId, 2, 0, from, count);
  copyColumn(v[7]!, table.flags, from, count);
}

const bodies = new Texts();
const value = new ValueReader();

export function logRows(table: LogColumns, labels: Uint32Array): FillChunk {
  return (v, from, count) => {
    fillRecord(v, table, labels, from, count);
    copyColumn(v[8]!, table.severityNumber, from, count);
    for (let row = from; row < from + count; row++) {
      const start = table.body[2 * row]!;
      const end = table.body[2 * row + 1]!;
      if (table.bodyIsText[row] === 1 || start === end) bodies.add(table.heap, start, end);
      else {
        value.anyValue(table.heap, start, end);
        bodies.addText(valueText(value));
      }
    }
    bodies.write(v[9]!);
  };
}

const events = new EventLists();
const links = new LinkLists();

export function spanRows(table: SpanColumns, labels: Uint32Array): FillChunk {
  return (v, from, count) => {
    fillRecord(v, table, labels, from, count);
    copyColumn(v[8]!, table.duration, from, count, 2);
    copyIds(v[9]!, table.parentSpanId, 2, 0, from, count);
    copyColumn(v[10]!, table.kind, from, count);
    copyColumn(v[11]!, table.statusCode, from, count);
    for (let row = from; row < from + count; row++) {
      events.add(table.heap, table.events[2 * row]!, table.events[2 * row + 1]!);
      links.add(table.heap, table.links[2 * row]!, table.links[2 * row + 1]!);
    }
    events.write(v[12]!);
    links.write(v[13]!);
  };
}
