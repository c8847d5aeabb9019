import type { Refusal } from '../component.ts';
import { LIMITS } from '../limits.ts';
import { inflateBody, type Inflated, type Keeper, type UnpackFault } from './inflate.ts';
import { zstdEngine, type ZstdEngine } from './zstd.ts';
import { zstdFrames, type ZstdFrame } from './zstd-frame.kernel.ts';

/** For whom memory of their own is good enough. */
export const OWN_MEMORY: Keeper = {
  bytes: (length) => new Uint8Array(length),
  words: (count) => new Int32Array(count),
};

/**
 * `body` without its Content-Encoding ('' and `identity` give it back as it is). Synchronous: a call of its own thread
 * costs more than most bodies. Never more than `maxBytes` come out, and little more is ever allocated; a larger body
 * costs BODY_TOO_LARGE. Damaged, truncated and followed-by-garbage bodies cost BAD_ENCODING.
 */
export function decompress(encoding: string, body: Uint8Array, maxBytes: number): Uint8Array | Refusal {
  const unpacked = unpack(encoding, body, maxBytes, false, OWN_MEMORY);
  return 'bytes' in unpacked ? unpacked.bytes : unpacked;
}

/**
 * As `decompress`, with the result in memory of `keeper`. With `keepsMatches` also what the sender's compressor found,
 * where the encoding has it and it is worth keeping.
 */
export function unpack(
  encoding: string,
  body: Uint8Array,
  maxBytes: number,
  keepsMatches: boolean,
  keeper: Keeper,
): Inflated | Refusal {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return body.length > maxBytes ? tooLarge(maxBytes) : { bytes: body, matches: undefined };
    case 'gzip':
    case 'x-gzip':
      return worded('gzip', inflateBody('gzip', body, maxBytes, keepsMatches, keeper), maxBytes);
    case 'deflate':
    case 'zlib':
      return worded('deflate', inflateBody('zlib', body, maxBytes, keepsMatches, keeper), maxBytes);
    case 'zstd': {
      const bytes = unzstd(body, maxBytes, zstdEngine);
      return bytes instanceof Uint8Array ? { bytes, matches: undefined } : bytes;
    }
    default:
      return badEncoding(`unsupported Content-Encoding "${encoding.slice(0, 40)}" (supported: gzip, zstd, deflate, identity)`);
  }
}

/** Whether `decompress` knows the encoding: lets a listener refuse before it reads a body. */
export function isKnownEncoding(encoding: string): boolean {
  return ['', 'identity', 'gzip', 'x-gzip', 'deflate', 'zlib', 'zstd'].includes(encoding.trim().toLowerCase());
}

const FAULTS: Readonly<Record<Exclude<UnpackFault, 'too_large' | 'followed'>, string>> = {
  header: 'incorrect header',
  damaged: 'damaged',
  checksum: 'incorrect checksum',
  members: `more than ${LIMITS.gzipMembers} members`,
  truncated: 'unexpected end',
  tables: 'more blocks than its length can need',
};

function worded(name: string, result: Inflated | UnpackFault, maxBytes: number): Inflated | Refusal {
  if (typeof result !== 'string') return result;
  if (result === 'too_large') return tooLarge(maxBytes);
  if (result === 'followed') return badEncoding(`bytes follow the end of the ${name} data`);
  return badEncoding(`not valid ${name} (${FAULTS[result]})`);
}

/** Exported for its tests, which run it over both engines. */
export function unzstd(body: Uint8Array, maxBytes: number, engine: () => ZstdEngine): Uint8Array | Refusal {
  const found = zstdFrames(body, LIMITS.zstdWindowBytes, maxBytes, LIMITS.zstdFrames);
  if (!found.ok) {
    if (found.cause === 'too_large') return tooLarge(maxBytes);
    if (found.cause === 'window')
      return badEncoding(`a zstd frame asks for a window of ${found.windowBytes} bytes, the limit is ${LIMITS.zstdWindowBytes}`);
    if (found.cause === 'dictionary') return badEncoding('a zstd frame asks for a dictionary');
    return badEncoding(`not valid zstd (${found.cause})`);
  }
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const frame of found.frames) {
    const part = decompressFrame(body.subarray(frame.start, frame.end), frame, maxBytes - total, engine());
    if (part === 'damaged') return badEncoding('not valid zstd (damaged)');
    if (part === 'too_large') return tooLarge(maxBytes);
    total += part.length;
    parts.push(part);
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts, total);
}

/**
 * A frame that does not say its size is tried with growing room. The engines do not say whether a frame is damaged or
 * only larger than its room, so one that fails at the limit counts as too large when its blocks could hold more.
 */
function decompressFrame(
  bytes: Uint8Array,
  frame: ZstdFrame,
  maxBytes: number,
  engine: ZstdEngine,
): Uint8Array | 'damaged' | 'too_large' {
  const most = Math.min(frame.contentBytes, maxBytes);
  if (frame.exact) {
    if (frame.contentBytes > maxBytes) return 'too_large';
    const content = engine.decompress(bytes, frame.contentBytes);
    return content === undefined || content.length !== frame.contentBytes ? 'damaged' : content;
  }
  for (let room = Math.min(most, Math.max(64 * 1024, bytes.length * 16)); ; room = Math.min(most, room * 4)) {
    const content = engine.decompress(bytes, room);
    if (content !== undefined) return content;
    if (room === most) return frame.contentBytes > maxBytes ? 'too_large' : 'damaged';
  }
}

function badEncoding(cause: string): Refusal {
  return { ok: false, code: 'BAD_ENCODING', retryable: false, message: `cannot decompress the body: ${cause}` };
}

function tooLarge(maxBytes: number): Refusal {
  return {
    ok: false,
    code: 'BODY_TOO_LARGE',
    retryable: false,
    message: `cannot decompress the body: it is larger than ${maxBytes} bytes`,
  };
}
