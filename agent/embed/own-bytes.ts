import { types } from 'node:util';
import type { Refusal } from '../../pipeline/component.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import type { ExportOptions } from './contract.ts';
import { refused } from './refused.ts';

/** What is wrong with a request before anybody reads it, of whatever was given. */
export function requestFault(signal: unknown, bytes: unknown, options: unknown): Refusal | undefined {
  if (!SIGNALS.includes(signal as Signal)) {
    const named = typeof signal === 'string' ? `"${signal.slice(0, 64)}"` : `a ${typeof signal}`;
    return refused('NOT_FOUND', `cannot take ${named}: it is none of ${SIGNALS.join(', ')}`);
  }
  // Also of another realm, which is another class.
  if (!types.isUint8Array(bytes)) return refused('MALFORMED', `cannot take ${String(signal)}: no Uint8Array was given`);
  const fault = optionFault(options);
  return fault === undefined ? undefined : refused('MALFORMED', `cannot take ${String(signal)}: ${fault}`);
}

function optionFault(options: unknown): string | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null) return 'its options are no object';
  const { receiver } = options as ExportOptions;
  return receiver === undefined || typeof receiver === 'string' ? undefined : 'the id of its receiver is no text';
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
