import { crc32 } from 'node:zlib';
import { LIMITS } from '../limits.ts';
import { DEFLATED_BYTES_MAX, deflateMachine, type DeflateMachine, type InflateFault, type Stream } from './deflate-machine.ts';
import type { Matches } from './matches.ts';

/** What is wrong with a body; `followed`: it is whole, and something comes behind it. */
export type UnpackFault = Exclude<InflateFault, 'no_memory'> | 'header' | 'checksum' | 'members' | 'followed';

export interface Inflated {
  readonly bytes: Uint8Array;
  readonly matches: Matches | undefined;
}

/** Where results are kept. */
export interface Keeper {
  bytes(length: number): Uint8Array;
  words(count: number): Int32Array;
}

const TRAILER_BYTES = 8;
const FLAG_HEADER_CHECK = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;
const FLAGS_UNKNOWN = 0xe0;
/** XFL of a sender's fastest level (RFC 1952, 2.3.1); zlib's FLEVEL of its two fastest. */
const XFL_FASTEST = 4;
const FLEVEL_FAST = 1;
/** OTLP shrinks to a tenth. What shrank less than this was hardly looked at, or holds nothing to be found. */
const POOR_RATIO = 3;

/**
 * A gzip body of one or more members (RFC 1952) or a zlib one (RFC 1950), unpacked; judged as zlib judges it. At most
 * `maxBytes` come out. With `keepsMatches` also what the sender's compressor found, if that is worth keeping.
 */
export function inflateBody(
  format: 'gzip' | 'zlib',
  body: Uint8Array,
  maxBytes: number,
  keepsMatches: boolean,
  keeper: Keeper,
): Inflated | UnpackFault {
  if (body.length > DEFLATED_BYTES_MAX) return 'too_large';
  const machine = deflateMachine();
  machine.load(body, maxBytes, keepsMatches);
  const fault = format === 'gzip' ? readGzip(machine, body) : readZlib(machine, body);
  const result = fault ?? collect(machine, format, body, keepsMatches, keeper);
  machine.settle();
  return result;
}

function collect(
  machine: DeflateMachine,
  format: 'gzip' | 'zlib',
  body: Uint8Array,
  keepsMatches: boolean,
  keeper: Keeper,
): Inflated {
  const output = machine.output();
  const bytes = keeper.bytes(output.length);
  bytes.set(output);
  const found = keepsMatches && body.length * POOR_RATIO <= bytes.length ? machine.tokens() : undefined;
  if (found === undefined) return { bytes, matches: undefined };
  const tokens = keeper.words(found.length);
  tokens.set(found);
  const isHasty = format === 'gzip' ? body[8] === XFL_FASTEST : body[1]! >> 6 <= FLEVEL_FAST;
  return { bytes, matches: { tokens, isHasty } };
}

function readGzip(machine: DeflateMachine, body: Uint8Array): UnpackFault | undefined {
  let at = 0;
  for (let member = 0; member < LIMITS.gzipMembers; member++) {
    const start = gzipHeader(body, at);
    if (typeof start === 'string') return start;
    const stream = machine.inflate(start, 'crc32');
    const fault = faultOf(stream);
    if (fault !== undefined) return fault;
    const { end, check, byteLength } = stream as Stream;
    if (end + TRAILER_BYTES > body.length) return 'truncated';
    if (uint32(body, end) !== check || uint32(body, end + 4) !== byteLength >>> 0) return 'checksum';
    at = end + TRAILER_BYTES;
    if (at === body.length) return undefined;
    // Zeros are padding to some readers: none of what we take is padded.
    if (body[at] === 0) return 'followed';
  }
  return 'members';
}

/** Where the stream of the member at `from` begins. */
function gzipHeader(body: Uint8Array, from: number): number | UnpackFault {
  if (from + 10 > body.length) return isPrefixOfMagic(body, from) ? 'truncated' : 'header';
  const flags = body[from + 3]!;
  if (body[from] !== 0x1f || body[from + 1] !== 0x8b || body[from + 2] !== 8 || (flags & FLAGS_UNKNOWN) !== 0) return 'header';
  let at = from + 10;
  if ((flags & FLAG_EXTRA) !== 0) at += 2 + (at + 2 <= body.length ? body[at]! | (body[at + 1]! << 8) : 0);
  if ((flags & FLAG_NAME) !== 0) at = afterZero(body, at);
  if ((flags & FLAG_COMMENT) !== 0) at = afterZero(body, at);
  if ((flags & FLAG_HEADER_CHECK) !== 0) {
    if (at + 2 > body.length) return 'truncated';
    if ((crc32(body.subarray(from, at)) & 0xffff) !== (body[at]! | (body[at + 1]! << 8))) return 'checksum';
    at += 2;
  }
  return at >= body.length ? 'truncated' : at;
}

function isPrefixOfMagic(body: Uint8Array, from: number): boolean {
  return (body[from] ?? 0x1f) === 0x1f && (body[from + 1] ?? 0x8b) === 0x8b && (body[from + 2] ?? 8) === 8;
}

function afterZero(body: Uint8Array, from: number): number {
  const zero = from < body.length ? body.indexOf(0, from) : -1;
  return zero < 0 ? body.length : zero + 1;
}

function readZlib(machine: DeflateMachine, body: Uint8Array): UnpackFault | undefined {
  if (body.length < 2) return 'truncated';
  const [method, flags] = body as unknown as readonly [number, number];
  const isDictionary = (flags & 0x20) !== 0;
  if ((method & 15) !== 8 || method >> 4 > 7 || ((method << 8) | flags) % 31 !== 0 || isDictionary) return 'header';
  const stream = machine.inflate(2, 'adler32');
  const fault = faultOf(stream);
  if (fault !== undefined) return fault;
  const { end, check } = stream as Stream;
  if (end + 4 > body.length) return 'truncated';
  if (((body[end]! << 24) | (body[end + 1]! << 16) | (body[end + 2]! << 8) | body[end + 3]!) >>> 0 !== check) return 'checksum';
  return end + 4 === body.length ? undefined : 'followed';
}

/** Memory that cannot be had is for the sender what a body over the limit is: smaller ones are taken. */
function faultOf(stream: Stream | InflateFault): UnpackFault | undefined {
  if (typeof stream !== 'string') return undefined;
  return stream === 'no_memory' ? 'too_large' : stream;
}

function uint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}
