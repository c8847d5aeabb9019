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
  // Of the columns since the last gap; plain numbers, for all of this is done at every frame.
  const places: number[] = [];
  const tops: number[] = [];
  const bottoms: number[] = [];
  const finish = (): void => {
    const [x = 0, y = 0, bottom = 0] = [places[0], tops[0], bottoms[0]];
    // One column by itself has no area between it and the next.
    if (places.length === 1) path.rect(x - thick, y, 2 * thick, bottom - y);
    else if (places.length > 1) {
      path.moveTo(x, y);
      for (let at = 1; at < places.length; at += 1) path.lineTo(places[at] as number, tops[at] as number);
      for (let at = places.length - 1; at >= 0; at -= 1) path.lineTo(places[at] as number, bottoms[at] as number);
    }
    places.length = 0;
    tops.length = 0;
    bottoms.length = 0;
  };
  for (let at = 0; at < xs.length;) {
    const isColumn = at >= before && at < before + 2 * count;
    const one = values[at];
    const other = isColumn ? (values[at + 1] ?? one) : one;
    const x = across(isColumn ? ((xs[at] ?? 0) + (xs[at + 1] ?? 0)) / 2 : (xs[at] ?? 0));
    at += isColumn ? 2 : 1;
    if (one === null) finish();
    if (typeof one !== 'number' || typeof other !== 'number') continue;
    places.push(x);
    tops.push(down(Math.max(one, other)) - thick);
    bottoms.push(down(Math.min(one, other)) + thick);
  }
  finish();
  return { fill: path, _fill: colour };
}
