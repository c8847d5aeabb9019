import { describe, expect, it } from 'vitest';
import { lookUp, parseTree, plainOf } from '../../config/tree.ts';
import { LIMITS } from '../../pipeline/limits.ts';

function plain(text: string): unknown {
  const { tree } = parseTree(text, 'a.yaml');
  return tree === undefined ? undefined : plainOf(tree);
}

describe('a YAML text as a tree', () => {
  it('has the values that YAML has', () => {
    expect(plain('a: 1\nb: [x, true, ~, 1.5]\nc:\n  d: "2"\ne:')).toEqual({
      a: 1,
      b: ['x', true, null, 1.5],
      c: { d: '2' },
      e: null,
    });
  });

  it('knows the line and column of every key and item', () => {
    const { tree } = parseTree('a:\n  b:\n    - x\n    -  y\n', 'a.yaml');
    expect(lookUp(tree!, ['a', 'b']).at).toEqual({ source: 'a.yaml', line: 2, column: 3 });
    expect(lookUp(tree!, ['a', 'b', 1]).at).toEqual({ source: 'a.yaml', line: 4, column: 8 });
  });

  it('gives the nearest place above for what is not there', () => {
    const { tree } = parseTree('a:\n  b: 1\n', 'a.yaml');
    expect(lookUp(tree!, ['a', 'b', 'c', 'd'])).toEqual({ found: undefined, at: { source: 'a.yaml', line: 2, column: 3 } });
  });

  it('resolves anchors and merge keys, written keys winning', () => {
    expect(plain('base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nsame: *b')).toEqual({
      base: { x: 1, y: 2 },
      use: { y: 3, x: 1 },
      same: { x: 1, y: 2 },
    });
  });

  it('reports a syntax fault with its place', () => {
    const { tree, faults } = parseTree('a: 1\nb: [1, 2\nc: 3\n', 'a.yaml');
    expect(tree).toBeUndefined();
    expect(faults[0]).toMatchObject({ severity: 'error', position: { source: 'a.yaml' } });
    expect(faults[0]?.position?.line).toBeGreaterThanOrEqual(2);
  });

  it('reports a key that is written twice', () => {
    const { tree, faults } = parseTree('a: &a { b: 1, b: 2 }\nc: *a\na: 2\n', 'a.yaml');
    expect(tree).toBeUndefined();
    expect(faults.map(({ message, position }) => [message.slice(-31), position?.line, position?.column])).toEqual([
      ['must be unique; "b" is repeated', 1, 15],
      ['must be unique; "a" is repeated', 3, 1],
    ]);
  });

  it('refuses a text of 10 MB by its length, and reads one that is as long as may be in linear time', () => {
    const keys = (chars: number): string => {
      const entries: string[] = [];
      for (let i = 0; i * 64 < chars; i++) entries.push(`key_${String(i).padStart(8, '0')}: ${'x'.repeat(49)}\n`);
      return entries.join('');
    };
    const { tree, faults } = parseTree(keys(10_000_000), 'a.yaml');
    expect(tree).toBeUndefined();
    expect(faults).toHaveLength(1);
    expect(faults[0]?.message).toContain(`at most ${LIMITS.configChars}`);
    expect(Object.keys(plain(keys(LIMITS.configChars - 64)) as object)).toHaveLength(LIMITS.configChars / 64 - 1);
  });

  it('refuses anchors that multiply without end', () => {
    const lines = ['a0: &a0 [x,x,x,x,x,x,x,x,x,x]'];
    for (let i = 1; i < 9; i++) lines.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(',')}]`);
    const { tree, faults } = parseTree(lines.join('\n'), 'a.yaml');
    expect(tree).toBeUndefined();
    expect(faults[0]?.message).toContain('anchors');
  });

  it('refuses an anchor that holds itself', () => {
    const { tree, faults } = parseTree('a: &a [*a]', 'a.yaml');
    expect(tree).toBeUndefined();
    expect(faults).toHaveLength(1);
  });

  it('takes __proto__ as a key like any other', () => {
    expect(Object.keys(plain('__proto__: {polluted: 1}') as object)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
