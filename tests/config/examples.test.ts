import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { formatFault } from '../../config/fault.ts';
import { loadConfig } from '../../config/load.ts';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const configs = [
  'config/default.yaml',
  'config/embedded.yaml',
  'packaging/container.yaml',
  ...readdirSync(join(root, 'config/examples')).map((name) => `config/examples/${name}`),
];

describe('every configuration that we ship', () => {
  it.each(configs)('%s has no fault and no warning', async (path) => {
    const loaded = await loadConfig([{ kind: 'file', path: join(root, path) }], { environment: {} });
    expect('plan' in loaded ? loaded.warnings.map(formatFault) : loaded.faults.map(formatFault)).toEqual([]);
  });

  it.each(configs)('%s handles all three signals, each with a limit and the scope stage', async (path) => {
    const loaded = await loadConfig([{ kind: 'file', path: join(root, path) }], { environment: {} });
    const pipelines = 'plan' in loaded ? loaded.plan.pipelines : [];
    expect(pipelines.map(({ signal }) => signal)).toEqual(['metrics', 'traces', 'logs']);
    for (const { processors } of pipelines) expect(processors.slice(0, 2)).toEqual(['memory_limiter', 'scope']);
  });

  it('the two tenants get a listener and a destination of their own', async () => {
    const loaded = await loadConfig([{ kind: 'file', path: join(root, 'config/examples/two-tenants.yaml') }], {
      environment: {},
    });
    if (!('plan' in loaded)) throw new Error('two-tenants.yaml has faults');
    expect(loaded.plan.exporters.map(({ id, delivery }) => [id, delivery.scopes])).toEqual([
      ['otlp_http/acme', ['ACME']],
      ['otlp_http/globex', ['GLOBEX']],
    ]);
  });
});
