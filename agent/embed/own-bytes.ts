import type { Refusal } from '../../pipeline/component.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { refused } from './refused.ts';

/** What is wrong with a request before anybody reads it. */
export function requestFault(signal: Signal, bytes: Uint8Array): Refusal | undefined {
  if (!SIGNALS.includes(signal))
    return refused('NOT_FOUND', `cannot take ${String(signal)}: it is none of ${SIGNALS.join(', ')}`);
  return bytes instanceof Uint8Array ? undefined : refused('MALFORMED', `cannot take ${signal}: no Uint8Array was given`);
}

/** Bytes that have an ArrayBuffer for themselves: those that were given, detached, or a copy. */
export function ownBytes(bytes: Uint8Array, transfer: boolean): Uint8Array<ArrayBuffer> {
  if (!transfer || bytes.length === 0) return copied(bytes);
  // Read now: both are gone with the buffer.
  const { byteOffset, length } = bytes;
  const buffer = bytes.buffer as ArrayBuffer;
  try {
    return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }), byteOffset, length);
  } catch {
    return copied(bytes);
  }
}

/**
 * Posts what `message` makes of the bytes, which go to the other side: those that were given, or a copy. Node's pool of
 * small Buffers and shared memory cannot be given.
 */
export function postBytes(
  bytes: Uint8Array,
  transfer: boolean,
  post: (own: Uint8Array, list: readonly ArrayBuffer[]) => void,
): void {
  // Node posts a buffer that is gone, and the other side cannot read it.
  if (transfer && bytes.length > 0) {
    try {
      post(bytes, [bytes.buffer as ArrayBuffer]);
      return;
    } catch {
      // Nothing was posted.
    }
  }
  const own = copied(bytes);
  post(own, [own.buffer]);
}

function copied(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(bytes.length);
  if (bytes.length > 0) own.set(bytes);
  return own;
}
