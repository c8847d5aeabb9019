import type { Compression } from './levels.ts';

interface Total {
  calls: number;
  bytesIn: number;
  bytesOut: number;
}

/** What this process has compressed since it started, for all exporters; `none` is not counted. */
export const compressed: Readonly<Record<Exclude<Compression, 'none'>, Total>> = {
  gzip: { calls: 0, bytesIn: 0, bytesOut: 0 },
  zstd: { calls: 0, bytesIn: 0, bytesOut: 0 },
};

export function countCompressed(
  encoding: Exclude<Compression, 'none'>,
  segments: readonly Uint8Array[],
  out: readonly Uint8Array[],
): void {
  const total = compressed[encoding];
  total.calls += 1;
  for (const { length } of segments) total.bytesIn += length;
  for (const { length } of out) total.bytesOut += length;
}
