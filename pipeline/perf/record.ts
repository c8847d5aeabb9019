import { cleanText, CLEAN, cut, ownText } from '../otlp/attribute-text.ts';
import { cleanProperties, type PropertyJudge } from '../scope/properties.ts';
import { nanosOfTime, timeText } from './time.ts';

/** The columns of MASTER_PERF, in their order, as every surface calls them. */
export const PERF_FIELDS = [
  'category',
  'type',
  'topic',
  'subCat',
  'id',
  'value',
  'pattern',
  'locations',
  'impact',
  'properties',
] as const;
export type PerfField = (typeof PERF_FIELDS)[number];
type PerfText = Exclude<PerfField, 'properties'>;

/** What people hand in. */
export interface PerfMetric {
  /** `Security`, `R2`, `Isolation`, `Zstd`, `Demo`, or a word of one's own. */
  readonly category: string;
  /** `configuration`, `performance`, `validation`, `benchmark`, … */
  readonly type: string;
  readonly topic: string;
  readonly subCat?: string | undefined;
  readonly id: string;
  /** As it is to be shown: `12.34ms`, `ENABLED`. */
  readonly value?: string | number | boolean | undefined;
  readonly pattern?: string | undefined;
  /** Where it is from: a text, or several. */
  readonly locations?: string | readonly string[] | undefined;
  readonly impact?: string | undefined;
  /** `scope` is a claim: whose row it is. Numbers and booleans become text. */
  readonly properties?: Readonly<Record<string, unknown>> | undefined;
  /** ISO 8601 with up to nine decimals, ms since 1970, or ns as a bigint; absent = now. `timestamp` is the same. */
  readonly time?: string | number | bigint | undefined;
  readonly timestamp?: string | number | bigint | undefined;
}

/** One row of MASTER_PERF, clean. */
export type PerfRow = Readonly<Record<PerfText, string>> & {
  readonly properties: Readonly<Record<string, string>>;
  readonly timeUnixNano: bigint;
};

/** The same as JSON, as every surface hands it out. */
export type PerfRecord = Readonly<Record<PerfText, string>> & {
  readonly properties: Readonly<Record<string, string>>;
  /** ISO 8601 with nine decimals. */
  readonly time: string;
};

export function recordOf({ timeUnixNano, ...row }: PerfRow): PerfRecord {
  return { ...row, time: timeText(timeUnixNano) };
}

export type JudgedPerfMetric = { readonly ok: true; readonly row: PerfRow } | { readonly ok: false; readonly message: string };

const REQUIRED: readonly PerfText[] = ['category', 'type', 'topic', 'id'];
const KNOWN: ReadonlySet<string> = new Set([...PERF_FIELDS, 'time', 'timestamp']);

/**
 * A row made of `metric`, or why it cannot be. Texts are cleaned and cut as `sanitize` does it, properties as `judge` says.
 * Never throws on plain data.
 */
export function judgePerfMetric(metric: unknown, nowUnixNano: bigint, judge: PropertyJudge = cleanProperties): JudgedPerfMetric {
  if (metric === null || typeof metric !== 'object' || Array.isArray(metric)) return refusal('it is no object');
  const given = metric as Record<string, unknown>;
  const unknown = Object.keys(given).find((key) => !KNOWN.has(key));
  if (unknown !== undefined)
    return refusal(`it has a field "${cleanText(unknown, 64, false)}"; more about a metric goes into properties`);
  const texts: Partial<Record<PerfText, string>> = {};
  for (const field of PERF_FIELDS) {
    if (field === 'properties') continue;
    const text = textOf(given[field], field === 'locations');
    if (text === undefined) return refusal(`${field} is no text`);
    if (text === '' && REQUIRED.includes(field)) return refusal(`${field} is missing`);
    texts[field] = ownText(cleanText(text, CLEAN.valueLength, false));
  }
  const timeUnixNano = nanosOfTime(given['time'] ?? given['timestamp'] ?? nowUnixNano);
  if (timeUnixNano === undefined) return refusal('its time is neither ISO 8601 nor milliseconds since 1970');
  const properties = given['properties'] ?? {};
  if (typeof properties !== 'object' || Array.isArray(properties)) return refusal('properties is no object');
  const judged = judge(properties as Readonly<Record<string, unknown>>);
  if (!judged.ok) return judged;
  return { ok: true, row: { ...(texts as Record<PerfText, string>), properties: judged.properties, timeUnixNano } };
}

const refusal = (cause: string): JudgedPerfMetric => ({ ok: false, message: `cannot accept the metric: ${cause}` });

const LONE_SURROGATE = /\p{Cs}/gu;

function textOf(value: unknown, several: boolean): string | undefined {
  if (value === undefined || value === null) return '';
  // What is cut off is not read.
  if (typeof value === 'string') return cut(value, CLEAN.valueLength).replace(LONE_SURROGATE, '\ufffd');
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (!several || !Array.isArray(value)) return undefined;
  let joined = '';
  // As far as it is kept.
  for (let i = 0; i < value.length && joined.length <= 2 * CLEAN.valueLength; i++) {
    const text = textOf(value[i], false);
    if (text === undefined) return undefined;
    joined += i === 0 ? text : `, ${text}`;
  }
  return joined;
}

/** Rows with the same key are states of one thing: the latest is what holds. */
export function perfKey({ category, type, topic, subCat, id }: PerfRow): string {
  return JSON.stringify([category, type, topic, subCat, id]);
}
