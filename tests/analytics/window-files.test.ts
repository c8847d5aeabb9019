import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  beginOpening,
  endOpening,
  isUnreadable,
  OPENING_TRIES,
  setAside,
  sweepWindowFiles,
  windowFile,
} from '../../analytics/window-files.ts';
import { temporaryFolders } from '../support/temporary.ts';

const folder = temporaryFolders();

describe('the file of a scope', () => {
  it('lies in its folder, whatever the scope is called', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom('..', '/etc/passwd', 'a/../b', '', 'x'.repeat(300))), (scope) => {
        const file = windowFile('/windows', scope);
        expect(dirname(file)).toBe('/windows');
        expect(basename(file)).toMatch(/^[\w]{1,80}\.duckdb$/);
      }),
      { endOnFailure: true },
    );
  });

  it('is that of no other scope, also where capitals are not told apart', () => {
    const scopes = ['A', 'a', 'A-B', 'A_B', 'A.B', '', ' '];
    expect(new Set(scopes.map((scope) => windowFile('/windows', scope).toLowerCase())).size).toBe(scopes.length);
  });
});

it('a file that was tried too often is not opened again, until it stands aside', () => {
  const file = join(folder(), 'a.duckdb');
  writeFileSync(file, 'database');
  writeFileSync(`${file}.wal`, 'log');
  for (let i = 0; i < OPENING_TRIES; i++) expect(beginOpening(file)).toBe(true);
  expect(beginOpening(file)).toBe(false);
  setAside(file);
  expect(readdirSync(dirname(file))).toEqual(['a.duckdb.broken']);
  expect(readFileSync(`${file}.broken`, 'utf8')).toBe('database');
  setAside(file);
  expect(beginOpening(file)).toBe(true);
  endOpening(file);
  expect(existsSync(`${file}.opening`)).toBe(false);
});

it('only what a file will never recover from makes it unreadable', () => {
  const says = (text: string): boolean => isUnreadable(new Error(text));
  expect(says('IO Error: The file "x" exists, but it is not a valid DuckDB database file!')).toBe(true);
  expect(says('Serialization Error: Failed to deserialize: expected end of object')).toBe(true);
  expect(says('IO Error: Corrupt database file: computed checksum 1 does not match stored checksum 2')).toBe(true);
  expect(says('IO Error: Could not set lock on file "x": Conflicting lock is held')).toBe(false);
  expect(says('IO Error: Could not write file "x.wal": No space left on device')).toBe(false);
  expect(says('Out of Memory Error: failed to allocate data')).toBe(false);
});

it('what nobody has written to for long is removed, but nothing that is in use, and nothing that is not of windows', () => {
  const directory = folder();
  const touch = (name: string, second: number): void => {
    writeFileSync(join(directory, name), '');
    utimesSync(join(directory, name), second, second);
  };
  touch('old.duckdb', 10);
  touch('old.duckdb.wal', 20);
  touch('fresh.duckdb', 10);
  touch('fresh.duckdb.wal', 200);
  touch('used.duckdb', 10);
  touch('used.duckdb.broken', 10);
  touch('late.duckdb.broken', 200);
  touch('notes.txt', 10);
  sweepWindowFiles(directory, new Set([join(directory, 'used.duckdb')]), 100_000);
  expect(readdirSync(directory).sort()).toEqual([
    'fresh.duckdb',
    'fresh.duckdb.wal',
    'late.duckdb.broken',
    'notes.txt',
    'used.duckdb',
  ]);
});
