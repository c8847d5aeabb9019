import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeResource } from '../../../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../../../agent/instrument/encode/reader.ts';
import { SeriesLog, type SeriesRecords } from '../../../../agent/instrument/export/series-log.ts';
import { SeriesTelling } from '../../../../agent/instrument/export/series-telling.ts';
import type { MeterProviderOptions, Temporality } from '../../../../agent/instrument/metrics/contract.ts';
import { AgentMeterProvider } from '../../../../agent/instrument/metrics/provider.ts';
import { pointsOf, textOf } from '../../../support/metric-points.ts';

const REQUEST_BYTES = 2 ** 20;

/** Whoever exports: told by messages of what the cells mean. */
class Reading {
  readonly reader: CellReader;
  readonly #telling: SeriesTelling;

  constructor(temporality: Temporality = 'cumulative') {
    this.reader = new CellReader({ resource: encodeResource({}), temporality });
    this.#telling = new SeriesTelling(this.reader);
  }

  tell(records: SeriesRecords): void {
    this.#telling.tell(structuredClone(records));
  }

  values(): readonly number[] {
    return pointsOf(this.reader.collect(1n, REQUEST_BYTES).requests.map(({ body }) => body)).map(({ value }) => value);
  }
}

/** What a collection holds, but for its times. */
function exported(reader: CellReader): readonly string[] {
  const { requests, commit } = reader.collect(1n, REQUEST_BYTES);
  commit();
  return pointsOf(requests.map(({ body }) => body)).map(
    ({ metric, type, attributes, value, tree }) =>
      `${metric} ${type} ${textOf(attributes)} ${value} ${String(tree['count'])} ${String(tree['sum'])}`,
  );
}

type Step =
  | {
      readonly do: 'measure';
      readonly instrument: number;
      readonly attributes: Readonly<Record<string, string>>;
      readonly by: number;
    }
  | { readonly do: 'tell' | 'arrive' | 'export' | 'restart' };

const attributes = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('', '1', '2', 'x'.repeat(200)), { maxKeys: 3 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('measure' as const),
      instrument: fc.nat(3),
      attributes,
      by: fc.integer({ min: 1, max: 9 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('tell' as const, 'arrive' as const, 'export' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);

/** Counters, one of which leaves twice, by views, and a histogram; few series are allowed of each. */
function measuring(options: Pick<MeterProviderOptions, 'sink'>): (step: Extract<Step, { do: 'measure' }>) => void {
  const views = [
    { instrumentName: 'seen', attributeKeys: ['a'] },
    { instrumentName: 'seen', name: 'seen.b', attributeKeys: ['b'], cardinalityLimit: 3 },
  ];
  const provider = new AgentMeterProvider({ ...options, onFault: () => undefined, views, cardinalityLimit: 20, now: () => 1 });
  const meter = provider.getMeter('app');
  const instruments = [
    () => meter.createCounter('jobs'),
    () => meter.createUpDownCounter('open'),
    () => meter.createCounter('seen'),
    () => meter.createHistogram('sizes'),
  ];
  const made = new Map<number, (by: number, attributes: Readonly<Record<string, string>>) => void>();
  return ({ instrument, attributes: given, by }) => {
    let measure = made.get(instrument);
    if (measure === undefined) {
      // Instruments come as they are needed, between the series of others.
      const created = instruments[instrument]!();
      measure = 'add' in created ? created.add.bind(created) : created.record.bind(created);
      made.set(instrument, measure);
    }
    measure(by, given);
  };
}

/** The thread that exports, at the end of a port, and one that is told at once and never dies. */
function sideBySide(temporality: Temporality) {
  const log = new SeriesLog();
  const twin = new CellReader({ resource: encodeResource({}), temporality });
  const [measure, measureTwin] = [measuring({ sink: log }), measuring({ sink: twin })];
  let thread = new Reading(temporality);
  let messages: SeriesRecords[] = [];
  const arrive = (): void => messages.splice(0).forEach((each) => thread.tell(each));
  messages.push(log.takeAll());
  const actions: Readonly<Record<Exclude<Step['do'], 'measure'>, () => void>> = {
    tell: () => void messages.push(log.take()),
    arrive,
    export: () => {
      messages.push(log.take());
      arrive();
      expect(exported(thread.reader)).toEqual(exported(twin));
    },
    restart: () => {
      // What was on its way to the one that died reaches nobody.
      messages = [];
      thread = new Reading(temporality);
      thread.tell(log.takeAll());
      if (temporality === 'cumulative') return;
      thread.reader.rebase(1n);
      twin.rebase(1n);
    },
  };
  return (taken: Step): void => {
    if (taken.do === 'measure') [measure, measureTwin].forEach((each) => each(taken));
    else actions[taken.do]();
  };
}

describe('what is known of the series', () => {
  it.each(['cumulative', 'delta', 'lowmemory'] as const)(
    'is in the thread that exports what it is here, in whatever order they come, are told of, are read, and threads die: %s',
    (temporality) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
          const take = sideBySide(temporality);
          for (const each of steps) take(each);
          take({ do: 'export' });
        }),
        { endOnFailure: true },
      );
    },
  );

  it('is told of ten thousand series in a message of a few pieces', () => {
    const log = new SeriesLog();
    const counter = new AgentMeterProvider({ sink: log, onFault: () => undefined, cardinalityLimit: 20_000 })
      .getMeter('app')
      .createCounter('jobs');
    const thread = new Reading();
    thread.tell(log.takeAll());
    for (let n = 0; n < 10_000; n++) counter.add(n, { method: 'GET', route: `/api/v1/things/${n}/:id`, status: 200 });
    const records = log.take();
    expect(records.chunks.length + records.pages.length + records.instruments.length).toBeLessThan(40);
    thread.tell(records);
    expect(thread.reader.series).toBe(10_000);
    expect(thread.reader.collect(1n, REQUEST_BYTES).requests.reduce((sum, { points }) => sum + points, 0)).toBe(10_000);
  });

  it('reaches a reader bit by bit, and one that begins anew at once', () => {
    const log = new SeriesLog();
    const counter = new AgentMeterProvider({ sink: log, onFault: () => undefined }).getMeter('app').createCounter('jobs');
    const first = new Reading();
    counter.add(1, { kind: 'a' });
    first.tell(log.take());
    counter.add(2, { kind: 'b' });
    counter.add(3, { kind: 'a' });
    expect(first.values()).toEqual([4]);
    first.tell(log.take());
    first.tell(log.take());
    expect(first.values()).toEqual([4, 2]);
    const second = new Reading();
    second.tell(log.takeAll());
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
    const reading = new Reading();
    reading.tell(log.take());
    expect(reading.values()).toEqual([7]);
    log.takeAll();
    expect(asked).toEqual([false, true]);
    const before = log.fingerprint();
    source.version = 1;
    expect(log.fingerprint()).not.toBe(before);
  });

  it('has the latest exemplars with it, once, however many they are', () => {
    const log = new SeriesLog();
    const exemplar = (value: number) => ({
      series: 0,
      value,
      timeNs: 1n,
      traceId: '',
      spanId: '',
      filteredAttributes: new Uint8Array(0),
    });
    log.addExemplars([exemplar(1)]);
    log.addExemplars(Array.from({ length: 200_000 }, () => exemplar(2)));
    const { exemplars } = log.take();
    expect([exemplars.length, exemplars[0]!.value, log.take().exemplars.length]).toEqual([200_000, 2, 0]);
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
