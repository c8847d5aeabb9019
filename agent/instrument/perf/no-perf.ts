import type { Perf } from './contract.ts';

/** The names without what they do. */
export const NO_PERF: Perf = {
  add: () => ({ accepted: false, code: 'MALFORMED', reason: 'cannot take the metric: the agent does not run' }),
  metrics: () => [],
  csv: () => '',
  toString: () => '',
  print: () => undefined,
};
