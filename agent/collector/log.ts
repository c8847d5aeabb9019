import type { Log, LogFields } from '../../pipeline/log.ts';

export type Write = (line: string) => void;

/** One line of a `limited` key in this time; what was held back is told with the next one. */
const LIMITED_MS = 10_000;
/** More keys than this and the oldest is forgotten: its next line comes out at once. */
const LIMITED_KEYS_MAX = 1000;

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type Level = (typeof LEVELS)[number];

export interface LogOptions {
  /** Lines below it are not written. */
  readonly level?: Level;
  /** `json`: a line is an object of level, ts, msg and the fields, as the Go collector writes it. */
  readonly encoding?: 'console' | 'json';
  readonly now?: () => number;
}

/** Whether lines of `level` come out of a log from `least` up. */
export function isShown(level: Level, least: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

/** `2026-01-31T12:00:00.000Z warn  cannot reach http://x exporter=otlp_http` */
export function createLog(write: Write, options: LogOptions = {}): Log {
  const { level: least = 'info', encoding = 'console', now = Date.now } = options;
  const line = (level: Level, message: string, fields?: LogFields): void => {
    if (!isShown(level, least)) return;
    const ts = new Date(now()).toISOString();
    if (encoding === 'json') write(JSON.stringify({ level, ts, msg: oneLine(message), ...fields }));
    else write(`${ts} ${level.padEnd(5)} ${oneLine(message)}${formatFields(fields)}`);
  };
  const limited = new Map<string, { untilMs: number; held: number }>();
  return {
    info: (message, fields) => line('info', message, fields),
    warn: (message, fields) => line('warn', message, fields),
    error: (message, fields) => line('error', message, fields),
    limited(key, message, fields) {
      const seen = limited.get(key);
      if (seen !== undefined && now() < seen.untilMs) {
        seen.held += 1;
        return;
      }
      limited.delete(key);
      if (limited.size >= LIMITED_KEYS_MAX) limited.delete(limited.keys().next().value as string);
      limited.set(key, { untilMs: now() + LIMITED_MS, held: 0 });
      line('warn', message, seen === undefined || seen.held === 0 ? fields : { ...fields, heldBack: seen.held });
    },
  };
}

/** Whatever a foreign message holds, it stays one line and cannot move a terminal's cursor. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ');
}

function formatFields(fields: LogFields | undefined): string {
  if (fields === undefined) return '';
  return Object.entries(fields)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' && /[\s"=\p{Cc}]/u.test(value) ? JSON.stringify(value) : value}`)
    .join('');
}
