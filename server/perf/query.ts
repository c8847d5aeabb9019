import type { Analytics, SqlAnswer, SqlFormat } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';

/** MASTER_PERF of one scope as the API and the live stream tell it: the ten columns, and the time. */
const COLUMNS = `"Category" AS category, "Type" AS type, "Topic" AS topic, "SubCat" AS "subCat", "Id" AS id, "Value" AS value,
"Pattern" AS pattern, "Locations" AS locations, "Impact" AS impact, map_concat("Properties", MAP {'scope': $scope}) AS properties,
"Timestamp" AS time`;
const LATEST = `SELECT ${COLUMNS} FROM master_perf ORDER BY category, topic, "subCat", id, type`;
const HISTORY = `SELECT ${COLUMNS} FROM master_perf_history ORDER BY time DESC`;

export interface PerfQuestion {
  readonly format: SqlFormat;
  /** All rows, the newest first; else the latest of each thing, in the order of its columns. */
  readonly history: boolean;
}

export function askPerf(
  analytics: Analytics,
  scope: string,
  { format, history }: PerfQuestion,
  signal: AbortSignal,
): Promise<SqlAnswer> {
  const { perfQueryMs: timeoutMs, perfKeys: maxRows, perfAnswerBytes: maxBytes } = LIMITS;
  return analytics.query(
    scope,
    { sql: history ? HISTORY : LATEST, params: { scope }, format, timeoutMs, maxRows, maxBytes },
    signal,
  );
}

const LINE_FEED = 0x0a;
const COMMA = 0x2c;

/** `{"masterPerf":[…]}` of rows as NDJSON, byte by byte: JSON writes a line feed inside a text as `\n`. */
export function perfJson(lines: Uint8Array): Uint8Array {
  const end = lines.at(-1) === LINE_FEED ? lines.length - 1 : lines.length;
  const head = Buffer.from('{"masterPerf":[');
  const out = Buffer.concat([head, lines.subarray(0, end), Buffer.from(']}')]);
  for (let at = head.length; at < head.length + end; at++) if (out[at] === LINE_FEED) out[at] = COMMA;
  return out;
}
