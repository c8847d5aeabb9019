import { PERF_FIELDS, type PerfField, type PerfRecord } from '../../pipeline/perf/record.ts';
import { platformOf, rowFor } from '../../pipeline/scope/lookup.ts';
import { SCOPE_MATRIX, type ScopeMatrix } from '../../pipeline/scope/matrix.ts';
import type { Surface } from '../terminal/surface.ts';
import { drawTable, type Cell, type TableColumn } from '../terminal/table.ts';
import { tsv } from '../terminal/tsv.ts';

const TITLES: Readonly<Record<PerfField, string>> = {
  category: 'CATEGORY',
  type: 'TYPE',
  topic: 'TOPIC',
  subCat: 'SUBCAT',
  id: 'ID',
  value: 'VALUE',
  pattern: 'PATTERN',
  locations: 'LOCATIONS',
  impact: 'IMPACT',
  properties: 'PROPERTIES',
};

/** What gives way when the terminal is narrow: prose is wrapped, then the least asked for goes. */
const LAYOUT: Readonly<Partial<Record<PerfField, Partial<TableColumn>>>> = {
  topic: { narrowest: 12 },
  id: { narrowest: 12 },
  type: { narrowest: 8, optional: 1 },
  locations: { narrowest: 10, optional: 3 },
  impact: { narrowest: 14, optional: 2 },
  pattern: { narrowest: 10, optional: 4 },
  properties: { narrowest: 16, optional: 5 },
};

/** By category: those of the earlier system have theirs, others share the rest. */
const COLOURS: Readonly<Record<string, string>> = {
  Security: '#dc2626',
  R2: '#2563eb',
  Isolation: '#7c3aed',
  Zstd: '#0d9488',
  Demo: '#d97706',
};
const OTHER_COLOURS = ['#db2777', '#65a30d', '#0891b2', '#9333ea', '#b45309'] as const;

const GOOD = '#16a34a';
const BAD = '#dc2626';
const GOOD_VALUE = /^(?:ENABLED|READY|OK|ACTIVE|PASS(?:ED)?|HEALTHY|ON)$/i;
const BAD_VALUE = /^(?:DISABLED|FAILED|FAIL|ERROR|DOWN|UNHEALTHY|OFF|CRITICAL)$/i;

/** The same for a name wherever it is asked for. */
export function colourOfCategory(category: string): string {
  const own = Object.hasOwn(COLOURS, category) ? COLOURS[category] : undefined;
  if (own !== undefined) return own;
  let sum = 0;
  for (const character of category) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return OTHER_COLOURS[sum % OTHER_COLOURS.length]!;
}

/** The rows in the ten columns, a group per category, the scope's icon before each. `omitted` found no room. */
export function drawPerfMatrix(
  rows: readonly PerfRecord[],
  surface: Surface,
  matrix: ScopeMatrix = SCOPE_MATRIX,
): { readonly text: string; readonly omitted: readonly string[] } {
  const groups = new Map<string, PerfRecord[]>();
  for (const row of sorted(rows)) groups.set(row.category, [...(groups.get(row.category) ?? []), row]);
  const platform = platformOf(process.platform);
  const iconOf = ({ properties }: PerfRecord): string => {
    const icon = surface.unicode ? rowFor(properties['scope'] ?? '', platform, matrix)?.icon : undefined;
    return icon === undefined || icon === '' ? '' : `${icon} `;
  };
  const cell = (row: PerfRecord, field: PerfField): Cell => {
    const text = field === 'properties' ? propertiesText(row.properties) : row[field];
    if (field === 'category') return { text: iconOf(row) + text, style: { colour: colourOfCategory(text), bold: true } };
    if (field === 'value') return { text, style: { colour: colourOfValue(text), bold: true } };
    return text;
  };
  return drawTable(
    {
      columns: PERF_FIELDS.map((field) => ({ title: TITLES[field], ...LAYOUT[field] })),
      groups: [...groups.values()].map((group) => group.map((row) => PERF_FIELDS.map((field) => cell(row, field)))),
    },
    surface,
  );
}

/** Columns of a text that nobody has told how wide it may be. */
const TEXT_COLUMNS = 200;

/** The same as a text without colours, for whoever asks for one over HTTP. */
export function perfText(rows: readonly PerfRecord[], matrix: ScopeMatrix = SCOPE_MATRIX): string {
  const surface: Surface = { isTerminal: true, columns: TEXT_COLUMNS, colours: 'none', unicode: true };
  return drawPerfMatrix(rows, surface, matrix).text;
}

/** The same for programs: the ten columns, then the time. */
export function perfTsv(rows: readonly PerfRecord[], header = true): string {
  const lines = sorted(rows).map((row) => [
    ...PERF_FIELDS.map((field) => (field === 'properties' ? JSON.stringify(row.properties) : row[field])),
    row.time,
  ]);
  const text = tsv([...PERF_FIELDS, 'time'], lines);
  return header ? text : text.split('\n').slice(1).join('\n');
}

const colourOfValue = (value: string): string | undefined =>
  GOOD_VALUE.test(value) ? GOOD : BAD_VALUE.test(value) ? BAD : undefined;

const propertiesText = (properties: Readonly<Record<string, string>>): string =>
  Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');

function sorted(rows: readonly PerfRecord[]): PerfRecord[] {
  const text = ({ category, type, topic, subCat, id }: PerfRecord): string => [category, type, topic, subCat, id].join('\0');
  return rows.toSorted((left, right) => (text(left) < text(right) ? -1 : text(left) > text(right) ? 1 : 0));
}
