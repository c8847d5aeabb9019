/** Every bound of operations. Units last in the names. */
export const TRACK_LIMITS = {
  /** Names of operations; more are `_OTHER`. Below the cardinality limit of an instrument, so that it is reached by tags only. */
  operations: 500,
  /** Different values of `error.type`; more are `_OTHER`. */
  errorTypes: 50,
  /** Sets of tags that `scope` tells apart; more are `_OTHER`. */
  tagSets: 100,
  /** Operations that have ended and are used again. */
  pendingKept: 1000,
  /** Characters of a name or tag; a longer one is cut. */
  textChars: 256,
} as const;
