import type { Rejection } from '../../pipeline/component.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Signal } from '../../pipeline/signal.ts';
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
  if (encoding !== 'json') return partialSuccessMessage(rejections);
  const { items, errorMessage } = summed(rejections);
  return JSON.stringify({ partialSuccess: { [REJECTED_KEYS[signal]]: String(items), errorMessage } });
}

/** An Export…ServiceResponse, the same bytes for every signal. */
export function partialSuccessMessage(rejections: readonly Rejection[]): Uint8Array {
  const { items, errorMessage } = summed(rejections);
  return message(1, [...varintField(1, items), ...text(2, errorMessage)]);
}

/** One message for all, the same words once. */
function summed(rejections: readonly Rejection[]): { items: number; errorMessage: string } {
  let items = 0;
  for (const rejection of rejections) items += rejection.items;
  return { items, errorMessage: cut([...new Set(rejections.map((rejection) => rejection.message))].join('; ')) };
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
