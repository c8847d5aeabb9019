import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makePrivateFile, readConfiguredFile, readPrivateFile, writePrivateFile } from '../../../server/auth/private-file.ts';
import { temporaryFolders } from '../../support/temporary.ts';

const folder = temporaryFolders();

describe('a private file', () => {
  it('is made with its folder, for its owner only, and read back', () => {
    const path = join(folder(), 'a/b/token');
    writePrivateFile(path, 'one');
    writePrivateFile(path, 'two');
    expect(readPrivateFile(path)).toBe('two');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(path, '..'))).toEqual(['token']);
  });

  it('is made once: who comes later finds the first', () => {
    const path = join(folder(), 'key');
    expect(makePrivateFile(path, 'one')).toBe(true);
    expect(makePrivateFile(path, 'two')).toBe(false);
    expect(readPrivateFile(path)).toBe('one');
  });

  it('a link that somebody laid is replaced, and what it leads to is untouched', () => {
    const directory = folder();
    const victim = join(directory, 'victim');
    writeFileSync(victim, 'precious', { mode: 0o600 });
    const path = join(directory, 'token');
    symlinkSync(victim, path);
    expect(() => readPrivateFile(path)).toThrow(/symbolic link/);
    expect(makePrivateFile(path, 'x')).toBe(false);
    writePrivateFile(path, 'secret');
    expect(readFileSync(victim, 'utf8')).toBe('precious');
    expect(readPrivateFile(path)).toBe('secret');
  });

  it('a link to nowhere makes no file there', () => {
    const directory = folder();
    const path = join(directory, 'token');
    symlinkSync(join(directory, 'elsewhere'), path);
    writePrivateFile(path, 'secret');
    expect(existsSync(join(directory, 'elsewhere'))).toBe(false);
  });

  it('is made in a folder that is reached over a link of its owner', () => {
    const directory = folder();
    mkdirSync(join(directory, 'volume'));
    symlinkSync(join(directory, 'volume'), join(directory, 'state'));
    writePrivateFile(join(directory, 'state/token'), 'x');
    expect(readPrivateFile(join(directory, 'volume/token'))).toBe('x');
  });

  it('that others may read is no secret: refused', () => {
    const path = join(folder(), 'key');
    writeFileSync(path, 'x');
    for (const mode of [0o640, 0o604, 0o666]) {
      chmodSync(path, mode);
      expect(() => readPrivateFile(path)).toThrow(/others may read it/);
    }
  });

  it('in a folder where everybody writes is not made', () => {
    const directory = join(folder(), 'open');
    mkdirSync(directory);
    chmodSync(directory, 0o777);
    expect(() => writePrivateFile(join(directory, 'token'), 'x')).toThrow(/everybody may write to its folder/);
    expect(readdirSync(directory)).toEqual([]);
  });

  it('that is a folder, or is not there, is said to be', () => {
    const directory = folder();
    expect(() => readPrivateFile(directory)).toThrow(/not a plain file|others may read/);
    expect(() => readPrivateFile(join(directory, 'none'))).toThrow('there is no such file');
  });
});

describe('a file that the configuration names', () => {
  it('may be a link, as orchestrators mount secrets', () => {
    const directory = folder();
    writeFileSync(join(directory, 'data'), 'secret');
    symlinkSync(join(directory, 'data'), join(directory, 'link'));
    expect(readConfiguredFile(join(directory, 'link'), 'option')).toBe('secret');
  });
  it('is called by its option, never by its path', () => {
    expect(() => readConfiguredFile('/no/where', 'auth::x')).toThrow(/^cannot read auth::x: there is no such file$/);
    expect(() => readConfiguredFile(folder(), 'auth::x')).toThrow(/^cannot read auth::x: it is not a plain file$/);
  });
});
