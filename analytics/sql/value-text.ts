import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  DuckDBVariantValue,
  type DuckDBValue,
} from '@duckdb/node-api';

/**
 * A value of DuckDB as JSON that every reader takes: numbers while a double holds them exactly, else strings; times in
 * UTC as ISO 8601 with all the digits their type has; bytes in hex; MAP and STRUCT as objects.
 */
export function jsonText(value: DuckDBValue): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'number':
      // As JSON.stringify writes it, at a fifth of its price.
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case 'bigint':
      return isExact(value) ? value.toString() : `"${value}"`;
    case 'boolean':
      return value ? 'true' : 'false';
    default:
      return value === null ? 'null' : nested(value);
  }
}

/** A value as a field of RFC 4180. NULL is empty; an empty text is `""`. */
export function csvText(value: DuckDBValue): string {
  if (value === null) return '';
  if (typeof value === 'object') {
    if (isNested(value)) return quoted(nested(value));
    return quoted(plain(value));
  }
  return typeof value === 'string' ? quoted(value) : String(value);
}

const isNested = (value: object): boolean =>
  value instanceof DuckDBListValue ||
  value instanceof DuckDBArrayValue ||
  value instanceof DuckDBStructValue ||
  value instanceof DuckDBMapValue ||
  value instanceof DuckDBUnionValue ||
  value instanceof DuckDBVariantValue;

const quoted = (text: string): string => (text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** As many digits as a double always holds. */
const EXACT_DIGITS = 15;
const isExact = (value: bigint): boolean => value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER);

function nested(value: Exclude<DuckDBValue, null | string | number | bigint | boolean>): string {
  if (value instanceof DuckDBMapValue)
    return `{${value.entries.map((entry) => `${JSON.stringify(keyText(entry.key))}:${jsonText(entry.value)}`).join(',')}}`;
  if (value instanceof DuckDBStructValue)
    return `{${Object.entries(value.entries)
      .map(([key, member]) => `${JSON.stringify(key)}:${jsonText(member)}`)
      .join(',')}}`;
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return `[${value.items.map(jsonText).join(',')}]`;
  if (value instanceof DuckDBUnionValue || value instanceof DuckDBVariantValue) return jsonText(value.value);
  if (value instanceof DuckDBDecimalValue) {
    const text = value.toString();
    return text.replaceAll(/\D/g, '').length <= EXACT_DIGITS ? text : `"${text}"`;
  }
  return JSON.stringify(plain(value));
}

const keyText = (key: DuckDBValue): string =>
  typeof key === 'string' ? key : typeof key === 'object' && key !== null && !isNested(key) ? plain(key) : jsonText(key);

/** Of what is one text, without quotes. */
function plain(value: object): string {
  if (value instanceof DuckDBTimestampNanosecondsValue) return isoTime(value.nanos, 9);
  if (value instanceof DuckDBTimestampValue || value instanceof DuckDBTimestampTZValue) return isoTime(value.micros, 6);
  if (value instanceof DuckDBTimestampMillisecondsValue) return isoTime(value.millis, 3);
  if (value instanceof DuckDBTimestampSecondsValue) return isoTime(value.seconds, 0);
  if (value instanceof DuckDBBlobValue) return Buffer.from(value.bytes).toString('hex');
  return String(value);
}

const INFINITE = 2n ** 63n - 1n;
/** What a Date holds. */
const DATE_SECONDS_MAX = 8_640_000_000_000n;

/** `count` of 10^-digits seconds since 1970 in UTC. */
function isoTime(count: bigint, digits: number): string {
  if (count === INFINITE) return 'infinity';
  if (count === -INFINITE) return '-infinity';
  const unit = 10n ** BigInt(digits);
  const fraction = ((count % unit) + unit) % unit;
  const seconds = (count - fraction) / unit;
  // Only a microsecond column reaches so far; no clock does.
  if (seconds > DATE_SECONDS_MAX || seconds < -DATE_SECONDS_MAX) return `${seconds}s`;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, -'.000Z'.length);
  return digits === 0 ? `${whole}Z` : `${whole}.${fraction.toString().padStart(digits, '0')}Z`;
}
