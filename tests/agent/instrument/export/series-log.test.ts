import { describe, expect, it } from 'vitest';
import { encodeResource } from '../../../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../../../agent/instrument/encode/reader.ts';
import { SeriesLog, tell } from '../../../../agent/instrument/export/series-log.ts';
import { AgentMeterProvider } from '../../../../agent/instrument/metrics/provider.ts';
import { pointsOf } from '../../../support/metric-points.ts';

function reading() {
  const reader = new CellReader({ resource: encodeResource({}), temporality: 'cumulative' });
  const values = (): readonly number[] =>
    pointsOf(reader.collect(1n, 2 ** 20).requests.map(({ body }) => body)).map(({ value }) => value);
  return { reader, values };
}

describe('what is known of the series', () => {
  it('reaches a reader bit by bit, and one that begins anew at once', () => {
    const log = new SeriesLog();
    const counter = new AgentMeterProvider({ sink: log, onFault: () => undefined }).getMeter('app').createCounter('jobs');
    const first = reading();
    counter.add(1, { kind: 'a' });
    tell(first.reader, log.take());
    counter.add(2, { kind: 'b' });
    counter.add(3, { kind: 'a' });
    expect(first.values()).toEqual([4]);
    tell(first.reader, log.take());
    tell(first.reader, log.take());
    expect(first.values()).toEqual([4, 2]);
    const second = reading();
    tell(second.reader, structuredClone(log.takeAll()));
    expect(second.values()).toEqual([4, 2]);
  });

  it('has the points with it that are told whole: the new ones, or all of them', () => {
    const asked: boolean[] = [];
    const source = {
      version: 0,
      take: (all: boolean) => {
        asked.push(all);
        return { name: 'kept', meter: 'app', points: [{ key: 'a', point: { timeNs: 1n, value: 7, attributes: {} } }] };
      },
    };
    const log = new SeriesLog(source);
    const { reader, values } = reading();
    tell(reader, structuredClone(log.take()));
    expect(values()).toEqual([7]);
    log.takeAll();
    expect(asked).toEqual([false, true]);
    const before = log.fingerprint();
    source.version = 1;
    expect(log.fingerprint()).not.toBe(before);
  });

  it('has a fingerprint that changes when something was measured, and only then', () => {
    const log = new SeriesLog();
    const counter = new AgentMeterProvider({ sink: log, onFault: () => undefined }).getMeter('app').createCounter('jobs');
    counter.add(1);
    const before = log.fingerprint();
    expect(log.fingerprint()).toBe(before);
    counter.add(1);
    expect(log.fingerprint()).not.toBe(before);
  });
});
