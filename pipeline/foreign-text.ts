import { LIMITS } from './limits.ts';

/** What somebody else said, fit for a log line or an answer: one line, no control characters, at most LIMITS.messageChars. */
export function foreignText(words: string): string {
  const raw = words.slice(0, LIMITS.messageChars * 2);
  // eslint-disable-next-line no-control-regex
  const line = raw.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
  return line.length > LIMITS.messageChars ? `${line.slice(0, LIMITS.messageChars - 1)}…` : line;
}
