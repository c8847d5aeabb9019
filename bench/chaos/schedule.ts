import { type Trouble, TROUBLES } from './record.ts';

/** The agent waits no longer than a minute before it tries again. */
const LAST_CALM_MS = 65_000;
/** Of the time of a trouble. Of ten minutes each trouble has more than one, so that the agent meets it however long it waits. */
const CALM_SHARE = 0.25;

export interface Turn {
  /** Undefined: the destination is well. */
  readonly trouble: Trouble | undefined;
  readonly ms: number;
}

/** Each trouble once, calm after each; the last calm is long enough for the agent to come back by itself, where there is
 *  time for that. The turns add up to `minutes`. */
export function turnsOf(minutes: number): readonly Turn[] {
  const allMs = minutes * 60_000;
  const lastMs = Math.min(LAST_CALM_MS, allMs / 4);
  const troubleMs = (allMs - lastMs) / (TROUBLES.length + (TROUBLES.length - 1) * CALM_SHARE);
  return TROUBLES.flatMap((trouble, i) => [
    { trouble, ms: troubleMs },
    { trouble: undefined, ms: i === TROUBLES.length - 1 ? lastMs : troubleMs * CALM_SHARE },
  ]);
}
