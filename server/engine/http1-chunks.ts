import { LIMITS } from '../../pipeline/limits.ts';
import { areFields } from './http1-head.ts';

/** Size in hex, and extensions, which mean nothing to us. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,8})(?:;[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:=[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?)*$/;
const LINE_BYTES_MAX = 256;
const CRLF_BYTES = 2;

/** What lies at a place of a chunked body. */
const SIZE = 0;
const DATA = 1;
const DATA_END = 2;
const TRAILERS = 3;
const END = 4;

/**
 * The chunks of one body (RFC 9112 7.1), strictly: lines end with CRLF, a size is one to eight hex digits, a chunk ends
 * where it says. Trailers are checked and thrown away.
 */
export class ChunkReader {
  #state = SIZE;
  /** Of the chunk, in bytes. */
  #left = 0;
  #trailerBytes = 0;

  get ended(): boolean {
    return this.#state === END;
  }

  /**
   * Reads on at `from`; calls `data` with each piece of the body. Returns where it stopped: behind the body, or at the
   * first byte that needs more behind it to be read. -1: broken.
   */
  read(bytes: Buffer, from: number, data: (piece: Buffer) => void): number {
    let at = from;
    while (this.#state !== END) {
      if (this.#state === DATA) {
        const piece = bytes.subarray(at, at + this.#left);
        if (piece.length === 0) return at;
        this.#left -= piece.length;
        at += piece.length;
        if (this.#left === 0) this.#state = DATA_END;
        data(piece);
        continue;
      }
      const lineEnd = bytes.indexOf('\r\n', at, 'latin1');
      const length = (lineEnd < 0 ? bytes.length : lineEnd) - at;
      if (length > (this.#state === SIZE ? LINE_BYTES_MAX : this.#state === DATA_END ? 1 : LIMITS.headerBytes)) return -1;
      if (lineEnd < 0) return this.#state === DATA_END && length === 1 && bytes[at] !== 0x0d ? -1 : at;
      if (!this.#line(bytes.toString('latin1', at, lineEnd))) return -1;
      at = lineEnd + CRLF_BYTES;
    }
    return at;
  }

  #line(text: string): boolean {
    if (this.#state === SIZE) {
      const size = SIZE_LINE.exec(text)?.[1];
      if (size === undefined) return false;
      this.#left = Number.parseInt(size, 16);
      this.#state = this.#left === 0 ? TRAILERS : DATA;
      return true;
    }
    if (this.#state === DATA_END) {
      this.#state = SIZE;
      return text === '';
    }
    if (text === '') this.#state = END;
    this.#trailerBytes += text.length + CRLF_BYTES;
    return text === '' || (this.#trailerBytes <= LIMITS.headerBytes && areFields(text));
  }
}
