import type { Rejection } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { ITEM_NAMES, type Signal } from '../../pipeline/signal.ts';
import type { Encoding } from './encoding.ts';

/**
 * The bodies of OTLP answers: Export…ServiceResponse (opentelemetry-proto collector/<signal>/v1, the field numbers are
 * the same for all signals) and google.rpc.Status. Written by hand: they are a few fields, and rare.
 */
const BAD_REQUEST = 'type.googleapis.com/google.rpc.BadRequest';

const REJECTED_KEYS: Readonly<Record<Signal, string>> = {
  metrics: 'rejectedDataPoints',
  traces: 'rejectedSpans',
  logs: 'rejectedLogRecords',
};

/** Nothing was rejected: `partial_success` must be left unset. */
export function successBody(encoding: Encoding): Uint8Array | string {
  return encoding === 'json' ? '{}' : new Uint8Array(0);
}

export function partialSuccessBody(encoding: Encoding, signal: Signal, rejections: readonly Rejection[]): Uint8Array | string {
  let items = 0;
  for (const rejection of rejections) items += rejection.items;
  const errorMessage = rejectionMessage(signal, rejections);
  if (encoding === 'json') return JSON.stringify({ partialSuccess: { [REJECTED_KEYS[signal]]: String(items), errorMessage } });
  return message(1, [...varintField(1, items), ...text(2, errorMessage)]);
}

/** One message for all: "2 spans: <how to mend it>; 1 spans: …". */
function rejectionMessage(signal: Signal, rejections: readonly Rejection[]): string {
  const counts = new Map<string, number>();
  for (const rejection of rejections) counts.set(rejection.message, (counts.get(rejection.message) ?? 0) + rejection.items);
  const parts: string[] = [];
  for (const [mend, items] of counts) parts.push(`${items} ${ITEM_NAMES[signal]}: ${mend}`);
  return cut(parts.join('; '));
}

/** `code` as in google.rpc.Code. With `badRequest` the message is repeated as the detail that the spec asks for. */
export function statusBody(encoding: Encoding, code: number, words: string, badRequest: boolean): Uint8Array | string {
  const shown = cut(words);
  if (encoding === 'json') {
    const details = [{ '@type': BAD_REQUEST, fieldViolations: [{ field: 'body', description: shown }] }];
    return JSON.stringify(badRequest ? { code, message: shown, details } : { code, message: shown });
  }
  const bytes = [...varintField(1, code), ...text(2, shown)];
  if (badRequest) {
    const violation = message(1, [...text(1, 'body'), ...text(2, shown)]);
    bytes.push(...message(3, [...text(1, BAD_REQUEST), ...bytesField(2, violation)]));
  }
  return Uint8Array.from(bytes);
}

function cut(words: string): string {
  return words.length <= LIMITS.answerChars ? words : `${words.slice(0, LIMITS.answerChars - 1)}…`;
}

const WIRE_BYTES = 2;
const utf8 = new TextEncoder();

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

const varintField = (field: number, value: number): number[] => [field << 3, ...varint(value)];
const bytesField = (field: number, bytes: ArrayLike<number>): number[] => [
  (field << 3) | WIRE_BYTES,
  ...varint(bytes.length),
  ...Array.from(bytes),
];
const text = (field: number, words: string): number[] => bytesField(field, utf8.encode(words));
const message = (field: number, bytes: readonly number[]): Uint8Array => Uint8Array.from(bytesField(field, bytes));
