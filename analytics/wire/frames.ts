import { LIMITS } from '../../pipeline/limits.ts';

/**
 * What travels on the pipe between the collector and its analytics process, both ways: u32 length of what follows, u32
 * length of the head, the head as JSON, then bytes as they are. Little endian.
 */
const LENGTHS_BYTES = 8;

/** The pipe, of the child's stdio: beside 0 to 2 and IPC. */
export const PIPE_FD = 4;

/** All of a frame but its bytes, which are written behind it as they are. */
export function frameHead(head: object, bytes: number): Buffer {
  const json = Buffer.from(JSON.stringify(head));
  const out = Buffer.allocUnsafe(LENGTHS_BYTES + json.length);
  out.writeUInt32LE(4 + json.length + bytes, 0);
  out.writeUInt32LE(json.length, 4);
  json.copy(out, LENGTHS_BYTES);
  return out;
}

export type OnFrame = (head: unknown, bytes: Uint8Array) => void;

/** Puts frames together from what a pipe delivers. Their bytes may be read as long as anybody likes: they are part of what
 *  was pushed, or a copy. */
export class FrameReader {
  readonly #onFrame: OnFrame;
  /** The frame that has begun, from its first byte on. */
  #frame: Buffer = Buffer.alloc(0);
  #filled = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  /** Throws where the other side writes what is no frame: then nothing after it makes sense either. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      // Most frames lie in one chunk: those are not copied.
      if (this.#filled === 0) {
        const length = frameLength(chunk, at);
        if (length !== undefined && length <= chunk.length - at) {
          readFrame(chunk.subarray(at, at + length), this.#onFrame);
          at += length;
          continue;
        }
      }
      at += this.#take(chunk, at);
    }
  }

  /** Copies from `chunk` what the frame that has begun still lacks; returns how much that was. */
  #take(chunk: Buffer, at: number): number {
    const length = frameLength(this.#frame, 0, this.#filled) ?? LENGTHS_BYTES;
    if (this.#frame.length < length) {
      const larger = Buffer.allocUnsafeSlow(length);
      this.#frame.copy(larger, 0, 0, this.#filled);
      this.#frame = larger;
    }
    const taken = chunk.copy(this.#frame, this.#filled, at, at + length - this.#filled);
    this.#filled += taken;
    if (this.#filled === length && frameLength(this.#frame, 0, this.#filled) === length) {
      const frame = this.#frame;
      this.#frame = Buffer.alloc(0);
      this.#filled = 0;
      readFrame(frame, this.#onFrame);
    }
    return taken;
  }
}

/** Reads one whole frame. */
export function readFrame(frame: Buffer, onFrame: OnFrame): void {
  const headEnd = LENGTHS_BYTES + frame.readUInt32LE(4);
  if (headEnd > frame.length) throw new Error('BUG: a frame is shorter than its head');
  onFrame(JSON.parse(frame.toString('utf8', LENGTHS_BYTES, headEnd)), frame.subarray(headEnd));
}

/** Of the whole frame that begins at `at`; undefined while its lengths are not all there. */
export function frameLength(bytes: Buffer, at: number, end = bytes.length): number | undefined {
  if (end - at < LENGTHS_BYTES) return undefined;
  const length = 4 + bytes.readUInt32LE(at);
  if (length < LENGTHS_BYTES || length > LIMITS.analyticsFrameBytes) throw new Error(`BUG: a frame of ${length} bytes`);
  return length;
}
