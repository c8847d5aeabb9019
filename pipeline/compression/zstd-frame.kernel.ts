/**
 * Where the frames of a zstd body begin and end and how large each can become, read from frame and block headers alone
 * (RFC 8878, 3.1): what a frame asks for is judged before a decoder sees it.
 */
export interface ZstdFrame {
  readonly start: number;
  readonly end: number;
  /** Bytes the frame decodes to: exact when `exact`, else the most its blocks can hold. */
  readonly contentBytes: number;
  readonly exact: boolean;
}
export type ZstdFrames =
  | { readonly ok: true; readonly frames: readonly ZstdFrame[]; readonly contentBytes: number }
  | { readonly ok: false; readonly cause: 'malformed' | 'truncated' | 'dictionary' | 'too_large' }
  | { readonly ok: false; readonly cause: 'window'; readonly windowBytes: number };

interface Header {
  readonly blocksAt: number;
  readonly windowBytes: number;
  /** -1 when the frame does not say. */
  readonly contentBytes: number;
  readonly checksum: boolean;
}

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const BLOCK_BYTES_MAX = 128 * 1024;
const MALFORMED = { ok: false, cause: 'malformed' } as const;
const TRUNCATED = { ok: false, cause: 'truncated' } as const;

/**
 * `contentBytesMax` bounds what the frames that say their size may claim together, `framesMax` how many there may be: an
 * empty frame is nine bytes, and each costs a call of the decoder.
 */
export function zstdFrames(bytes: Uint8Array, windowBytesMax: number, contentBytesMax: number, framesMax = Infinity): ZstdFrames {
  const frames: ZstdFrame[] = [];
  let total = 0;
  let claimed = 0;
  let at = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return at + 4 <= bytes.length && !isMagic(uint32(bytes, at)) ? MALFORMED : TRUNCATED;
    const magic = uint32(bytes, at);
    if ((magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + uint32(bytes, at + 4);
      if (at > bytes.length) return TRUNCATED;
      continue;
    }
    if (magic !== FRAME_MAGIC || frames.length >= framesMax) return MALFORMED;
    const header = frameHeader(bytes, at + 4);
    if ('ok' in header) return header;
    if (header.windowBytes > windowBytesMax) return { ok: false, cause: 'window', windowBytes: header.windowBytes };
    const frame = frameExtent(bytes, at, header);
    if ('ok' in frame) return frame;
    if (frame.exact) claimed += frame.contentBytes;
    if (claimed > contentBytesMax) return { ok: false, cause: 'too_large' };
    total += frame.contentBytes;
    frames.push(frame);
    at = frame.end;
  }
  return frames.length === 0 ? TRUNCATED : { ok: true, frames, contentBytes: total };
}

function frameHeader(bytes: Uint8Array, start: number): Header | Exclude<ZstdFrames, { ok: true }> {
  const descriptor = bytes[start] ?? 0;
  if ((descriptor & 0x08) !== 0) return MALFORMED;
  const singleSegment = (descriptor & 0x20) !== 0;
  const dictionaryLength = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeLength = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  const dictionaryAt = start + 1 + (singleSegment ? 0 : 1);
  const sizeAt = dictionaryAt + dictionaryLength;
  const blocksAt = sizeAt + sizeLength;
  if (blocksAt > bytes.length) return TRUNCATED;
  for (let i = dictionaryAt; i < sizeAt; i += 1) {
    if (bytes[i] !== 0) return { ok: false, cause: 'dictionary' };
  }
  let contentBytes = -1;
  if (sizeLength > 0) {
    contentBytes = sizeLength === 2 ? 256 : 0;
    for (let i = 0; i < sizeLength; i += 1) contentBytes += (bytes[sizeAt + i] ?? 0) * 2 ** (8 * i);
  }
  // A single segment is decoded straight into its content: what bounds it is the size of that.
  let windowBytes = 0;
  if (!singleSegment) {
    const window = bytes[start + 1] ?? 0;
    const base = 2 ** (10 + (window >> 3));
    windowBytes = base + (base / 8) * (window & 7);
  }
  return { blocksAt, windowBytes, contentBytes, checksum: (descriptor & 0x04) !== 0 };
}

function frameExtent(bytes: Uint8Array, start: number, header: Header): ZstdFrame | Exclude<ZstdFrames, { ok: true }> {
  const blockMax = header.windowBytes === 0 ? BLOCK_BYTES_MAX : Math.min(header.windowBytes, BLOCK_BYTES_MAX);
  let bound = 0;
  let at = header.blocksAt;
  for (let last = false; !last;) {
    if (at + 3 > bytes.length) return TRUNCATED;
    const block = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
    last = (block & 1) === 1;
    const type = (block >> 1) & 3;
    const size = block >> 3;
    if (type === 3 || size > blockMax) return MALFORMED;
    bound += type === 2 ? blockMax : size;
    at += 3 + (type === 1 ? 1 : size);
  }
  if (header.checksum) at += 4;
  if (at > bytes.length) return TRUNCATED;
  if (header.contentBytes < 0) return { start, end: at, contentBytes: bound, exact: false };
  // More than its blocks can hold is a lie; a decoder finds the smaller lies.
  if (header.contentBytes > bound) return MALFORMED;
  return { start, end: at, contentBytes: header.contentBytes, exact: true };
}

function isMagic(value: number): boolean {
  return value === FRAME_MAGIC || (value & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

function uint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24)) >>> 0;
}
