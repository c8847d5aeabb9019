import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatFault } from '../../config/fault.ts';
import { parseConfigUri, readSources } from '../../config/sources.ts';
import { plainOf } from '../../config/tree.ts';
import { LIMITS } from '../../pipeline/limits.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'periscope-sources-'));
  writeFileSync(join(folder, 'a.yaml'), 'a: 1\nb: { c: 2 }\n');
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(uris: readonly string[], sets: readonly string[] = [], environment: Record<string, string> = {}) {
  const sources = uris.map((uri) => parseConfigUri(uri, environment));
  const { tree, faults } = readSources([...sources, ...sets.map((assignment) => ({ kind: 'set' as const, assignment }))]);
  return { value: tree === undefined ? undefined : plainOf(tree), faults: faults.map(formatFault) };
}

describe('--config', () => {
  it('takes a path, file:, env: and yaml:, merged in order', () => {
    const { value } = read(
      [join(folder, 'a.yaml'), `file:${join(folder, 'a.yaml')}`, 'env:MORE', 'yaml:b::d::e: 4', 'yaml:{a: 5}'],
      [],
      { MORE: 'b: { d: 3 }' },
    );
    expect(value).toEqual({ a: 5, b: { c: 2, d: { e: 4 } } });
  });

  it('refuses a variable that is not set', () => {
    expect(() => parseConfigUri('env:NONE', {})).toThrow('environment variable NONE is not set');
  });

  it.each([
    ['gone.yaml', 'cannot read "%": no such file'],
    ['.', 'cannot read "%": it is a folder'],
  ])('%s is a fault in plain words', (name, message) => {
    const path = join(folder, name);
    expect(read([path]).faults).toEqual([message.replace('%', path)]);
  });

  it('has a bound on its number', () => {
    const many = Array.from({ length: LIMITS.configSources + 1 }, () => 'yaml:{a: 1}');
    expect(read(many).faults[0]).toContain(`at most ${LIMITS.configSources}`);
  });

  it('faults of every source come back together', () => {
    expect(read(['yaml:[1', 'yaml:just text', join(folder, 'gone.yaml')]).faults).toHaveLength(3);
  });
});

describe('--set', () => {
  it('sets one value, YAML on the right', () => {
    expect(read(['yaml:{a: 1}'], ['b.c=2', 'b.d=[x, y]', 'e=true', 'f=', 'processors::batch/v1.2::timeout=5s']).value).toEqual({
      a: 1,
      b: { c: 2, d: ['x', 'y'] },
      e: true,
      f: null,
      processors: { 'batch/v1.2': { timeout: '5s' } },
    });
  });

  it.each(['a', '=1', 'a..b=1', '.a=1'])('"%s" is a fault', (assignment) => {
    expect(read([], [assignment]).faults[0]).toContain('write it as a.b=value');
  });
});
