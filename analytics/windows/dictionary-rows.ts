import type { Dictionaries } from '../../pipeline/otlp/scan-types.ts';
import { AttributeMaps } from './attribute-maps.ts';
import type { ColumnSpec, FillChunk } from './table.ts';
import { CHUNK_ROWS, copyColumn, Maps, Texts, type Vector } from './vectors.ts';

/** The tables that rows point to, by index, and how a scan's dictionaries become their rows: each entry once, when it is new. */
export const DICTIONARY_TABLES: Readonly<Record<string, ColumnSpec>> = {
  resources: [
    ['id', 'UINTEGER'],
    ['service', 'VARCHAR'],
    ['schema_url', 'VARCHAR'],
    ['attributes', 'MAP(VARCHAR, VARCHAR)'],
  ],
  instrumentation_scopes: [
    ['id', 'UINTEGER'],
    ['name', 'VARCHAR'],
    ['version', 'VARCHAR'],
    ['schema_url', 'VARCHAR'],
    ['attributes', 'MAP(VARCHAR, VARCHAR)'],
    ['dropped_attributes', 'UINTEGER'],
  ],
  origins: [
    ['id', 'UINTEGER'],
    ['resource', 'UINTEGER'],
    ['instrumentation_scope', 'UINTEGER'],
  ],
  attribute_sets: [
    ['id', 'UINTEGER'],
    ['attributes', 'MAP(VARCHAR, VARCHAR)'],
    // Whose rows are rows of MASTER_PERF: to find them costs a look at the sets, not at the rows.
    ['has_perf_category', 'BOOLEAN'],
  ],
  metrics: [
    ['id', 'UINTEGER'],
    ['name', 'VARCHAR'],
    ['description', 'VARCHAR'],
    ['unit', 'VARCHAR'],
    ['type', 'VARCHAR'],
    ['temporality', 'INTEGER'],
    ['is_monotonic', 'BOOLEAN'],
  ],
  series: [
    ['id', 'UINTEGER'],
    ['origin', 'UINTEGER'],
    ['metric', 'UINTEGER'],
    ['attributes', 'UINTEGER'],
  ],
};

/** Texts of a record that say what kind of thing it is: few, and joined once. */
export const LABEL_TABLES: Readonly<Record<'logs' | 'traces', ColumnSpec>> = {
  logs: [
    ['id', 'UINTEGER'],
    ['severity_text', 'VARCHAR'],
    ['event_name', 'VARCHAR'],
  ],
  traces: [
    ['id', 'UINTEGER'],
    ['name', 'VARCHAR'],
    ['trace_state', 'VARCHAR'],
    ['status_message', 'VARCHAR'],
  ],
};

const attributeMaps = new AttributeMaps();
const maps = new Maps();
const texts = Array.from({ length: 4 }, () => new Texts());

function writeTexts(v: readonly Vector[], first: number, count: number): void {
  for (let i = 0; i < count; i++) texts[i]!.write(v[first + i]!);
}

/** Column of numbers that a function gives. */
function numbers(vector: Vector, from: number, count: number, of: (index: number) => number): void {
  for (let i = 0; i < count; i++) column[i] = of(from + i);
  copyColumn(vector, column, 0, count);
}
const column = new Uint32Array(CHUNK_ROWS);
const same = (index: number): number => index;

export function resourceRows(dictionaries: Dictionaries): FillChunk {
  return (v, from, count) => {
    for (let i = from; i < from + count; i++) {
      const { service, schemaUrl, attributes } = dictionaries.resource(i);
      texts[0]!.addText(service);
      texts[1]!.addText(schemaUrl);
      maps.add(attributes);
    }
    numbers(v[0]!, from, count, same);
    writeTexts(v, 1, 2);
    maps.write(v[3]!);
  };
}

export function instrumentationScopeRows(dictionaries: Dictionaries): FillChunk {
  return (v, from, count) => {
    const dropped = new Uint32Array(count);
    for (let i = from; i < from + count; i++) {
      const { name, version, schemaUrl, attributes, droppedAttributesCount } = dictionaries.instrumentationScope(i);
      dropped[i - from] = droppedAttributesCount;
      texts[0]!.addText(name);
      texts[1]!.addText(version);
      texts[2]!.addText(schemaUrl);
      maps.add(attributes);
    }
    numbers(v[0]!, from, count, same);
    writeTexts(v, 1, 3);
    maps.write(v[4]!);
    copyColumn(v[5]!, dropped, 0, count);
  };
}

export function originRows(dictionaries: Dictionaries): FillChunk {
  return (v, from, count) => {
    numbers(v[0]!, from, count, same);
    numbers(v[1]!, from, count, (index) => dictionaries.resourceOf(index));
    numbers(v[2]!, from, count, (index) => dictionaries.instrumentationScopeOf(index));
  };
}

/** Of the entries `indices`, which leave out aliases. `note` is told of those with `perf.category`. */
export function attributeSetRows(dictionaries: Dictionaries, indices: Uint32Array, note: (set: number) => void): FillChunk {
  return (v, from, count) => {
    const perf = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const index = indices[from + i]!;
      if (!attributeMaps.add(dictionaries, index)) continue;
      perf[i] = 1;
      note(index);
    }
    copyColumn(v[0]!, indices, from, count);
    attributeMaps.write(v[1]!);
    copyColumn(v[2]!, perf, 0, count);
  };
}

export function metricRows(dictionaries: Dictionaries): FillChunk {
  return (v, from, count) => {
    const temporality = new Int32Array(count);
    const monotonic = new Uint8Array(count);
    for (let i = 0; i < count; i++) {
      const metric = dictionaries.metric(from + i);
      texts[0]!.addText(metric.name);
      texts[1]!.addText(metric.description);
      texts[2]!.addText(metric.unit);
      texts[3]!.addText(metric.type);
      temporality[i] = metric.temporality;
      monotonic[i] = metric.isMonotonic ? 1 : 0;
    }
    numbers(v[0]!, from, count, same);
    writeTexts(v, 1, 4);
    copyColumn(v[5]!, temporality, 0, count);
    copyColumn(v[6]!, monotonic, 0, count);
  };
}

/** `firstSeries` is the number of the first. */
export function seriesRows(dictionaries: Dictionaries, firstSeries: number): FillChunk {
  return (v, from, count) => {
    numbers(v[0]!, from, count, (index) => firstSeries + index);
    numbers(v[1]!, from, count, (index) => dictionaries.originOf(index));
    numbers(v[2]!, from, count, (index) => dictionaries.metricOf(index));
    numbers(v[3]!, from, count, (index) => dictionaries.attributesOf(index));
  };
}

/** `textsOf` gives the indices of a label's texts. */
export function labelRows(dictionaries: Dictionaries, textsOf: (label: number) => readonly number[], columns: number): FillChunk {
  return (v, from, count) => {
    for (let i = from; i < from + count; i++) {
      for (const [column, text] of textsOf(i).entries()) texts[column]!.addText(dictionaries.text(text));
    }
    numbers(v[0]!, from, count, same);
    writeTexts(v, 1, columns);
  };
}
