import { varintLength, writeVarint } from '../otlp/varint.kernel.ts';

/**
 * Texts that a rewrite puts in, in one growing buffer that is used again for every batch: what was written stays where it
 * is until `clear`. A large one is given up then.
 */
const FIRST_BYTES = 4096;
const KEPT_BYTES = 1024 * 1024;

export class ScratchBytes {
  bytes = new Uint8Array(FIRST_BYTES);
  length = 0;

  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(FIRST_BYTES);
  }

  /** Room for so many bytes more. Readers of `bytes` take it again afterwards; what they hold keeps its content. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** Returns where it stands. */
  add(source: Uint8Array, start: number, end: number): number {
    this.reserve(end - start);
    const at = this.length;
    if (end - start > 48) this.bytes.set(source.subarray(start, end), at);
    else for (let i = start; i < end; i++) this.bytes[at + i - start] = source[i]!;
    this.length = at + end - start;
    return at;
  }

  /** A field of length type: tag, length, content. `field` below 16. Returns where it stands. */
  addSized(field: number, source: Uint8Array, start: number, end: number): number {
    const at = this.header(field, end - start);
    this.add(source, start, end);
    return at;
  }

  /** Tag and length of a field whose content of `size` bytes follows. */
  header(field: number, size: number): number {
    this.reserve(1 + varintLength(size) + size);
    const at = this.length;
    this.bytes[at] = (field << 3) | 2;
    this.length = writeVarint(this.bytes, at + 1, size);
    return at;
  }
}
