import { constants, crc32, deflateRawSync } from 'node:zlib';
import { LIMITS } from '../limits.ts';
import { deflateMachine } from './deflate-machine.ts';
import { DEFAULT_LEVELS, type Compression } from './levels.ts';
import type { SegmentSource } from './matches.ts';

/** RFC 1952, 2.3: no flags, no time, no word on the level, made by Unix. */
const HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);
const TRAILER_BYTES = 8;
/** Above this level a user wants fewer bytes than senders make who were told nothing. */
const LEVEL_MAX = 6;

export type Sources = readonly (SegmentSource | undefined)[];

/** Can an exporter with these options use the matches that senders found. */
export function reusesMatches(
  compression: Compression,
  { level = DEFAULT_LEVELS.gzip, reuse }: { readonly level?: number | undefined; readonly reuse: 'auto' | 'never' },
): boolean {
  return compression === 'gzip' && reuse === 'auto' && level <= LEVEL_MAX;
}

/** Is there a segment whose matches are worth carrying over to a stream of `level`. */
export function isRecoded(segments: readonly Uint8Array[], sources: Sources, level: number): boolean {
  return level <= LEVEL_MAX && segments.some((segment, i) => sourceOf(segment, sources[i], level) !== undefined);
}

/** What a sender found in haste is good enough for those who are in haste. */
function sourceOf(segment: Uint8Array, source: SegmentSource | undefined, level: number): SegmentSource | undefined {
  if (source === undefined || (source.matches.isHasty && level > 1)) return undefined;
  return Math.max(segment.length, source.sourceLength) <= LIMITS.recodedSegmentBytes ? source : undefined;
}

/**
 * `segments` as one gzip member. Those with a source are written with the matches their senders found, codes of their
 * own for each; what lies between them is compressed by zlib at `level`. No match leads out of its segment.
 */
export function recodeGzip(segments: readonly Uint8Array[], sources: Sources, level: number): Uint8Array {
  const machine = deflateMachine();
  const out = new Assembly(HEADER);
  let check = 0;
  let byteLength = 0;
  machine.beginStream();
  for (let i = 0; i < segments.length; i++) {
    const segment = segments[i]!;
    check = crc32(segment, check);
    byteLength += segment.length;
    const source = sourceOf(segment, sources[i], level);
    if (source !== undefined) {
      out.add(machine.recode(segment, source));
      continue;
    }
    const others = [segment];
    while (i + 1 < segments.length && sourceOf(segments[i + 1]!, sources[i + 1], level) === undefined) {
      i += 1;
      others.push(segments[i]!);
      check = crc32(segments[i]!, check);
      byteLength += segments[i]!.length;
    }
    out.add(machine.alignStream());
    const text = Buffer.concat(others);
    const chunkSize = Math.max(1024, Math.min(text.length >> 2, LIMITS.inflateChunkBytes));
    out.add(deflateRawSync(text, { level, chunkSize, finishFlush: constants.Z_SYNC_FLUSH }));
  }
  out.add(machine.endStream());
  machine.settle();
  const trailer = Buffer.alloc(TRAILER_BYTES);
  trailer.writeUInt32LE(check, 0);
  trailer.writeUInt32LE(byteLength % 2 ** 32, 4);
  out.add(trailer);
  return out.take();
}

let scratch = new Uint8Array(64 * 1024);

/** Parts, in a buffer that is kept for the next, and given out as a copy. */
class Assembly {
  #bytes = scratch;
  #length = 0;

  constructor(first: Uint8Array) {
    this.add(first);
  }

  add(part: Uint8Array): void {
    const length = this.#length + part.length;
    if (length > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(part, this.#length);
    this.#length = length;
  }

  take(): Uint8Array {
    if (this.#bytes.length <= LIMITS.compressScratchBytes) scratch = this.#bytes;
    return this.#bytes.slice(0, this.#length);
  }
}
