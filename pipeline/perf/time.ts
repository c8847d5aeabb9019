const NANOS_PER_MS = 1_000_000n;
const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;
/** What 64 bits hold, and TIMESTAMP_NS. */
const LAST = 2n ** 63n - 1n;

/** Nanoseconds since 1970 of an ISO 8601 text with up to nine decimals, of milliseconds, or of themselves; else undefined. */
export function nanosOfTime(time: unknown): bigint | undefined {
  const nanos = typeof time === 'string' ? nanosOfText(time) : nanosOfNumber(time);
  return nanos === undefined || nanos < 0n || nanos > LAST ? undefined : nanos;
}

function nanosOfNumber(time: unknown): bigint | undefined {
  if (typeof time === 'bigint') return time;
  if (typeof time !== 'number' || !Number.isFinite(time)) return undefined;
  const whole = Math.floor(time);
  return BigInt(whole) * NANOS_PER_MS + BigInt(Math.round((time - whole) * 1e6));
}

function nanosOfText(time: string): bigint | undefined {
  const [, seconds, decimals = '', zone] = ISO.exec(time) ?? [];
  const ms = seconds === undefined ? Number.NaN : Date.parse(`${seconds}${zone}`);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * NANOS_PER_MS + BigInt(decimals.padEnd(9, '0'));
}

/** ISO 8601 in UTC with nine decimals. */
export function timeText(unixNano: bigint): string {
  const ms = Number(unixNano / NANOS_PER_MS);
  const below = String(unixNano % NANOS_PER_MS).padStart(6, '0');
  return `${new Date(ms).toISOString().slice(0, -1)}${below}Z`;
}
