import type { Outcome } from '../../pipeline/component.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { refused } from './refused.ts';

/** What was handed over, as bytes that have an ArrayBuffer for themselves; what is wrong with it otherwise. */
export function ownBytes(signal: Signal, bytes: Uint8Array, transfer: boolean): Uint8Array<ArrayBuffer> | Outcome {
  if (!SIGNALS.includes(signal))
    return refused('NOT_FOUND', `cannot take ${String(signal)}: it is none of ${SIGNALS.join(', ')}`);
  if (!(bytes instanceof Uint8Array)) return refused('MALFORMED', `cannot take ${signal}: no Uint8Array was given`);
  if (!transfer) return copied(bytes);
  // Read now: both are gone with the buffer.
  const { byteOffset, length } = bytes;
  const buffer = bytes.buffer as ArrayBuffer;
  try {
    return new Uint8Array(structuredClone(buffer, { transfer: [buffer] }), byteOffset, length);
  } catch {
    // Node's own pool of small Buffers, shared memory, or a buffer that is gone.
    return copied(bytes);
  }
}

function copied(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const own = new Uint8Array(bytes.length);
  own.set(bytes);
  return own;
}
