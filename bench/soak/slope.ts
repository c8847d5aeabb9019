import type { SoakSample } from './record.ts';

const SECONDS_PER_HOUR = 3600;

/** Of a straight line through the memory of all processes over time, by least squares, in bytes an hour; 0 of less than two. */
export function slopePerHour(samples: readonly SoakSample[]): number {
  const mean = (of: (sample: SoakSample) => number): number =>
    samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const total = ({ mainRssBytes, othersRssBytes }: SoakSample): number => mainRssBytes + othersRssBytes;
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
