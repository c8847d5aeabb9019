import { crc32 } from 'node:zlib';
import { assert } from '../assert.ts';
import { LIMITS } from '../limits.ts';
import { DEFLATE_MODULE } from './deflate.gen.ts';
import type { SegmentSource } from './matches.ts';

/** First byte that a call lays out, as wasm/memory.ts has it. */
const DATA_AT = 65_536 + 4 * 32_768;
const PAGE_BYTES = 65_536;
/** Zeros behind what is read, and what a step may write too far. */
const SLACK_BYTES = 512;
/** Addresses are int32 here: body and output together stay far below 2 GiB. */
const OUTPUT_BYTES_MAX = 2 ** 30;
export const DEFLATED_BYTES_MAX = 2 ** 29;
const COPY_WORDS = 3;
/** Results of `inflate`, as wasm/inflate.ts has them. */
const FAULTS = ['ok', 'damaged', 'truncated', 'too_large', 'no_memory', 'tables'] as const;

export type InflateFault = Exclude<(typeof FAULTS)[number], 'ok'>;
/** `tokens` are there when they were asked for and are fewer than the bytes that came in. */
export interface Stream {
  readonly ok: true;
  /** First byte behind the stream. */
  readonly end: number;
  /** CRC-32 or Adler-32, as it was asked for, and length of what this stream alone gave. */
  readonly check: number;
  readonly byteLength: number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  begin(outAt: number, most: number, tokensAt: number, tokensTo: number, tables: number): void;
  inflate(from: number, to: number): number;
  inputAt(): number;
  outputAt(): number;
  tokenCount(): number;
  adler32(from: number, to: number): number;
  beginStream(): void;
  writeAt(at: number): void;
  writtenTo(): number;
  alignStream(): void;
  endStream(): void;
  recode(
    data: number,
    length: number,
    tokens: number,
    tokenCount: number,
    copies: number,
    copyCount: number,
    sourceLength: number,
    index: number,
  ): void;
}

/**
 * Deflate in WebAssembly (docs/decisions/0015): reads streams and remembers their matches, and writes a changed text
 * again with the matches that were found in it before. One per thread, used for one body or one stream at a time; what
 * a large one has made its memory grow to is given up with it.
 */
export class DeflateMachine {
  static #module: WebAssembly.Module | undefined;
  #exports: Exports;
  #bytes: Uint8Array;
  #inputAt = 0;
  #inputEnd = 0;
  #outputAt = 0;
  #tokensAt = 0;

  constructor() {
    DeflateMachine.#module ??= new WebAssembly.Module(Buffer.from(DEFLATE_MODULE, 'base64'));
    this.#exports = new WebAssembly.Instance(DeflateMachine.#module).exports as unknown as Exports;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }

  get memoryBytes(): number {
    return this.#exports.memory.buffer.byteLength;
  }

  /** Begins a body of one or more streams, up to DEFLATED_BYTES_MAX, of which at most `maxBytes` may come out. */
  load(body: Uint8Array, maxBytes: number, keepsMatches: boolean): void {
    const isKept = keepsMatches && body.length <= LIMITS.recodedSegmentBytes;
    const tokens = aligned(DATA_AT + body.length + SLACK_BYTES);
    const tokensEnd = tokens + (isKept ? 4 * body.length : 0) + SLACK_BYTES;
    const output = aligned(tokensEnd);
    this.#reserve(output + Math.min(body.length * 4, LIMITS.deflateMemoryBytes) + 2 * SLACK_BYTES);
    this.#bytes.set(body, DATA_AT);
    this.#bytes.fill(0, DATA_AT + body.length, DATA_AT + body.length + SLACK_BYTES);
    const tables = LIMITS.deflateTables + Math.floor(body.length / LIMITS.deflateTableBytes);
    this.#exports.begin(output, Math.min(maxBytes, OUTPUT_BYTES_MAX), tokens, isKept ? tokensEnd : tokens, tables);
    this.#inputAt = DATA_AT;
    this.#inputEnd = DATA_AT + body.length;
    this.#outputAt = output;
    this.#tokensAt = tokens;
  }

  /** Reads the raw stream that begins at byte `from` of the body. */
  inflate(from: number, check: 'crc32' | 'adler32'): Stream | InflateFault {
    const start = this.#exports.outputAt();
    const fault = FAULTS[this.#exports.inflate(this.#inputAt + from, this.#inputEnd)];
    assert(fault !== undefined, 'a result that inflate has not');
    if (this.#bytes.length === 0) this.#bytes = new Uint8Array(this.#exports.memory.buffer);
    if (fault !== 'ok') return fault;
    const end = this.#exports.outputAt();
    const sum = check === 'crc32' ? crc32(this.#bytes.subarray(start, end)) : this.#exports.adler32(start, end) >>> 0;
    return { ok: true, end: this.#exports.inputAt() - this.#inputAt, check: sum, byteLength: end - start };
  }

  /** All that came out since `load`: lent until the next call. */
  output(): Uint8Array {
    return this.#bytes.subarray(this.#outputAt, this.#exports.outputAt());
  }

  /** The matches of all streams since `load`, lent; undefined when they were not asked for or are too many. */
  tokens(): Int32Array | undefined {
    const count = this.#exports.tokenCount();
    return count < 0 ? undefined : new Int32Array(this.#bytes.buffer, this.#tokensAt, count);
  }

  /** Begins to write a stream. */
  beginStream(): void {
    this.#exports.beginStream();
  }

  /** `segment` as blocks of the stream: their whole bytes, lent until the next call. */
  recode(segment: Uint8Array, source: SegmentSource): Uint8Array {
    const copies = source.copies();
    const { tokens } = source.matches;
    const data = aligned(DATA_AT);
    const tokensAt = aligned(data + segment.length + SLACK_BYTES);
    const copiesAt = tokensAt + tokens.byteLength;
    const index = copiesAt + copies.byteLength + 4 * COPY_WORDS;
    const output = aligned(index + ((source.sourceLength >>> 5) + 1) * 4);
    // Codes of at most 15 bits fit no segment twice over: a code that is made for it takes 8.x bits a byte at the worst.
    this.#reserve(output + 2 * segment.length + PAGE_BYTES);
    this.#bytes.set(segment, data);
    const { buffer } = this.#bytes;
    new Int32Array(buffer, tokensAt, tokens.length).set(tokens);
    new Int32Array(buffer, copiesAt, copies.length).set(copies);
    this.#exports.writeAt(output);
    const count = copies.length / COPY_WORDS;
    this.#exports.recode(data, segment.length, tokensAt, tokens.length, copiesAt, count, source.sourceLength, index);
    return this.#bytes.subarray(output, this.#exports.writtenTo());
  }

  /** What makes the bytes so far a whole number, for blocks of another maker to follow. */
  alignStream(): Uint8Array {
    return this.#finish(() => this.#exports.alignStream());
  }

  endStream(): Uint8Array {
    return this.#finish(() => this.#exports.endStream());
  }

  /** After a body or a stream: gives up what is too large to keep. */
  settle(): void {
    if (this.memoryBytes <= LIMITS.deflateMemoryBytes) return;
    assert(DeflateMachine.#module !== undefined, 'a machine without its module');
    this.#exports = new WebAssembly.Instance(DeflateMachine.#module).exports as unknown as Exports;
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }

  #finish(write: () => void): Uint8Array {
    this.#exports.writeAt(DATA_AT);
    write();
    return this.#bytes.subarray(DATA_AT, this.#exports.writtenTo());
  }

  #reserve(bytes: number): void {
    const missing = bytes - this.#bytes.length;
    if (missing <= 0) return;
    this.#exports.memory.grow(Math.ceil(missing / PAGE_BYTES));
    this.#bytes = new Uint8Array(this.#exports.memory.buffer);
  }
}

function aligned(at: number): number {
  return (at + 15) & ~15;
}

let machine: DeflateMachine | undefined;

/** Made on first use: who neither takes nor sends gzip pays nothing for it. */
export function deflateMachine(): DeflateMachine {
  machine ??= new DeflateMachine();
  return machine;
}
