import { z } from 'zod';
import { DEFAULT_LEVELS } from './compression/levels.ts';

/**
 * The value types of a YAML config that zod does not have. Each accepts what the Go collector accepts and gives a plain
 * number or string; the mark in its metadata tells generators and redaction what it is.
 */
export type ConfigMark = 'duration' | 'byteSize' | 'secret';

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION_PART = /(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/y;

/** Milliseconds of a Go duration ("200ms", "1h30m", "0"), or undefined when it is none. Never negative. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim();
  if (trimmed === '0') return 0;
  if (trimmed === '') return undefined;
  let totalMs = 0;
  DURATION_PART.lastIndex = 0;
  while (DURATION_PART.lastIndex < trimmed.length) {
    const part = DURATION_PART.exec(trimmed);
    if (part === null) return undefined;
    totalMs += Number(part[1]) * (MS_PER_UNIT[part[2] ?? ''] ?? Number.NaN);
  }
  return totalMs;
}

/** The shortest duration text that `parseDuration` reads back as `ms`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  if (ms >= 3_600_000 && ms % 3_600_000 === 0) return `${ms / 3_600_000}h`;
  if (ms >= 60_000 && ms % 60_000 === 0) return `${ms / 60_000}m`;
  if (ms >= 1000 && ms % 1000 === 0) return `${ms / 1000}s`;
  return `${ms}ms`;
}

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
  tib: 1024 ** 4,
};

/** Bytes of "64MiB", "1.5 GB" or "1024", or undefined when it is no size. */
export function parseByteSize(text: string): number | undefined {
  const parts = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = BYTES_PER_UNIT[(parts?.[2] ?? '?').toLowerCase()];
  if (parts === null || unit === undefined) return undefined;
  return Math.round(Number(parts[1]) * unit);
}

export function formatByteSize(bytes: number): string {
  for (const [unit, size] of [
    ['GiB', 1024 ** 3],
    ['MiB', 1024 ** 2],
    ['KiB', 1024],
  ] as const) {
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}`;
  }
  return String(bytes);
}

interface Range {
  readonly min?: number;
  readonly max?: number;
}

/**
 * A length of time. Input: a Go duration ("200ms", "5s", "1h30m") or 0. Output: milliseconds, never negative.
 * `range` is in milliseconds.
 */
export function duration(range: Range = {}) {
  return z
    .union([z.string(), z.number()], { error: 'must be a duration such as 200ms, 5s or 1m' })
    .transform((input, context): number => {
      const ms = typeof input === 'string' ? parseDuration(input) : input === 0 ? 0 : undefined;
      if (ms === undefined || !Number.isFinite(ms)) {
        context.addIssue({
          code: 'custom',
          message: `"${input}" is not a duration; write a number with its unit, such as 200ms, 5s or 1m`,
          input,
        });
        return z.NEVER;
      }
      if (range.min !== undefined && ms < range.min) {
        context.addIssue({ code: 'custom', message: `must be at least ${formatDuration(range.min)}`, input });
      }
      if (range.max !== undefined && ms > range.max) {
        context.addIssue({ code: 'custom', message: `must be at most ${formatDuration(range.max)}`, input });
      }
      return ms;
    })
    .meta({ mark: 'duration' satisfies ConfigMark });
}

/** A number of bytes. Input: an integer, or text with a unit ("64MiB", "10MB"). Output: bytes. `range` is in bytes. */
export function byteSize(range: Range = {}) {
  return z
    .union([z.string(), z.number()], { error: 'must be a number of bytes, or a size such as 64MiB' })
    .transform((input, context): number => {
      const bytes = typeof input === 'string' ? parseByteSize(input) : input;
      if (bytes === undefined || !Number.isSafeInteger(bytes) || bytes < 0) {
        context.addIssue({
          code: 'custom',
          message: `"${input}" is not a size; write whole bytes, or a size such as 64MiB`,
          input,
        });
        return z.NEVER;
      }
      if (range.min !== undefined && bytes < range.min) {
        context.addIssue({ code: 'custom', message: `must be at least ${formatByteSize(range.min)}`, input });
      }
      if (range.max !== undefined && bytes > range.max) {
        context.addIssue({ code: 'custom', message: `must be at most ${formatByteSize(range.max)}`, input });
      }
      return bytes;
    })
    .meta({ mark: 'byteSize' satisfies ConfigMark });
}

/** A string that no print, log or fault may show. */
export function secret() {
  return z.string({ error: 'must be a string; put it in quotes' }).meta({ mark: 'secret' satisfies ConfigMark });
}

/** `compression_params` of the exporters that send gzip; pipeline/compression/recode-gzip.ts keeps to `reuse`. */
export function compressionParams() {
  return z.strictObject({
    level: z
      .int()
      .min(1)
      .max(22)
      .optional()
      .meta({
        description: `gzip 1 to 9 (default ${DEFAULT_LEVELS.gzip}), zstd 1 to 22 (default ${DEFAULT_LEVELS.zstd}). Higher: fewer bytes, more CPU.`,
      }),
    reuse: z.enum(['auto', 'never']).default('auto').meta({
      description:
        'gzip: auto = where a sender compressed with gzip or deflate, not at its fastest, and the level is 6 or less, the matches it found are carried over; never = all is compressed anew.',
    }),
  });
}
