import type { ActivityEvent } from '../../stream/protocol.ts';

export type { ActivityEvent };
export const ACTIVITY_CATEGORIES = ['metric', 'rejection', 'auth', 'config', 'error'] as const;

export interface ActivityView {
  readonly category: string;
  readonly type: string;
  /** '' = both. */
  readonly result: '' | 'ok' | 'failed';
}

export interface ActivityLine extends ActivityEvent {
  readonly key: number;
}

export const EVENTS_MAX = 1000;

const sameThing = (left: ActivityEvent, right: ActivityEvent): boolean =>
  left.text === right.text &&
  left.type === right.type &&
  left.category === right.category &&
  left.success === right.success &&
  left.severity === right.severity &&
  left.time.slice(0, MINUTE_CHARS) === right.time.slice(0, MINUTE_CHARS);
/** `2026-11-21T11:00` */
const MINUTE_CHARS = 16;
/** What repeats stands near the top; further down nobody looks for it. */
const LOOKED_AT = 40;

/**
 * Events that have just come before those that are there: newest first, at most `EVENTS_MAX`. The same thing within one
 * minute is one line that counts, in the place where it began: what happens each second does not push the rest away.
 */
export function withEvents(fresh: readonly ActivityEvent[], lines: readonly ActivityLine[]): ActivityLine[] {
  const next = [...lines];
  let key = lines.reduce((most, line) => Math.max(most, line.key), 0);
  for (const event of fresh) {
    const at = next.slice(0, LOOKED_AT).findIndex((line) => sameThing(line, event));
    const line = next[at];
    if (line !== undefined) next[at] = { ...line, count: line.count + event.count };
    else next.unshift({ ...event, key: (key += 1) });
  }
  return next.slice(0, EVENTS_MAX);
}

/** What is no news: things come in. */
export const isRoutine = ({ category, success }: ActivityEvent): boolean => category === 'metric' && success;

export const activityLines = (lines: readonly ActivityLine[], { category, type, result }: ActivityView): ActivityLine[] =>
  lines.filter(
    (line) =>
      (category === '' || line.category === category) &&
      (type === '' || line.type === type) &&
      (result === '' || line.success === (result === 'ok')),
  );

/** Types there are, by the alphabet. */
export const activityTypes = (lines: readonly ActivityLine[]): string[] => [...new Set(lines.map(({ type }) => type))].toSorted();
