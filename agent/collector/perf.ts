import type { PerfRecord } from '../../pipeline/perf/record.ts';
import { drawPerfMatrix, perfTsv } from '../perf/matrix.ts';
import { surfaceOf, type Surface } from '../terminal/surface.ts';
import { apiClient, type ApiOptions } from './api-client.ts';

/** `periscope perf`: MASTER_PERF of a collector that runs. */
export interface PerfOptions extends ApiOptions {
  readonly json?: boolean;
  readonly follow?: boolean;
}

interface Output {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly rows?: number | undefined;
  write(text: string): unknown;
}

const FOLLOW_MS = 1000;
/** Of a terminal that does not say. */
const LINES_DEFAULT = 24;
const ERASE_ALL = '\u001b[2J';
/** Cursor to the upper left corner; and what is left below of an earlier, longer table goes. */
const HOME = '\u001b[H';
const ERASE_LINE = '\u001b[K';
const ERASE_BELOW = '\u001b[J';

/** Resolves to the exit code; with `follow` when `signal` is aborted. */
export async function printPerf(options: PerfOptions, out: Output, signal: AbortSignal): Promise<number> {
  const api = await apiClient(options);
  const ask = async (): Promise<PerfRecord[]> => {
    const response = await api.get('/api/infra/master-perf?format=json', 'show MASTER_PERF', signal);
    return ((await response.json()) as { masterPerf: PerfRecord[] }).masterPerf;
  };
  const surface = surfaceOf(out, process.env);
  const print = options.json === true ? printJson : surface.isTerminal ? printTable : printTsv;
  const show = print(out, surface, options.follow === true);
  show(await ask());
  while (options.follow === true && !signal.aborted) {
    await pause(signal);
    const rows = await ask().catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (rows !== undefined) show(rows);
  }
  return 0;
}

const NO_ROWS = 'no rows yet: POST them to /api/infra/master-perf, or send telemetry with the attribute perf.category';

type Show = (rows: readonly PerfRecord[]) => void;

function printTable(out: Output, surface: Surface, follow: boolean): Show {
  if (follow) out.write(ERASE_ALL);
  return (rows) => {
    const { text, omitted } = drawPerfMatrix(rows, surface);
    const hint = omitted.length === 0 ? [] : [`no room for ${omitted.join(', ')}: widen the terminal, or use --json`];
    const lines = rows.length === 0 ? [NO_ROWS] : [...text.split('\n'), ...hint];
    if (!follow) out.write(`${lines.join('\n')}\n`);
    else out.write(`${HOME}${fitted(lines, out.rows ?? LINES_DEFAULT).join(`${ERASE_LINE}\n`)}${ERASE_LINE}\n${ERASE_BELOW}`);
  };
}

/** What the terminal can show at once: a table that scrolls away each second shows nothing. */
function fitted(lines: readonly string[], height: number): string[] {
  const most = Math.max(2, height - 1);
  if (lines.length <= most) return [...lines];
  return [...lines.slice(0, most - 1), `… ${lines.length - most + 1} lines more: make the terminal higher, or use --json`];
}

/** While it follows: the rows that are new or have changed. */
function printTsv(out: Output): Show {
  const changed = changes();
  let first = true;
  return (rows) => {
    const news = changed(rows);
    if (first || news.length > 0) out.write(`${perfTsv(news, first)}\n`);
    first = false;
  };
}

function printJson(out: Output, _surface: Surface, follow: boolean): Show {
  const changed = changes();
  return (rows) => {
    if (!follow) out.write(`${JSON.stringify({ masterPerf: rows }, null, 2)}\n`);
    else for (const row of changed(rows)) out.write(`${JSON.stringify(row)}\n`);
  };
}

/** Of the rows at hand those that were not there the last time. */
function changes(): (rows: readonly PerfRecord[]) => PerfRecord[] {
  let before = new Set<string>();
  return (rows) => {
    const now = new Map(rows.map((row) => [JSON.stringify(row), row]));
    const news = [...now].flatMap(([text, row]) => (before.has(text) ? [] : [row]));
    before = new Set(now.keys());
    return news;
  };
}

/** Resolves early when it is aborted. */
function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, FOLLOW_MS);
    signal.addEventListener('abort', end);
  });
}
