import { expect, it } from 'vitest';
import { MockApi } from '../../../../agent/instrument/mock/mock-api.ts';
import { AgentMeterProvider } from '../../../../agent/instrument/metrics/provider.ts';
import { startPerf } from '../../../../agent/instrument/perf/perf.ts';

it('what an app measured is there as a collector would have got it, observed values with it', async () => {
  const mock = new MockApi({ 'service.name': 'shop' });
  const provider = new AgentMeterProvider({ sink: mock.sink, onFault: () => undefined });
  mock.attach(provider);
  const meter = provider.getMeter('shop', '1.2.0');
  meter.createCounter('orders', { unit: '{order}' }).add(3, { channel: 'web' });
  meter.createObservableGauge('queue.length').addCallback((result) => result.observe(7));

  expect(await mock.requests()).toMatchObject([
    {
      resourceMetrics: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
          scopeMetrics: [
            {
              scope: { name: 'shop', version: '1.2.0' },
              metrics: [
                {
                  name: 'orders',
                  unit: '{order}',
                  sum: { dataPoints: [{ attributes: [{ key: 'channel', value: { stringValue: 'web' } }], asDouble: 3 }] },
                },
                { name: 'queue.length', gauge: { dataPoints: [{ asDouble: 7 }] } },
              ],
            },
          ],
        },
      ],
    },
  ]);
});

it('rows of MASTER_PERF are among it', async () => {
  const mock = new MockApi({});
  const provider = new AgentMeterProvider({ sink: mock.sink, onFault: () => undefined });
  const { perf, outbox } = startPerf({ scope: () => 'A', draw: () => '' });
  mock.attach(provider, outbox);
  perf.add({ category: 'R2', type: 'performance', topic: 'GetObject', id: 'get', value: '1ms' });
  expect(JSON.stringify(await mock.requests())).toMatch(/"perf\.metric".*"GetObject"/);
});

it('is empty before anything was measured', async () => {
  expect(await new MockApi({}).requests()).toEqual([]);
});
