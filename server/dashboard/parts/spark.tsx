import type { JSX } from 'preact';
import { sparkPath, type Value } from '../model/series.ts';

interface SparkProps {
  readonly values: readonly Value[];
  readonly label: string;
  readonly width?: number;
  readonly height?: number;
  readonly colour?: string;
  /** What the lowest line stands for; absent = the lowest value. */
  readonly floor?: number;
  readonly fills?: boolean;
}

/** A line without axes, in a line of text. */
export function Spark({
  values,
  label,
  width = 96,
  height = 22,
  colour = 'var(--accent)',
  floor,
  fills = true,
}: SparkProps): JSX.Element {
  const path = sparkPath(values, width, height - 3, floor);
  const begin = /^M([\d.]+)/.exec(path)?.[1];
  // With a gap inside there is no one area below it.
  const area = fills && begin !== undefined && path.lastIndexOf('M') === 0 ? `${path}V${height}H${begin}Z` : '';
  return (
    <svg
      class="spark"
      viewBox={`0 -1.5 ${width} ${height}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      style={{ width: `${width}px`, height: `${height}px` }}
    >
      {area !== '' && <path d={area} fill={colour} opacity="0.13" stroke="none" />}
      <path d={path} fill="none" stroke={colour} stroke-width="1.5" stroke-linejoin="round" vector-effect="non-scaling-stroke" />
    </svg>
  );
}
