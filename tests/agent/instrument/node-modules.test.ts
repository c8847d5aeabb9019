import { createRequire } from 'node:module';
import { mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { modulesFor, packagesFolder, programFolder, realPath } from '../../../agent/instrument/node-modules.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folders = temporaryFolders();

describe('the folders of packages', () => {
  it('are those that Node looks through, in its order', () => {
    const part = fc.constantFrom('home', 'app', 'node_modules', '@acme', 'my node_modules', 'node_modules.old', 'ä');
    // What is not below the folder: NODE_PATH, and folders of the user and of Node.
    const elsewhere = createRequire('/x.js').resolve.paths('p')!.length - 1;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const folder = `/${parts.join('/')}`;
        const node = createRequire(join(folder, 'x.js')).resolve.paths('p')!;
        expect(modulesFor(folder)).toEqual(node.slice(0, node.length - elsewhere));
      }),
      { endOnFailure: true },
    );
  });
});

describe('where a program is', () => {
  it('is its folder, or itself where it is one, also by a link and without its extension', () => {
    const root = realpathSync(folders());
    mkdirSync(join(root, 'shop'));
    writeFileSync(join(root, 'shop/app.js'), '');
    symlinkSync(join(root, 'shop/app.js'), join(root, 'shop.js'));
    expect(programFolder(join(root, 'shop'))).toBe(join(root, 'shop'));
    expect(programFolder(join(root, 'shop/app'))).toBe(join(root, 'shop'));
    expect(programFolder(join(root, 'shop.js'))).toBe(root);
    expect(packagesFolder(join(root, 'shop.js'))).toBe(join(root, 'shop'));
    expect(packagesFolder(join(root, 'shop/../shop/app'))).toBe(join(root, 'shop'));
  });

  it('is not found out by an error where nothing is', () => {
    expect(realPath(join(folders(), 'nothing'))).toBeUndefined();
    expect(programFolder('/nothing/here/app.js')).toBe('/nothing/here');
  });
});
