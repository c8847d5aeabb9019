import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { printConfiguration } from '../../../agent/collector/commands.ts';
import { configEvent } from '../../../agent/collector/config-event.ts';
import { loadOrRefuse } from '../../../agent/collector/configs.ts';

const options = (header: string) => ({
  config: ['config/default.yaml'],
  set: [`exporters.otlp_http={endpoint: "http://localhost:1", headers: {authorization: ${header}}}`],
});
const hashOf = async (header: string): Promise<unknown> => {
  const { loaded } = await loadOrRefuse(options(header));
  return configEvent('started', loaded).details?.['config_sha256'];
};

it('names a configuration by the hash of what print-config shows, which no secret changes', async () => {
  const printed = await printConfiguration(options('one'));
  const hash = await hashOf('one');
  expect(hash).toBe(createHash('sha256').update(`${printed}\n`).digest('hex'));
  expect(await hashOf('two')).toBe(hash);
});
