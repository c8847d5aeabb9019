import { LIMITS } from '../../../pipeline/limits.ts';

const utf8 = new TextDecoder();
/** UTF-8 has at most so many bytes for one UTF-16 unit. */
const BYTES_PER_CHAR_MAX = 3;
const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;
const TWO_32 = 2 ** 32;

/** At most LIMITS.streamTextChars of it; a cut one ends with an ellipsis. */
export function cutText(text: string): string {
  if (text.length <= LIMITS.streamTextChars) return text;
  const end = LIMITS.streamTextChars - 1;
  // Not between the halves of a pair: half of one is no text.
  const last = text.charCodeAt(end - 1);
  return `${text.slice(0, last >= 0xd800 && last < 0xdc00 ? end - 1 : end)}…`;
}

/** UTF-8 of any length, as `cutText` has it. */
export function cutUtf8(bytes: Uint8Array): string {
  const most = LIMITS.streamTextChars * BYTES_PER_CHAR_MAX;
  return cutText(utf8.decode(bytes.length > most ? bytes.subarray(0, most) : bytes));
}

/** As an object, each value cut, of too many the first. */
export function cutAttributes(attributes: readonly (readonly [key: string, value: string])[]): Record<string, string> {
  const all: Record<string, string> = Object.create(null) as Record<string, string>;
  const count = Math.min(attributes.length, LIMITS.streamAttributes);
  for (let at = 0; at < count; at++) all[cutText(attributes[at]![0])] = cutText(attributes[at]![1]);
  return all;
}

/** `words`: 64 bits as two words, the low one first, from element `2 * row` on. */
export const bigOf = (words: Uint32Array, row: number): bigint => (BigInt(words[2 * row + 1]!) << 32n) | BigInt(words[2 * row]!);

export const numberOf = (words: Uint32Array, row: number): number => words[2 * row + 1]! * TWO_32 + words[2 * row]!;

/** Nanoseconds since 1970 as ISO 8601 with all nine digits; '' for none. */
export function isoOf(ns: bigint): string {
  if (ns === 0n) return '';
  const ms = Number(ns / NS_PER_MS);
  // 64 bits of nanoseconds end in the year 2554.
  return `${new Date(ms).toISOString().slice(0, 19)}.${String(ns % NS_PER_S).padStart(9, '0')}Z`;
}

/** Hex of `count` words as they stand in memory from `at` on; '' where all are 0. */
export function hexOf(words: Uint32Array, at: number, count: number): string {
  for (let word = 0; word < count; word++)
    if (words[at + word] !== 0) return Buffer.from(words.buffer, words.byteOffset + at * 4, count * 4).toString('hex');
  return '';
}
