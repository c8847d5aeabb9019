import type { SoakSample } from './record.ts';

const SECONDS_PER_HOUR = 3600;

const total = ({ mainRssBytes, othersRssBytes }: SoakSample): number => mainRssBytes + othersRssBytes;

/** Of a straight line through the memory of all processes over time, by least squares, in bytes an hour; 0 of less than two. */
export function slopePerHour(samples: readonly SoakSample[]): number {
  const mean = (of: (sample: SoakSample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const meanSecond = mean(({ second }) => second);
  const meanTotal = mean(total);
  let covariance = 0;
  let variance = 0;
  for (const sample of samples) {
    covariance += (sample.second - meanSecond) * (total(sample) - meanTotal);
    variance += (sample.second - meanSecond) ** 2;
  }
  return variance > 0 ? (covariance / variance) * SECONDS_PER_HOUR : 0;
}

/**
 * By how many bytes the lowest memory of the second half is above that of the first. Slices, dictionaries and garbage go up
 * and down, and a line through part of such a wave rises or falls with nothing behind it; what leaks raises the lowest point.
 * 0 of less than two samples.
 */
export function floorRise(samples: readonly SoakSample[]): number {
  const half = samples.length >> 1;
  if (half === 0) return 0;
  const lowest = (part: readonly SoakSample[]): number => part.reduce((low, sample) => Math.min(low, total(sample)), Infinity);
  return lowest(samples.slice(half)) - lowest(samples.slice(0, half));
}
