import { encodeResource } from '../../agent/instrument/encode/attributes.ts';
import { CellReader } from '../../agent/instrument/encode/reader.ts';
import { AgentMeterProvider } from '../../agent/instrument/metrics/provider.ts';

const NOW_MS = 1_700_000_000_000;

/** Measures the same in every runtime, and gives the requests: each kind of point, two collections of which one fails,
 *  every type of attribute, numbers of every size. */
export function measuredBodies(temporality: 'cumulative' | 'delta'): readonly Uint8Array[] {
  const reader = new CellReader({ resource: encodeResource({ 'service.name': 'ü', n: 5, list: ['a', 'b'] }), temporality });
  const provider = new AgentMeterProvider({
    sink: reader,
    onFault: () => undefined,
    cardinalityLimit: 50,
    views: [{ instrumentName: 'exponential', aggregation: { type: 'base2_exponential_bucket_histogram' } }],
    exemplarFilter: 'always_on',
    now: () => NOW_MS,
  });
  const meter = provider.getMeter('program', '1.0', { attributes: { a: true } });
  const numbers = Array.from({ length: 200 }, (_, i) => i ** 3 / 7 + (i % 5) * 1e-9);
  const bound = meter.createHistogram('histogram').bind({ bound: true, text: '𝄞\uD800' });
  meter.createObservableGauge('observed').addCallback((result) => numbers.forEach((value, i) => result.observe(value, { i })));
  const bodies: Uint8Array[] = [];
  for (let round = 0; round < 3; round++) {
    for (const [i, value] of numbers.entries()) {
      meter.createCounter('counter').add(value, { i: i % 60, b: i % 2 === 0, real: 0.5 });
      meter.createUpDownCounter('whole', { valueType: 0 }).add(-value * 1e9, { list: [i % 2, 3] });
      meter.createHistogram('exponential').record(value, { k: 'v' });
      bound.record(value);
    }
    meter.createGauge('gauge').record(Number.NaN);
    meter.createGauge('gauge').record(-1e300);
    void provider.observe(0);
    const { requests, commit } = reader.collect(BigInt(NOW_MS + round * 1000) * 1_000_000n, 20_000);
    if (round !== 1) commit();
    bodies.push(...requests.map(({ body }) => body));
  }
  return bodies;
}

// What another runtime is started with; an import of this file by a test prints nothing.
if (process.argv[2] === 'print') {
  const printed = (['cumulative', 'delta'] as const).map((each) =>
    measuredBodies(each).map((body) => Buffer.from(body).toString('hex')),
  );
  process.stdout.write(JSON.stringify(printed));
}
