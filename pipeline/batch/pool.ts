import { LIMITS } from '../limits.ts';

/**
 * Memory for request bytes, used again instead of left to the garbage collector: each new buffer counts as external
 * memory, and enough of it makes the engine mark the whole heap. Measured at 5,000 bodies of 186 kB a second: a third
 * of all CPU time. Size classes are powers of two from 256 B to 64 KiB, then multiples of 64 KiB.
 */
const LEAST_BITS = 8;
const CLASS_BITS = 16;
const CLASS_BYTES = 1 << CLASS_BITS;
/** Larger ones are rare, and one would keep many ordinary ones out. */
const MOST_BYTES = 1024 * 1024;

/** A buffer and its views, which are made once: a new typed array costs as much as copying 500 bytes. */
export class Memory {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;
  /** For the one who has it now: the next in its own list. */
  next: Memory | undefined = undefined;

  constructor(size: number) {
    const buffer = Buffer.allocUnsafeSlow(size).buffer as ArrayBuffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
  }
}

export class BufferPool {
  readonly #bytesMax: number;
  /** By size class. */
  readonly #free: Memory[][] = [];
  /** What this pool has made: nothing else may ever come back to it. */
  readonly #own = new WeakMap<ArrayBufferLike, Memory>();
  #freeBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** At least `bytes` of memory, with whatever was in it before. Its user writes every byte before it reads it. */
  take(bytes: number): Memory {
    const index = classOf(bytes);
    const free = this.#free[index]?.pop();
    if (free !== undefined) {
      this.#freeBytes -= free.bytes.length;
      return free;
    }
    const made = new Memory(
      index <= CLASS_BITS - LEAST_BITS ? 1 << (LEAST_BITS + index) : (index - (CLASS_BITS - LEAST_BITS - 1)) * CLASS_BYTES,
    );
    this.#own.set(made.bytes.buffer, made);
    return made;
  }

  /** The memory that a buffer belongs to; undefined when it is not the pool's own. */
  owner(buffer: ArrayBufferLike): Memory | undefined {
    return this.#own.get(buffer);
  }

  /** Takes memory of its own back that nobody looks at any more. */
  give(memory: Memory): void {
    const size = memory.bytes.length;
    if (size > MOST_BYTES) return;
    if (this.#freeBytes + size > this.#bytesMax) {
      // Full of sizes that are no longer asked for, or simply full: it starts again with what is in use now.
      this.#free.length = 0;
      this.#freeBytes = 0;
    }
    const index = classOf(size);
    while (this.#free.length <= index) this.#free.push([]);
    this.#free[index]!.push(memory);
    this.#freeBytes += size;
  }
}

/** 0 to 8: 256 B to 64 KiB; from there on by 64 KiB. */
function classOf(bytes: number): number {
  if (bytes > CLASS_BYTES) return Math.ceil(bytes / CLASS_BYTES) + CLASS_BITS - LEAST_BITS - 1;
  return bytes <= 1 << LEAST_BITS ? 0 : 32 - LEAST_BITS - Math.clz32(bytes - 1);
}

/** One for the process: every scope's bytes pass through the same memory, one after another. */
export const pool = new BufferPool(LIMITS.pooledBytes);
