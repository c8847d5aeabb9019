import { expect, it } from 'vitest';
import { readConfigFile } from '../../../../agent/instrument/config-file/load.ts';

it('says which file is missing where an application was bundled without it', () => {
  // Beside the source there is none; tests/system/agent-config-file.test.ts has those where it is.
  expect(() => readConfigFile('otel.yaml', {}, () => undefined)).toThrow(/^Cannot find module '\.\/config-file\.cjs'/);
});
