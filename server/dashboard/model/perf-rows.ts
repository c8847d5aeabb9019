import { csvText } from '../../../agent/terminal/csv.ts';
import type { Tone } from './palette.ts';

/** A row of MASTER_PERF as `GET /api/infra/master-perf` gives it. */
export interface PerfRow {
  readonly category: string;
  readonly type: string;
  readonly topic: string;
  readonly subCat: string;
  readonly id: string;
  readonly value: string;
  readonly pattern: string;
  readonly locations: string;
  readonly impact: string;
  readonly properties: Readonly<Record<string, string>>;
  /** ISO 8601 with nanoseconds. */
  readonly time: string;
}

export const PERF_COLUMNS = ['category', 'type', 'topic', 'subCat', 'id', 'value', 'pattern', 'locations', 'impact'] as const;

export const perfKey = ({ category, type, topic, subCat, id, properties }: PerfRow): string =>
  JSON.stringify([category, type, topic, subCat, id, properties['scope'] ?? '']);

const GOOD = /^(enabled|ready|ok|pass(ed)?|success|healthy|active|connected|valid|secure[d]?|up|true|yes|✓.*)$/i;
const BAD = /^(disabled|fail(ed|ure)?|error|down|invalid|unhealthy|disconnected|denied|critical|false|no|✗.*)$/i;
const WARN = /^(degraded|warn(ing)?|pending|unknown|stale|starting|partial)$/i;

/** What the value says of the state of things; '' for a figure. */
export function statusTone(value: string): Tone {
  const word = value.trim();
  return GOOD.test(word) ? 'good' : BAD.test(word) ? 'bad' : WARN.test(word) ? 'warn' : '';
}

export function impactTone(impact: string): Tone {
  if (/critical|severe|high/i.test(impact)) return 'bad';
  return /medium|moderate/i.test(impact) ? 'warn' : '';
}

export interface PerfView {
  readonly q: string;
  readonly category: string;
  readonly type: string;
}

/** Rows that fit, by category, topic and id: a row keeps its place while its value changes. */
export function perfRows(rows: readonly PerfRow[], { q, category, type }: PerfView): PerfRow[] {
  const words = q
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const order = (row: PerfRow): string => [row.category, row.topic, row.subCat, row.type, row.id].join('\0').toLowerCase();
  return rows
    .filter((row) => (category === '' || row.category === category) && (type === '' || row.type === type))
    .filter((row) => {
      const text = [...PERF_COLUMNS.map((column) => row[column]), ...Object.entries(row.properties).flat()]
        .join(' ')
        .toLowerCase();
      return words.every((word) => text.includes(word));
    })
    .map((row) => ({ row, key: order(row) }))
    .toSorted((left, right) => (left.key < right.key ? -1 : left.key > right.key ? 1 : 0))
    .map(({ row }) => row);
}

export const perfCsv = (rows: readonly PerfRow[]): string =>
  csvText(
    [...PERF_COLUMNS, 'properties', 'time'],
    rows.map((row) => [...PERF_COLUMNS.map((column) => row[column]), row.properties, row.time]),
  );
