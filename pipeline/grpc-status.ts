import { LIMITS } from './limits.ts';
import { FieldCursor } from './otlp/field-cursor.kernel.ts';

/**
 * How gRPC says what became of a call: grpc-message (grpc/grpc doc/PROTOCOL-HTTP2.md) and grpc-status-details-bin, a
 * google.rpc.Status with a google.rpc.RetryInfo, which is what OTLP throttles senders by.
 */
const RETRY_INFO = 'type.googleapis.com/google.rpc.RetryInfo';
const WIRE_BYTES = 2;
const utf8 = new TextEncoder();

/** UTF-8, everything but printable ASCII and `%` itself percent-encoded; cut at LIMITS.answerChars. */
export function encodeGrpcMessage(words: string): string {
  const cut = words.length <= LIMITS.answerChars ? words : `${words.slice(0, LIMITS.answerChars - 1)}…`;
  if (/^[\u0020-\u0024\u0026-\u007e]*$/.test(cut)) return cut;
  let encoded = '';
  for (const byte of utf8.encode(cut)) {
    const plain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    encoded += plain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

/** The other way, as lenient as the specification asks: what is no valid escape stays as it is. */
export function decodeGrpcMessage(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const escape = text[at] === '%' ? /^[0-9a-fA-F]{2}$/.exec(text.slice(at + 1, at + 3)) : null;
    if (escape === null) bytes.push(text.charCodeAt(at) & 0xff);
    else {
      bytes.push(Number.parseInt(escape[0], 16));
      at += 2;
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

/** A google.rpc.Status whose one detail is a RetryInfo: come back after `afterMs`. */
export function retryInfoStatus(code: number, words: string, afterMs: number): Uint8Array {
  const delay = [...varintField(1, Math.floor(afterMs / 1000)), ...varintField(2, Math.round(afterMs % 1000) * 1_000_000)];
  const any = [...bytesField(1, utf8.encode(RETRY_INFO)), ...bytesField(2, bytesField(1, delay))];
  const shown = words.length <= LIMITS.answerChars ? words : words.slice(0, LIMITS.answerChars);
  return Uint8Array.from([...varintField(1, code), ...bytesField(2, utf8.encode(shown)), ...bytesField(3, any)]);
}

/** Milliseconds of the RetryInfo in a google.rpc.Status, at most LIMITS.retryAfterMaxMs; undefined without one. */
export function retryInfoMs(status: Uint8Array): number | undefined {
  let found: number | undefined;
  eachField(status, 0, status.length, 3, (start, end) => {
    let isRetryInfo = false;
    eachField(status, start, end, 1, (from, to) => {
      isRetryInfo = text(status, from, to) === RETRY_INFO;
    });
    if (!isRetryInfo) return;
    eachField(status, start, end, 2, (from, to) => {
      found = 0;
      eachField(status, from, to, 1, (delayFrom, delayTo) => {
        found = durationMs(status, delayFrom, delayTo);
      });
    });
  });
  return found === undefined ? undefined : Math.min(Math.max(found, 0), LIMITS.retryAfterMaxMs);
}

/** google.protobuf.Duration. A negative one is ten bytes of varint and comes out as 0. */
function durationMs(bytes: Uint8Array, start: number, end: number): number {
  const cursor = new FieldCursor(bytes, start, end);
  let ms = 0;
  while (cursor.next()) {
    if (cursor.wireType !== 0 || cursor.position - cursor.valueStart > 8) continue;
    const value = varint(bytes, cursor.valueStart, cursor.position);
    if (cursor.number === 1) ms += value * 1000;
    if (cursor.number === 2) ms += value / 1e6;
  }
  return ms;
}

function eachField(
  bytes: Uint8Array,
  start: number,
  end: number,
  field: number,
  found: (start: number, end: number) => void,
): void {
  const cursor = new FieldCursor(bytes, start, end);
  while (cursor.next()) {
    if (cursor.number === field && cursor.wireType === WIRE_BYTES) found(cursor.valueStart, cursor.position);
  }
}

function varint(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = end - 1; at >= start; at -= 1) value = value * 128 + ((bytes[at] ?? 0) & 0x7f);
  return value;
}

const text = (bytes: Uint8Array, start: number, end: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');

function varintBytes(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

const varintField = (field: number, value: number): number[] => (value === 0 ? [] : [field << 3, ...varintBytes(value)]);
const bytesField = (field: number, bytes: ArrayLike<number>): number[] => [
  (field << 3) | WIRE_BYTES,
  ...varintBytes(bytes.length),
  ...Array.from(bytes),
];
