import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolvedApi } from '../../../../agent/instrument/api-copy.ts';
import { findApiCopies, pathFrom } from '../../../../agent/instrument/doctor/api-copies.ts';
import { temporaryFolders } from '../../../support/temporary.ts';

const folders = temporaryFolders();
const folder = (): string => realpathSync(folders());

function install(modules: string, version: string): string {
  const path = join(modules, '@opentelemetry/api');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ name: '@opentelemetry/api', version }));
  return path;
}

describe('copies of the API', () => {
  it('are found in the app, above it, inside other packages and in the store of pnpm, each once', () => {
    const root = folder();
    const app = join(root, 'apps/shop');
    const own = install(join(app, 'node_modules'), '1.9.1');
    const nested = install(join(app, 'node_modules/@scope/tool/node_modules/deep/node_modules'), '1.10.0');
    const above = install(join(root, 'node_modules'), '1.8.0');
    const stored = install(join(root, 'node_modules/.pnpm/api@1.7.0/node_modules'), '1.7.0');
    mkdirSync(join(app, 'node_modules/linked/node_modules/@opentelemetry'), { recursive: true });
    symlinkSync(own, join(app, 'node_modules/linked/node_modules/@opentelemetry/api'));

    const found = findApiCopies(app).toSorted((left, right) => left.version.localeCompare(right.version));
    expect(found).toEqual([
      { version: '1.10.0', path: nested },
      { version: '1.7.0', path: stored },
      { version: '1.8.0', path: above },
      { version: '1.9.1', path: own },
    ]);
    expect(resolvedApi(app)).toEqual({ version: '1.9.1', path: own });
    expect(resolvedApi(join(root, 'apps'))).toEqual({ version: '1.8.0', path: above });
  });

  it('are none where nothing is installed, a broken one is none, and a circle of links ends', () => {
    const root = folder();
    const modules = join(root, 'node_modules');
    writeFileSync(join(install(modules, '1.0.0'), 'package.json'), 'no JSON');
    mkdirSync(join(modules, 'loop'));
    symlinkSync(modules, join(modules, 'loop/node_modules'));
    expect(findApiCopies(root)).toEqual([]);
  });
});

it('a path below the folder is short, another one whole', () => {
  expect(pathFrom('/app', '/app/node_modules/x')).toBe('node_modules/x');
  expect(pathFrom('/app', '/other/x')).toBe('/other/x');
});
