import type UPlot from 'uplot';
import type { Columns } from '../model/tracks.ts';

const LINE_PX = 1.6;

/**
 * A line of more points than the screen has columns, as the area from the least to the greatest of each: the picture that
 * a stroke through all of them would make, and a tenth of its work.
 */
export function envelope(self: UPlot, series: number, { before, count }: Columns, colour: string): UPlot.Series.Paths {
  const [xs, values] = [self.data[0], self.data[series] ?? []];
  const { left, top, width, height } = self.bbox;
  const { min: fromX = 0, max: toX = 1 } = self.scales['x'] ?? {};
  const { min: low = 0, max: high = 1 } = self.scales['y'] ?? {};
  const across = (x: number): number => left + ((x - (fromX ?? 0)) / ((toX ?? 1) - (fromX ?? 0))) * width;
  const down = (value: number): number => top + height - ((value - (low ?? 0)) / ((high ?? 1) - (low ?? 0))) * height;
  const thick = (LINE_PX / 2) * devicePixelRatio;
  const path = new Path2D();
  let upper: [x: number, y: number][] = [];
  let lower: [x: number, y: number][] = [];
  const finish = (): void => {
    const [first, ...others] = [...upper, ...lower.toReversed()];
    // One column by itself has no area between it and the next.
    if (first !== undefined && upper.length === 1)
      path.rect(first[0] - thick, first[1], 2 * thick, (others[0]?.[1] ?? 0) - first[1]);
    else if (first !== undefined) {
      path.moveTo(...first);
      for (const [x, y] of others) path.lineTo(x, y);
    }
    [upper, lower] = [[], []];
  };
  for (let at = 0; at < xs.length;) {
    const isColumn = at >= before && at < before + 2 * count;
    const [one, other] = [values[at], isColumn ? values[at + 1] : undefined];
    const x = across(isColumn ? ((xs[at] ?? 0) + (xs[at + 1] ?? 0)) / 2 : (xs[at] ?? 0));
    at += isColumn ? 2 : 1;
    if (one === null) finish();
    if (typeof one !== 'number') continue;
    upper.push([x, down(Math.max(one, other ?? one)) - thick]);
    lower.push([x, down(Math.min(one, other ?? one)) + thick]);
  }
  finish();
  return { fill: path, _fill: colour };
}
