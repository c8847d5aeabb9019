import { describe, expect, it } from 'vitest';
import { faultsOf, MINIMAL, planOf } from '../support/config.ts';

const withLimits = (limits: string): string => `${MINIMAL}scopes:\n  ACME:\n    limits: ${limits}\n`;

describe('limits of a scope', () => {
  it('are what is written, in the units that people write', async () => {
    const text = withLimits(
      '{ items_per_second: 1000, bytes_per_second: 1MiB, requests_per_second: 0.5, concurrent_requests: 8, burst: 5s }',
    );
    expect([...(await planOf(text)).plan.scope.limits]).toEqual([
      ['ACME', { itemsPerSecond: 1000, bytesPerSecond: 1_048_576, requestsPerSecond: 0.5, concurrentRequests: 8, burstMs: 5000 }],
    ]);
  });

  it('are none for a scope that has none written', async () => {
    expect((await planOf(`${MINIMAL}scopes: { ACME: , GLOBEX: { tier: basic } }\n`)).plan.scope.limits.size).toBe(0);
  });

  it('can be said once for several scopes, with an anchor', async () => {
    const text = `${MINIMAL}scopes:\n  ACME: { limits: &plan { items_per_second: 5 } }\n  GLOBEX: { limits: *plan }\n`;
    const { limits } = (await planOf(text)).plan.scope;
    expect(limits.get('GLOBEX')).toEqual(limits.get('ACME'));
  });

  it.each([
    ['{ items_per_second: 0 }', 'scopes::ACME::limits::items_per_second'],
    ['{ items_per_second: -1 }', 'scopes::ACME::limits::items_per_second'],
    ['{ bytes_per_second: 0 }', 'scopes::ACME::limits::bytes_per_second'],
    ['{ concurrent_requests: 1.5 }', 'scopes::ACME::limits::concurrent_requests'],
    ['{ burst: 2m }', 'scopes::ACME::limits::burst: must be at most 1m'],
    ['{ item_per_second: 5 }', 'did you mean "items_per_second"?'],
  ])('%s is a fault', async (limits, fault) => {
    expect(await faultsOf(withLimits(limits))).toEqual([expect.stringContaining(fault)]);
  });
});
