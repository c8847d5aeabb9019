/** Numbers and times as the page writes them: short, and with the same digits wherever they stand below each other. */

const SCALES: readonly (readonly [number, string])[] = [
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
];

/** `1234567` → `1.23M`, `0.00012` → `1.2e-4`; three significant digits. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  const sign = value < 0 ? '−' : '';
  if (size === 0) return '0';
  for (const [scale, letter] of SCALES) {
    // 999,600 would be written 1000k.
    if (size >= scale * 0.9995) return `${sign}${significant(size / scale)}${letter}`;
  }
  if (size < 0.001) return `${sign}${size.toExponential(1).replace('.0', '')}`;
  return `${sign}${significant(size)}`;
}

function significant(size: number): string {
  if (size >= 100) return String(Math.round(size));
  const text = size >= 10 ? size.toFixed(1) : size >= 1 ? size.toFixed(2) : size.toPrecision(3);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

const GROUPED = new Intl.NumberFormat('en-US');
/** `1234567` → `1,234,567`: for what is counted exactly. */
export const wholeNumber = (value: number): string => GROUPED.format(value);
/** `1 span`, `1,200 spans`. */
export const counted = (count: number, noun: string): string => `${wholeNumber(count)} ${noun}${count === 1 ? '' : 's'}`;

const BYTE_SCALES: readonly (readonly [number, string])[] = [
  [2 ** 40, 'TiB'],
  [2 ** 30, 'GiB'],
  [2 ** 20, 'MiB'],
  [2 ** 10, 'KiB'],
];
export function bytes(value: number): string {
  const [scale, unit] = BYTE_SCALES.find(([from]) => Math.abs(value) >= from) ?? [1, 'B'];
  return `${value < 0 ? '−' : ''}${significant(Math.abs(value) / scale)} ${unit}`;
}

/** From nanoseconds: `850 ns`, `12.3 µs`, `4.56 ms`, `1.2 s`, `2 min 5 s`. */
export function duration(ns: number): string {
  const size = Math.abs(ns);
  const sign = ns < 0 ? '−' : '';
  if (size === 0) return '0';
  if (size < 1e3) return `${sign}${significant(size)} ns`;
  if (size < 999.5e3) return `${sign}${significant(size / 1e3)} µs`;
  if (size < 999.5e6) return `${sign}${significant(size / 1e6)} ms`;
  if (size < 59.95e9) return `${sign}${significant(size / 1e9)} s`;
  const seconds = Math.round(size / 1e9);
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${sign}${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** A value of a metric in its unit (UCUM, as OpenTelemetry has them): `s`, `ms`, `By`, `1`, `%`, `{requests}`. */
export function valueIn(unit: string, value: number): string {
  const short = unit.trim();
  const nanoseconds = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 }[short];
  if (nanoseconds !== undefined && Number.isFinite(value)) return duration(value * nanoseconds);
  const byteScale = { By: 1, KiBy: 2 ** 10, MiBy: 2 ** 20, GiBy: 2 ** 30, KBy: 1e3, kBy: 1e3, MBy: 1e6, GBy: 1e9 }[short];
  if (byteScale !== undefined && Number.isFinite(value)) return bytes(value * byteScale);
  // What stands in braces is a remark, not a unit.
  const shown = short === '1' ? '' : short.replace(/^\{(.*)\}$/, '$1');
  return shown === '' ? shortNumber(value) : shown === '%' ? `${shortNumber(value)}%` : `${shortNumber(value)} ${shown}`;
}

const two = (value: number): string => String(value).padStart(2, '0');

/** `14:03:27`, or with `.123`; local time. */
export function clock(ms: number, withMs = false): string {
  const at = new Date(ms);
  const text = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  return withMs ? `${text}.${String(at.getMilliseconds()).padStart(3, '0')}` : text;
}

/** How long ago: `now`, `12 s ago`, `5 min ago`, `3 h ago`. */
export function ago(ms: number, nowMs: number): string {
  const seconds = Math.round((nowMs - ms) / 1000);
  if (seconds < 2) return 'now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} days ago`;
}

/** A change from `before` to `after`: `×3.2`, `+12%`, `−40%`, `new`, `gone`. */
export function change(before: number, after: number): string {
  if (before === after) return '±0%';
  if (before === 0) return 'new';
  if (after === 0) return 'gone';
  const ratio = after / before;
  if (ratio >= 2) return `×${significant(ratio)}`;
  const percent = Math.round((ratio - 1) * 100);
  return `${percent > 0 ? '+' : percent < 0 ? '−' : '±'}${Math.abs(percent)}%`;
}

/** Milliseconds of a TIMESTAMP_NS as the API writes it; NaN for anything else. */
export function timeOf(value: unknown): number {
  if (typeof value !== 'string') return Number.NaN;
  // Date.parse takes three decimals for sure.
  return Date.parse(value.replace(/(\.\d{3})\d+/, '$1'));
}

/** Safe in every file system: `periscope-perf-global-2026-11-21T11-00-00Z.csv`. */
export function downloadName(what: string, scope: string, nowMs: number, extension: string): string {
  const stamp = new Date(nowMs)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(':', '-');
  const words = [what, scope].map((word) => word.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '')).filter((word) => word !== '');
  return `periscope-${words.join('-')}-${stamp}.${extension}`;
}
