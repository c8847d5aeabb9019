import { LIMITS } from '../limits.ts';

/**
 * Memory for request bytes, used again instead of left to the garbage collector: each new buffer counts as external
 * memory, and enough of it makes the engine mark the whole heap. Measured at 5,000 bodies of 186 kB a second: a third
 * of all CPU time. Size classes are powers of two from 256 B to 64 KiB, then multiples of 64 KiB.
 */
const CLASS_BYTES = 64 * 1024;
const LEAST_BYTES = 256;
/** Larger ones are rare, and one would keep many ordinary ones out. */
const MOST_BYTES = 1024 * 1024;

export class BufferPool {
  readonly #bytesMax: number;
  readonly #free = new Map<number, ArrayBuffer[]>();
  /** What this pool has made: nothing else may ever come back to it. */
  readonly #own = new WeakSet<ArrayBuffer>();
  #freeBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A buffer of at least `bytes`, with whatever was in it before. Its user writes every byte before it reads it. */
  take(bytes: number): ArrayBuffer {
    const size = sizeClass(bytes);
    const free = this.#free.get(size)?.pop();
    if (free !== undefined) {
      this.#freeBytes -= size;
      return free;
    }
    const made = Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer;
    this.#own.add(made);
    return made;
  }

  /** Takes a buffer back that nobody looks at any more. One that is not the pool's own is ignored. */
  give(buffer: ArrayBuffer): void {
    const size = buffer.byteLength;
    if (size > MOST_BYTES || !this.#own.has(buffer)) return;
    if (this.#freeBytes + size > this.#bytesMax) {
      // Full of sizes that are no longer asked for, or simply full: it starts again with what is in use now.
      this.#free.clear();
      this.#freeBytes = 0;
    }
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [buffer]);
    else free.push(buffer);
    this.#freeBytes += size;
  }
}

function sizeClass(bytes: number): number {
  if (bytes > CLASS_BYTES) return Math.ceil(bytes / CLASS_BYTES) * CLASS_BYTES;
  return bytes <= LEAST_BYTES ? LEAST_BYTES : 2 ** (32 - Math.clz32(bytes - 1));
}

/** One for the process: every scope's bytes pass through the same memory, one after another. */
export const pool = new BufferPool(LIMITS.pooledBytes);
