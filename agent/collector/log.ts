import type { Log, LogFields } from '../../pipeline/log.ts';

export type Write = (line: string) => void;

/** One line of a `limited` key in this time; what was held back is told with the next one. */
const LIMITED_MS = 10_000;
/** More keys than this and the oldest is forgotten: its next line comes out at once. */
const LIMITED_KEYS_MAX = 1000;

/** `2026-01-31T12:00:00.000Z warn  cannot reach http://x exporter=otlp_http` */
export function createLog(write: Write, now: () => number = Date.now): Log {
  const line = (level: string, message: string, fields?: LogFields): void => {
    write(`${new Date(now()).toISOString()} ${level.padEnd(5)} ${oneLine(message)}${formatFields(fields)}`);
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
