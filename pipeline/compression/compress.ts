import { constants, gzipSync } from 'node:zlib';
import { LIMITS } from '../limits.ts';
import { DEFAULT_LEVELS, type Compression } from './levels.ts';
import { isRecoded, recodeGzip, type Sources } from './recode-gzip.ts';
import { countCompressed } from './totals.ts';
import { zstdEngine } from './zstd.ts';

/**
 * `segments` as one compressed stream (`none`: as they are). gzip: one member, as some readers stop at the end of the
 * first; zstd: one frame. Synchronous, see `decompress`. `level` is zlib's 1 to 9, zstd's 1 to 22. With `sources`, one
 * per segment, gzip carries over what the senders' compressors found, as far as that suits the level.
 */
export function compress(
  encoding: Compression,
  segments: readonly Uint8Array[],
  level?: number,
  sources?: Sources,
): readonly Uint8Array[] {
  if (encoding === 'none') return segments;
  const out = compressAs(encoding, segments, level, sources);
  countCompressed(encoding, segments, out);
  return out;
}

function compressAs(
  encoding: Exclude<Compression, 'none'>,
  segments: readonly Uint8Array[],
  level: number | undefined,
  sources: Sources | undefined,
): readonly Uint8Array[] {
  if (encoding === 'zstd') return [zstdEngine().compress(segments, level ?? DEFAULT_LEVELS.zstd)];
  const gzipLevel = level ?? DEFAULT_LEVELS.gzip;
  if (sources !== undefined && isRecoded(segments, sources, gzipLevel)) return [recodeGzip(segments, sources, gzipLevel)];
  const data = joined(segments);
  const chunkSize = Math.max(1024, Math.min(data.length >> 2, LIMITS.inflateChunkBytes));
  return [gzipSync(data, { level: gzipLevel, chunkSize, memLevel: 8, strategy: constants.Z_DEFAULT_STRATEGY })];
}

let scratch: Buffer | undefined;

/** One-shot zlib wants its input in one piece; copying a batch costs 1 % of deflating it. The piece is kept for the next. */
function joined(segments: readonly Uint8Array[]): Uint8Array {
  const first = segments[0];
  if (segments.length === 1 && first !== undefined) return first;
  let byteLength = 0;
  for (const segment of segments) byteLength += segment.length;
  const keep = byteLength <= LIMITS.compressScratchBytes;
  let target = keep && scratch !== undefined && scratch.length >= byteLength ? scratch : undefined;
  if (target === undefined) {
    target = Buffer.allocUnsafeSlow(
      keep ? Math.min(LIMITS.compressScratchBytes, 2 ** Math.ceil(Math.log2(Math.max(byteLength, 4096)))) : byteLength,
    );
    if (keep) scratch = target;
  }
  let at = 0;
  for (const segment of segments) {
    target.set(segment, at);
    at += segment.length;
  }
  return target.subarray(0, byteLength);
}
