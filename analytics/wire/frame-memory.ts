import { LIMITS } from '../../pipeline/limits.ts';
import { frameLength, readFrame, type OnFrame } from './frames.ts';

/** Less room than this is not worth a read. */
const LEAST_ROOM_BYTES = 64 * 1024;

/**
 * Memory that a pipe is read into, and in which its frames are read where they lie: the same for all of them, so that
 * megabytes a second make no garbage. What is copied is the beginning of a frame that would reach over the end.
 */
export class FrameMemory {
  readonly #onFrame: OnFrame;
  #memory: Buffer = Buffer.allocUnsafeSlow(LIMITS.analyticsReadBytes);
  /** What was read and belongs to no whole frame yet: [start, end). */
  #start = 0;
  #end = 0;

  /** The bytes of a frame may be read until `onFrame` returns, and no longer. */
  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Where what is read next must go, of one byte at least; void once it is asked for again. */
  room(): Buffer {
    if (this.#start === this.#end) this.#start = this.#end = 0;
    const length = frameLength(this.#memory, this.#start, this.#end) ?? 0;
    if (this.#start + length > this.#memory.length || this.#memory.length - this.#end < LEAST_ROOM_BYTES) this.#move(length);
    return this.#memory.subarray(this.#end);
  }

  /** So many bytes have come into the room. Throws where the other side writes what is no frame. */
  filled(bytes: number): void {
    this.#end += bytes;
    for (;;) {
      const length = frameLength(this.#memory, this.#start, this.#end);
      if (length === undefined || length > this.#end - this.#start) return;
      const frame = this.#memory.subarray(this.#start, this.#start + length);
      this.#start += length;
      readFrame(frame, this.#onFrame);
    }
  }

  /** Brings the frame that has begun to the front, of memory that all of it fits into. */
  #move(length: number): void {
    const bytes = Math.max(LIMITS.analyticsReadBytes, length + LEAST_ROOM_BYTES);
    const to = bytes === this.#memory.length ? this.#memory : Buffer.allocUnsafeSlow(bytes);
    this.#memory.copy(to, 0, this.#start, this.#end);
    this.#memory = to;
    this.#end -= this.#start;
    this.#start = 0;
  }
}
