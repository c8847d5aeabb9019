import { gunzipSync, inflateSync, type ZlibOptions } from 'node:zlib';
import type { Refusal } from '../component.ts';
import { LIMITS } from '../limits.ts';
import { zstdEngine, type ZstdEngine } from './zstd.ts';
import { zstdFrames, type ZstdFrame } from './zstd-frame.kernel.ts';

/** Largest ratio of a member whose own word about its size is believed; OTLP stays below 40. */
const PLAUSIBLE_RATIO = 64;

/**
 * `body` without its Content-Encoding ('' and `identity` give it back as it is). Synchronous: zlib's synchronous calls
 * take less CPU than its asynchronous ones. Never more than `maxBytes` come out, and little more is ever allocated; a
 * larger body costs BODY_TOO_LARGE. Damaged, truncated and followed-by-garbage bodies cost BAD_ENCODING.
 */
export function decompress(encoding: string, body: Uint8Array, maxBytes: number): Uint8Array | Refusal {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return body.length > maxBytes ? tooLarge(maxBytes) : body;
    case 'gzip':
    case 'x-gzip':
      return inflate('gzip', body, maxBytes, gunzipSync);
    case 'deflate':
    case 'zlib':
      return inflate('deflate', body, maxBytes, inflateSync);
    case 'zstd':
      return unzstd(body, maxBytes, zstdEngine);
    default:
      return badEncoding(`unsupported Content-Encoding "${encoding.slice(0, 40)}" (supported: gzip, zstd, deflate, identity)`);
  }
}

/** Whether `decompress` knows the encoding: lets a listener refuse before it reads a body. */
export function isKnownEncoding(encoding: string): boolean {
  return ['', 'identity', 'gzip', 'x-gzip', 'deflate', 'zlib', 'zstd'].includes(encoding.trim().toLowerCase());
}

type Inflate = (body: Uint8Array, options: ZlibOptions) => Buffer;

function inflate(name: string, body: Uint8Array, maxBytes: number, run: Inflate): Uint8Array | Refusal {
  const chunkSize = Math.max(64, Math.min(expectedBytes(name, body) + 1, maxBytes + 1));
  let out: { buffer: Buffer; engine: { bytesWritten: number } };
  try {
    // `info` makes it give back the engine, which alone knows how much of the body it read.
    out = run(body, { maxOutputLength: Math.max(maxBytes, 1), chunkSize, info: true }) as unknown as typeof out;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(maxBytes);
    return badEncoding(`not valid ${name} (${error instanceof Error ? error.message : 'unknown fault'})`);
  }
  if (out.engine.bytesWritten !== body.length) return badEncoding(`bytes follow the end of the ${name} data`);
  if (out.buffer.length > maxBytes) return tooLarge(maxBytes);
  // A chunk guessed far too large would be held as long as the body.
  return out.buffer.length * 2 < chunkSize ? new Uint8Array(out.buffer) : out.buffer;
}

/** gzip ends with its length (modulo 2^32): one output chunk of that size saves zlib's growing by 16 KiB steps. */
function expectedBytes(name: string, body: Uint8Array): number {
  const end = body.length;
  if (name === 'gzip' && end >= 18) {
    const size =
      ((body[end - 4] ?? 0) | ((body[end - 3] ?? 0) << 8) | ((body[end - 2] ?? 0) << 16) | ((body[end - 1] ?? 0) << 24)) >>> 0;
    if (size <= end * PLAUSIBLE_RATIO) return size;
  }
  return Math.min(end * 16, LIMITS.inflateChunkBytes);
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
