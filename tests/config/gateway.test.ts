import { describe, expect, it } from 'vitest';
import { REGISTRY } from '../../config/registry.ts';
import { faultsOf, MINIMAL, planOf } from '../support/config.ts';

const share = async (text: string): Promise<number | undefined> =>
  (await planOf(text, { registry: REGISTRY })).plan.exporters[0]?.delivery.sending_queue.scope_share;
const withAuth = MINIMAL.replace('http:\n', 'http:\n        auth: token\n');

describe('the share of a queue that one scope may fill', () => {
  it('is all of it where all senders are of one scope', async () => {
    expect(await share(MINIMAL)).toBe(1);
  });

  it('is half of it where senders show who they are', async () => {
    expect(await share(withAuth)).toBe(0.5);
    expect(await share(MINIMAL.replace('http:\n', 'http:\n        auth: none\n'))).toBe(1);
  });

  it('is half of it where listeners are of different scopes', async () => {
    const both = (grpc: string): string =>
      `${MINIMAL.replace('http:\n', `http:\n        scope: ENTERPRISE\n      grpc:\n        scope: ${grpc}\n`)}`;
    expect(await share(both('DEVELOPMENT'))).toBe(0.5);
    expect(await share(both('ENTERPRISE'))).toBe(1);
  });

  it('is what is written, and all of it at an exporter that takes one scope', async () => {
    const at = (option: string): string => withAuth.replace('debug:\n', `debug:\n    ${option}\n`);
    expect(await share(at('sending_queue: { scope_share: 0.25 }'))).toBe(0.25);
    expect(await share(at('sending_queue: { queue_size: 10 }'))).toBe(0.5);
    expect(await share(at('scopes: [ENTERPRISE]'))).toBe(1);
    expect(await faultsOf(at('sending_queue: { scope_share: 0 }'), { registry: REGISTRY })).toEqual([
      expect.stringContaining('scope_share'),
    ]);
  });
});
