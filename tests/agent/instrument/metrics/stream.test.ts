import { expect, it } from 'vitest';
import { encodeResource } from '../../../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../../../agent/instrument/encode/reader.ts';
import type { SeriesRecord } from '../../../../agent/instrument/metrics/contract.ts';
import { AgentMeterProvider } from '../../../../agent/instrument/metrics/provider.ts';
import { pointsOf } from '../../../support/metric-points.ts';

/** What tells of series to another thread needs memory, of which there may be none. */
class FullFor extends CellReader {
  #times: number;

  constructor(times: number) {
    super({ resource: encodeResource({}), temporality: 'cumulative' });
    this.#times = times;
  }

  override addSeries(series: SeriesRecord): void {
    if (this.#times-- > 0) throw new RangeError('Array buffer allocation failed');
    super.addSeries(series);
  }
}

it('a series that there was no memory to tell of throws nothing into the application, and is told of later', () => {
  const sink = new FullFor(2);
  const faults: string[] = [];
  const provider = new AgentMeterProvider({ sink, onFault: (_kind, detail) => faults.push(detail) });
  const counter = provider.getMeter('app').createCounter('jobs');
  for (let n = 0; n < 5; n++) counter.add(1, { kind: 'a' });
  const points = pointsOf(sink.collect(1n, 2 ** 20).requests.map(({ body }) => body));
  expect(points.map(({ value }) => value)).toEqual([3]);
  expect(faults.join()).toContain('Array buffer allocation failed');
});
