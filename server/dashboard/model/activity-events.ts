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

/** Events that have just come before those that are there, newest first, at most `EVENTS_MAX`. */
export function withEvents(fresh: readonly ActivityEvent[], lines: readonly ActivityLine[]): ActivityLine[] {
  const next = (lines[0]?.key ?? 0) + 1;
  const added = fresh.map((event, at): ActivityLine => ({ ...event, key: next + at }));
  return [...added.toReversed(), ...lines].slice(0, EVENTS_MAX);
}

export const activityLines = (lines: readonly ActivityLine[], { category, type, result }: ActivityView): ActivityLine[] =>
  lines.filter(
    (line) =>
      (category === '' || line.category === category) &&
      (type === '' || line.type === type) &&
      (result === '' || line.success === (result === 'ok')),
  );

/** Types there are, by the alphabet. */
export const activityTypes = (lines: readonly ActivityLine[]): string[] => [...new Set(lines.map(({ type }) => type))].toSorted();
