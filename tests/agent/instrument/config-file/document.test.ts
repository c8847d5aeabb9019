import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valuesOf } from '../../../../agent/instrument/config-file/document.ts';

/** The variables, and the table, of OpenTelemetry's data model of configuration. */
const ENVIRONMENT = {
  STRING_VALUE: 'value',
  BOOL_VALUE: 'true',
  INT_VALUE: '1',
  FLOAT_VALUE: '1.1',
  HEX_VALUE: '0xdeadbeef',
  INVALID_MAP_VALUE: 'value\nkey:value',
  DO_NOT_REPLACE_ME: 'Never use this value',
  REPLACE_ME: '${DO_NOT_REPLACE_ME}',
  VALUE_WITH_ESCAPE: 'value$$',
  EMPTY: '',
  env: 'a variable of this name',
};
const valueOf = (yaml: string): unknown => (valuesOf(yaml, ENVIRONMENT) as { key: unknown }).key;

describe('a reference to a variable', () => {
  it.each([
    ['key: ${STRING_VALUE}', 'value'],
    ['key: ${BOOL_VALUE}', true],
    ['key: ${INT_VALUE}', 1],
    ['key: ${FLOAT_VALUE}', 1.1],
    ['key: ${HEX_VALUE}', 0xdeadbeef],
    ['key: "${STRING_VALUE}"', 'value'],
    ['key: "${BOOL_VALUE}"', 'true'],
    ['key: "${INT_VALUE}"', '1'],
    ['key: "${FLOAT_VALUE}"', '1.1'],
    ['key: "${HEX_VALUE}"', '0xdeadbeef'],
    ['key: ${env:STRING_VALUE}', 'value'],
    ['key: ${INVALID_MAP_VALUE}', 'value\nkey:value'],
    ['key: foo ${STRING_VALUE} ${FLOAT_VALUE}', 'foo value 1.1'],
    ['key: ${UNDEFINED_KEY}', null],
    ['key: ${UNDEFINED_KEY:-fallback}', 'fallback'],
    ['key: ${REPLACE_ME}', '${DO_NOT_REPLACE_ME}'],
    ['key: ${UNDEFINED_KEY:-${STRING_VALUE}}', '${STRING_VALUE}'],
    ['key: $${STRING_VALUE}', '${STRING_VALUE}'],
    ['key: $$${STRING_VALUE}', '$value'],
    ['key: $$$${STRING_VALUE}', '$${STRING_VALUE}'],
    ['key: $${STRING_VALUE:-fallback}', '${STRING_VALUE:-fallback}'],
    ['key: $${STRING_VALUE:-${STRING_VALUE}}', '${STRING_VALUE:-value}'],
    ['key: ${UNDEFINED_KEY:-$${UNDEFINED_KEY}}', '${UNDEFINED_KEY:-${UNDEFINED_KEY}}'],
    ['key: ${VALUE_WITH_ESCAPE}', 'value$$'],
    ['key: a $$ b', 'a $ b'],
    ['key: a $ b', 'a $ b'],
    // Beside the table.
    ['key: ${EMPTY:-5}', 5],
    ['key: ${env:UNDEFINED_KEY:-false}', false],
    ['key: ${env:-x}', 'a variable of this name'],
    ['key: ${}', '${}'],
    ["key: '${INT_VALUE}'", '1'],
    ['key: !!str ${INT_VALUE}', '1'],
    ['key: |-\n  ${INT_VALUE}', '1'],
    ['key: [1, "${INT_VALUE}", "${STRING_VALUE}"]', [1, '1', 'value']],
  ])('in %s is %j', (yaml, value) => {
    expect(valueOf(yaml)).toEqual(value);
  });

  it('is none in a key', () => {
    expect(valuesOf('${STRING_VALUE}: value', ENVIRONMENT)).toEqual({ '${STRING_VALUE}': 'value' });
  });

  it.each(['${STRING_VALUE:?error}', '${1API_KEY}', '${API_$KEY}', '${sys:name}', '${ STRING_VALUE}'])(
    'is refused with its line where it is %s',
    (reference) => {
      expect(() => valuesOf(`a: 1\nkey: ${reference}`, ENVIRONMENT)).toThrow(/^line 2: a reference to a variable is none of /);
    },
  );

  it('brings in a value and never structure, whatever the variable holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const plain = valuesOf('key: ${X}\nnext: 1', { X: text }) as Record<string, unknown>;
        expect([Object.keys(plain), plain['next']]).toEqual([['key', 'next'], 1]);
        const { key } = plain;
        expect(key === null || typeof key === 'number' || typeof key === 'boolean' || key === text).toBe(true);
        expect(valuesOf('key: "${X}"', { X: text })).toEqual({ key: text });
      }),
      { endOnFailure: true, numRuns: 50 },
    );
  });
});

describe('what is no file of values', () => {
  it.each([
    ['a: 1\nb: [1', /^line \d+: /],
    ['a: 1\na: 2', /^line 2: /],
    ['a: 1\n---\nb: 2', /^line \d+: /],
    ['a: *nothing', /alias/],
  ])('%j is told with its line', (yaml, said) => {
    expect(() => valuesOf(yaml, {})).toThrow(said);
  });

  it('that would grow without end is refused', () => {
    const rounds = Array.from(
      { length: 12 },
      (_, at) => `${'abcdefghijklm'[at + 1]}: &${'abcdefghijklm'[at + 1]} [${Array(9).fill(`*${'abcdefghijklm'[at]}`).join()}]`,
    );
    expect(() => valuesOf(`a: &a [1]\n${rounds.join('\n')}`, {})).toThrow(/alias/i);
  });
});
