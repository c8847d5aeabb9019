import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { sourcesOf } from '../../agent/collector/configs.ts';
import { loadConfig } from '../../config/load.ts';
import { storageDirectory, storageSchema } from '../../config/storage.ts';
import { faultsOf, MINIMAL, planOf } from '../support/config.ts';

const directoryOf = (config: unknown, ...files: string[]): string =>
  storageDirectory(
    storageSchema.parse(config),
    files.map((path) => ({ kind: 'file', path })),
  );

test('state lives beside the first configuration file, wherever that is', () => {
  expect(directoryOf(undefined, '/etc/periscope/gateway.yaml', '/elsewhere/site.yaml')).toBe(
    resolve('/etc/periscope/.periscope'),
  );
  expect(directoryOf({}, 'gateway.yaml')).toBe(resolve('.periscope'));
});

test('of a configuration that nobody wrote, in the working directory', () => {
  expect(directoryOf(undefined)).toBe(resolve('.periscope'));
  const { sources } = sourcesOf({ config: [], set: [] });
  expect(storageDirectory({}, sources)).toBe(resolve('.periscope'));
  const [shipped] = sources;
  expect(dirname(shipped?.kind === 'file' ? shipped.path : '')).not.toBe('.');
});

test('storage.directory is taken from the working directory, as every path of a configuration', async () => {
  expect(directoryOf({ directory: 'state' }, '/etc/periscope/gateway.yaml')).toBe(resolve('state'));
  const { plan } = await planOf(`${MINIMAL}storage:\n  directory: ${join('/var', 'lib', 'periscope')}\n`);
  expect(plan.storage.directory).toBe(resolve('/var/lib/periscope'));
});

test('an empty section means the default; a misspelt key is a fault', async () => {
  expect((await planOf(`${MINIMAL}storage:\n`)).plan.storage.directory).toBe(resolve('.periscope'));
  expect(await faultsOf(`${MINIMAL}storage:\n  directroy: x\n`)).toEqual([
    'a.yaml:13:3: storage::directroy: unknown option (known: directory); did you mean "directory"?',
  ]);
});

test('the process has state where somebody wrote where, or a part of it leaves some anyway', async () => {
  const keeps = async (text: string): Promise<boolean> => (await planOf(text)).keepsState;
  expect(await keeps(MINIMAL)).toBe(false);
  expect(await keeps(`${MINIMAL}storage:\n`)).toBe(false);
  expect(await keeps(`${MINIMAL}storage: { directory: x }\n`)).toBe(true);
  const text = (extension: string, auth = ''): string => `
receivers: { otlp: { protocols: { http: { endpoint: 'localhost:0' ${auth} } } } }
exporters: { debug: }
extensions: { ${extension}: }
service: { extensions: [${extension}], pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }
`;
  const keepsReally = async (yaml: string): Promise<boolean> => {
    const loaded = await loadConfig([{ kind: 'text', name: 'a.yaml', text: yaml }]);
    return 'plan' in loaded && loaded.keepsState;
  };
  expect(await keepsReally(text('health_check'))).toBe(false);
  expect(await keepsReally(text('audit'))).toBe(true);
  expect(await keepsReally(text('dashboard'))).toBe(true);
  expect(await keepsReally(text('health_check', ', auth: token'))).toBe(true);
  const metrics = (settings: string): string =>
    text('health_check').replace('service: {', `service: { telemetry: { metrics: { ${settings} } },`);
  expect(await keepsReally(metrics('auth: token'))).toBe(true);
  expect(await keepsReally(metrics('auth: basic'))).toBe(false);
  expect(await keepsReally(metrics('auth: token, level: none'))).toBe(false);
});
