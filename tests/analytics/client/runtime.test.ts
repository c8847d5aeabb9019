import { chmodSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runtimePath } from '../../../analytics/client/runtime.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();

describe('what runs the analytics process', () => {
  it('is this Node', () => {
    expect(runtimePath()).toBe(process.execPath);
  });

  it.skipIf(process.platform === 'win32')('is the Node of PATH in Bun, where there is one', () => {
    const [first, second] = [folder(), folder()];
    writeFileSync(join(first, 'node'), '');
    const program = join(second, 'node');
    writeFileSync(program, '');
    chmodSync(program, 0o755);
    expect(runtimePath({ bun: '1.4.5' }, ['', first, second].join(delimiter))).toBe(program);
    expect(runtimePath({ bun: '1.4.5' }, first)).toBeUndefined();
    expect(runtimePath({ bun: '1.4.5' }, '')).toBeUndefined();
  });
});
