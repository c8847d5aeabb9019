import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock, duration } from '../model/format.ts';
import type { Stretch } from '../model/time-range.ts';

export interface ScatterPoint {
  readonly key: string;
  readonly ms: number;
  readonly ns: number;
  readonly bad: boolean;
  readonly label: string;
}

interface ScatterProps {
  readonly points: readonly ScatterPoint[];
  readonly stretch: Stretch;
  readonly onOpen: (key: string) => void;
}

const HEIGHT = 120;
const LEFT = 58;
const BELOW = 20;
const DECADES = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];
const LINES_MAX = 4;

/** Each trace a dot: when, and how long on a scale of powers of ten, so that the slow ones stand out. */
export function Scatter({ points, stretch, onOpen }: ScatterProps): JSX.Element {
  const host = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (host.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(host.current);
    return () => observer.disconnect();
  }, []);
  const least = points.reduce((low, { ns }) => Math.min(low, ns), Infinity);
  const most = points.reduce((high, { ns }) => Math.max(high, ns), 0);
  const [low, high] =
    points.length === 0 ? [6, 9] : [Math.log10(Math.max(1, least)) - 0.15, Math.log10(Math.max(1, most)) + 0.15];
  const x = (ms: number): number => LEFT + ((ms - stretch.fromMs) / (stretch.toMs - stretch.fromMs)) * (width - LEFT - 8);
  const y = (ns: number): number => (HEIGHT - BELOW) * (1 - (Math.log10(Math.max(1, ns)) - low) / (high - low || 1));
  const isSeen = (ns: number): boolean => Math.log10(ns) > low && Math.log10(ns) < high;
  const powers = DECADES.filter(isSeen);
  const between = DECADES.flatMap((each) => [each, each * 2, each * 5]).filter(isSeen);
  const lines = powers.length >= 2 || between.length > LINES_MAX ? powers : between;
  const times = Array.from(
    { length: Math.max(2, Math.floor(width / 150)) },
    (_, at) => stretch.fromMs + ((at + 0.5) / Math.max(2, Math.floor(width / 150))) * (stretch.toMs - stretch.fromMs),
  );
  return (
    <div ref={host} class="scatter">
      <svg width={width} height={HEIGHT} role="img" aria-label={`${points.length} traces by duration`}>
        {lines.map((each) => (
          <g key={each}>
            <line x1={LEFT} x2={width - 8} y1={y(each)} y2={y(each)} class="scatter-line" />
            <text x={LEFT - 8} y={y(each) + 4} text-anchor="end">
              {duration(each)}
            </text>
          </g>
        ))}
        {times.map((ms) => (
          <text key={ms} x={x(ms)} y={HEIGHT - 5} text-anchor="middle">
            {clock(ms)}
          </text>
        ))}
        {points.map((point) => (
          <circle
            key={point.key}
            cx={x(point.ms)}
            cy={y(point.ns)}
            r={point.bad ? 3.6 : 2.8}
            class={point.bad ? 'dot-bad' : 'dot-plain'}
            onClick={() => onOpen(point.key)}
          >
            <title>{point.label}</title>
          </circle>
        ))}
      </svg>
    </div>
  );
}
