import type { Operation, Tracking } from './contract.ts';

const NOTHING: Operation = {
  end: () => undefined,
  fail: () => undefined,
  [Symbol.dispose]: () => undefined,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

/** The names without what they do: calls go straight through, and a function that is tracked is the function itself. */
export const UNTRACKED: Tracking = {
  track: (_name, fn) => fn(),
  tracked: (_name, fn) => fn,
  operation: () => NOTHING,
  scope: (_tags, fn) => fn(),
};
