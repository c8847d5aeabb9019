export const CAP_METRIC = 'bench.users';
export const CAP_CYCLES = 100;
/** New ones in each cycle. */
export const CAP_SETS = 1900;
/** Points of one metric, with that of the overflow: the default of the specification. */
export const CAP_SERIES_MAX = 2000;
