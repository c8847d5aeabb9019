import type { Perf } from './contract.ts';

const REASON = 'cannot take the metric: the agent does not run, or its bundle was built without PERF_TRACKING';

/** The names without what they do. */
export const NO_PERF: Perf = {
  add: () => ({ accepted: false, code: 'MALFORMED', reason: REASON }),
  metrics: () => [],
  csv: () => '',
  toString: () => '',
  print: () => undefined,
};
