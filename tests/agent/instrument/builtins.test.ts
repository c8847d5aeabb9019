import { spawnSync } from 'node:child_process';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { buildVariant } from '../../../agent/instrument/flags/build.ts';
import { BundleFiles } from '../../../agent/instrument/flags/bundle-files.ts';
import { flagsOf } from '../../../agent/instrument/flags/variants.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folders = temporaryFolders();

it('what an app in production loads imports no module of the runtime, and no copy of the API', async () => {
  const folder = join(folders(), 'production');
  await buildVariant(folder, 'node', flagsOf('production'));
  const { loaded } = new BundleFiles(folder);
  const imported = [...loaded.matchAll(/(?:\bfrom|\bimport)\s*["']([^"'./][^"']*)["']/g)].map(([, name]) => name!);
  expect(imported.filter((name) => isBuiltin(name) || name.startsWith('@opentelemetry/'))).toEqual([]);
  // Nor does it get at one another way.
  const program = `
    await import(process.argv[1]);
    const { createRequire } = process.getBuiltinModule('node:module');
    console.log(Object.keys(createRequire(process.argv[1]).cache).length);
  `;
  const env = { ...process.env, AGENT_MODE: 'none', OTEL_LOG_LEVEL: 'none' };
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program, join(folder, 'index.js')], { env });
  expect(String(stdout)).toBe('0\n');
});
