import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isInstalled } from '../../../../agent/instrument/traces/official-packages.ts';
import { temporaryFolders } from '../../../support/temporary.ts';

const folders = temporaryFolders();

it('a package is found beside the program and above it, and in the folder that is the program where there is no file', () => {
  const folder = folders();
  mkdirSync(join(folder, 'app/node_modules/@scope/own'), { recursive: true });
  mkdirSync(join(folder, 'node_modules/above'), { recursive: true });
  writeFileSync(join(folder, 'app/main.js'), '');
  for (const program of [join(folder, 'app/main.js'), `${join(folder, 'app')}/`]) {
    expect(['@scope/own', 'above', 'nowhere'].map((name) => isInstalled(name, program))).toEqual([true, true, false]);
  }
  expect(isInstalled('@scope/own', `${folder}/`)).toBe(false);
});
