import { pictureOf, type Track } from '../../server/dashboard/model/tracks.ts';
import { POINTS, SERIES, valueAt } from '../page/points.ts';
import type { KernelCase } from './cases.ts';

const EACH = POINTS / SERIES;
const COLUMNS = 640;
const FROM_S = 1_795_258_800;
const STRETCH_S = 1200;

/** What a frame of a chart that is dragged costs before the canvas: each input is a view a little further on. */
export function* chartCases(): Generator<KernelCase> {
  const tracks = Array.from({ length: SERIES }, (_, series): Track => {
    const xs = Float64Array.from({ length: EACH }, (_each, at) => FROM_S + ((at + series / SERIES) / EACH) * STRETCH_S);
    return { xs, ys: Float64Array.from({ length: EACH }, (_each, at) => valueAt(series, at)) };
  });
  yield {
    name: `columns of a chart, ${SERIES} lines`,
    bytes: POINTS * 16,
    items: POINTS,
    inputs: COLUMNS,
    run: (input) => pictureOf(tracks, FROM_S - input / 10, FROM_S - input / 10 + STRETCH_S, COLUMNS),
  };
}
