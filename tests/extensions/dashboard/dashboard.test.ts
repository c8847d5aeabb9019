import { describe, expect, it } from 'vitest';
import { createHost } from '../../../agent/collector/host.ts';
import { config } from '../../../extensions/dashboard/config.ts';
import { create } from '../../../extensions/dashboard/dashboard.ts';
import { dashboard } from '../../../extensions/dashboard/index.ts';
import { quietContext } from '../../support/contexts.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();
const faults = (value: unknown): string[] => {
  const parsed = config.safeParse(value);
  return parsed.success ? [] : parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
};

describe('the dashboard extension', () => {
  it('listens on localhost:3004 for tokens by default', () => {
    expect(dashboard.config).toBe(config);
    expect(config.parse(null)).toMatchObject({ endpoint: 'localhost:3004', auth: ['token'] });
  });

  it('is never open', () => {
    for (const auth of ['none', [], ['none'], 'anybody']) expect(faults({ auth })[0]).toMatch(/the API is never open/);
    expect(faults({ endpoint: '0.0.0.0:3004' })).toEqual([]);
    expect(faults({ auth: 'certificate' })[0]).toMatch(/tls::client_ca_file/);
  });

  it('opens the API, and stops twice and without a start', async () => {
    const host = createHost(folder());
    const extension = create(config.parse({ endpoint: '127.0.0.1:0' }), { ...quietContext(), id: 'dashboard', host });
    await extension.stop(0);
    await extension.start();
    const url = host.listeners[0]?.listener.url ?? '';
    expect((await fetch(`${url}/api/v1/ledger`)).status).toBe(401);
    await extension.stop(1000);
    await extension.stop(0);
    await expect(fetch(url)).rejects.toThrow();
  });
});
