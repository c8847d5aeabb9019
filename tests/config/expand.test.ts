import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Expander } from '../../config/expand.ts';
import { formatFault } from '../../config/fault.ts';
import { lookUp, parseTree, plainOf } from '../../config/tree.ts';
import { LIMITS } from '../../pipeline/limits.ts';

const FILES: Readonly<Record<string, string>> = {
  'token.txt': 'abc\n',
  'more.yaml': 'x: 1\ny: [a, b]\n',
  'nested.yaml': 'z: ${env:PORT}\n',
};

function expand(text: string, environment: Record<string, string> = {}): { value: unknown; faults: string[] } {
  const readFile = (path: string): string => {
    const content = FILES[path];
    if (content === undefined) throw new Error('no such file');
    return content;
  };
  const expander = new Expander({ environment, readFile });
  const tree = expander.expand(parseTree(text, 'a.yaml').tree!);
  return { value: plainOf(tree), faults: expander.faults.map(formatFault) };
}

describe('substitution', () => {
  it.each([
    ['a: ${env:PORT}', { a: 4318 }],
    ['a: ${PORT}', { a: 4318 }],
    ['a: localhost:${env:PORT}', { a: 'localhost:4318' }],
    ['a: ${env:HOST_NAME}:${env:PORT}', { a: 'h:4318' }],
    ['a: ${env:NONE:-fallback}', { a: 'fallback' }],
    ['a: ${env:EMPTY:-7}', { a: 7 }],
    ['a: ${env:NONE:-}', { a: null }],
    ['a: ${env:NONE:-http://h:1/x}', { a: 'http://h:1/x' }],
    ['a: ${env:LIST}', { a: [1, 2] }],
    ['a: ${env:MAP}', { a: { k: 'v' } }],
    ['a: ${env:NONE:-${env:PORT}}', { a: 4318 }],
    ['a: ${env:${env:NAME}}', { a: 4318 }],
    ['a: ${env:POINTER}', { a: 4318 }],
    ['a: [x, "${PORT}"]', { a: ['x', 4318] }],
    ['a: ${file:more.yaml}', { a: { x: 1, y: ['a', 'b'] } }],
    ['a: ${file:nested.yaml}', { a: { z: 4318 } }],
    ['a: Bearer ${file:token.txt}', { a: 'Bearer abc' }],
    ['a: ${yaml:[1, 2]}', { a: [1, 2] }],
    ['a: $$PORT', { a: '$PORT' }],
    ['a: $${env:PORT}', { a: '${env:PORT}' }],
    ['a: $$$${PORT}', { a: '$${PORT}' }],
    ['a: $$${PORT}', { a: '$4318' }],
    ['a: $PORT', { a: '$PORT' }],
    ['a: "${PORT"', { a: '${PORT' }],
    ['a: 5$', { a: '5$' }],
  ])('%s', (text, value) => {
    const environment = {
      PORT: '4318',
      HOST_NAME: 'h',
      EMPTY: '',
      LIST: '[1, 2]',
      MAP: 'k: v',
      NAME: 'PORT',
      POINTER: '${env:PORT}',
    };
    expect(expand(text, environment)).toEqual({ value, faults: [] });
  });

  it('keeps the text of a value that YAML reads as something else', () => {
    const expander = new Expander({ environment: { PASSWORD: '0123' }, readFile: () => '' });
    const tree = expander.expand(parseTree('a: ${env:PASSWORD}', 'a.yaml').tree!);
    expect(lookUp(tree, ['a']).found).toMatchObject({ text: '0123' });
  });

  it('says which variable is not set, and where, and leaves the value empty', () => {
    const { value, faults } = expand('a:\n  b: ${env:NONE}\n');
    expect(value).toEqual({ a: { b: null } });
    expect(faults).toEqual([
      'a.yaml:2:6: a::b: environment variable NONE is not set, so this is empty; ${env:NONE:-default} gives it a default',
    ]);
  });

  it.each([
    ['a: ${env:1X}', "a variable's name"],
    ['a: ${file:gone.txt}', 'cannot read file "gone.txt": no such file'],
    ['a: ${https://example.com/x}', 'unknown source "https"'],
  ])('%s is a fault', (text, message) => {
    expect(expand(text).faults[0]).toContain(message);
  });

  it('ends when a value names itself', () => {
    expect(expand('a: ${env:LOOP}', { LOOP: 'x${env:LOOP}' }).faults[0]).toContain(`more than ${LIMITS.configExpansions}`);
  });

  it('never throws, whatever stands in the braces', () => {
    const piece = fc.constantFrom('${', '}', '$', '$$', 'env:', 'file:', ':-', 'PORT', 'x', ' ', '"', '[', '{', 'yaml:');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const expander = new Expander({ environment: { PORT: '${x:-${PORT}}' }, readFile: () => '${PORT}' });
        const at = { source: 'a', line: 1, column: 1 };
        expander.expand({ kind: 'scalar', value: pieces.join(''), at });
      }),
      { numRuns: 2000 },
    );
  });

  it('text without $ is not touched', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const clean = text.replaceAll('$', '');
        const expander = new Expander({ environment: {}, readFile: () => '' });
        const at = { source: 'a', line: 1, column: 1 };
        expect(expander.expand({ kind: 'scalar', value: clean, at })).toEqual({ kind: 'scalar', value: clean, at });
      }),
    );
  });
});
