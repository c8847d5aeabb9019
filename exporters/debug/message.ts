import { protobufToJson } from '../../pipeline/otlp/protobuf-to-json.ts';
import type { Signal } from '../../pipeline/signal.ts';

/** One message of a request in the OTLP/JSON mapping: 64-bit integers are strings, absent is default. */
export interface Message {
  readonly [key: string]: unknown;
}

/** Slow on purpose: objects for people to read, made only for batches that are shown. */
export function messageOf(signal: Signal, segments: readonly Uint8Array[]): Message {
  return JSON.parse(protobufToJson(signal, segments)) as Message;
}

export function list(message: Message, key: string): readonly Message[] {
  const value = message[key];
  return Array.isArray(value) ? (value as Message[]) : [];
}
export function values(message: Message, key: string): readonly unknown[] {
  const value = message[key];
  return Array.isArray(value) ? value : [];
}
export function child(message: Message, key: string): Message {
  const value = message[key];
  return typeof value === 'object' && value !== null ? (value as Message) : {};
}
/** Safe for a terminal: control characters of foreign text are shown, not obeyed. */
export function text(message: Message, key: string): string {
  const value = message[key];
  return typeof value === 'string' ? visible(value) : '';
}
/** Any integer, as its digits. */
export function integer(message: Message, key: string): string {
  const value = message[key];
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '0';
}
/** NaN and the infinities are text in JSON. */
export function double(value: unknown): number {
  return typeof value === 'string' ? Number(value) : typeof value === 'number' ? value : 0;
}
export function has(message: Message, key: string): boolean {
  return message[key] !== undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };
export function visible(value: string): string {
  // eslint-disable-next-line no-control-regex
  return value.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, (character) => {
    return ESCAPES[character] ?? `\\x${(character.codePointAt(0) ?? 0).toString(16).padStart(2, '0')}`;
  });
}
