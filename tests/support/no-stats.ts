import type { GraphStats } from '../../pipeline/stats.ts';
import { Traffic } from '../../pipeline/traffic.ts';

/** Of a graph in which nothing counts. */
export const NO_STATS: GraphStats = { components: [], queues: [], traffic: new Traffic() };
