/**
 * The largest share that each may have so that all together fit into `total`: who uses less keeps what it uses, and the
 * others get equally much. Infinity when all fit as they are.
 */
export function fairShare(usages: readonly number[], total: number): number {
  let left = total;
  const sorted = [...usages].sort((a, b) => a - b);
  for (const [at, usage] of sorted.entries()) {
    const share = left / (sorted.length - at);
    if (usage > share) return share;
    left -= usage;
  }
  return Number.POSITIVE_INFINITY;
}
