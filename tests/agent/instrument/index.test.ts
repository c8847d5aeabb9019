import { metrics } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

beforeEach(() => {
  vi.resetModules();
  metrics.disable();
});
afterEach(() => {
  vi.unstubAllEnvs();
  metrics.disable();
});

const started = async () => import('../../../agent/instrument/index.ts');

describe('with AGENT_MOCK_API=1', () => {
  it('what is measured by the API is in mockApi', async () => {
    vi.stubEnv('AGENT_MOCK_API', '1');
    const { mockApi } = await started();
    metrics.getMeter('shop').createCounter('orders').add(2);
    expect(JSON.stringify(await mockApi?.requests())).toContain('"orders"');
  });

  it('operations are measured, with buckets that grow', async () => {
    vi.stubEnv('AGENT_MOCK_API', '1');
    const { mockApi, track } = await started();
    expect(track('shop.open', () => 7)).toBe(7);
    expect(JSON.stringify(await mockApi?.requests())).toMatch(/"op\.duration".*"exponentialHistogram".*"shop\.open"/);
  });

  it('leaves a provider alone that was registered before', async () => {
    vi.stubEnv('AGENT_MOCK_API', '1');
    vi.stubEnv('AGENT_MOCK_API', '1');
    const theirs = { getMeter: () => metrics.getMeter('none') };
    metrics.setGlobalMeterProvider(theirs);
    const { engine } = await started();
    expect(metrics.getMeterProvider()).toBe(theirs);
    expect(engine).toBeDefined();
  });
});

describe('without it', () => {
  it('nothing is kept that nobody would read', async () => {
    const { mockApi, engine, tracked } = await started();
    expect([mockApi, engine]).toEqual([undefined, undefined]);
    const fn = (): void => undefined;
    expect(tracked('work', fn)).toBe(fn);
  });
});
