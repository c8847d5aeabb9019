import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withConstants } from '../../../../agent/instrument/flags/constants.ts';

/** Which of the names at the top of a module are constants. */
function constantsOf(code: string): string[] {
  return [...withConstants(code).matchAll(/^const ([\w$]+|\{.*?\}|\[.*?\]) =/gm)].map(([, name]) => name!);
}

describe('a module whose var are constants where they can be', () => {
  it('has a constant where nothing is assigned later, each in a statement of its own', () => {
    expect(withConstants('var a = 1, b = class { };\nfunction f() {}\nvar c = a;')).toBe(
      'const a = 1;\nconst b = class { };\n\nfunction f() {}\nconst c = a;\n',
    );
  });

  it('leaves alone what has no value yet, what is let, and what is in a function', () => {
    const code = 'var a;\nlet b = 1;\nfunction f() { var c = 1; return c; }\nexport { a, b, f };';
    expect(constantsOf(code)).toEqual([]);
  });

  it.each([
    ['a = 2', 'an assignment'],
    ['a += 2', 'an assignment that counts'],
    ['a ??= 2', 'an assignment on a condition'],
    ['a++', 'a step'],
    ['--a', 'a step before'],
    ['[a] = [2]', 'an array'],
    ['({ b: [{ c: a = 1 }] } = q)', 'a pattern within patterns'],
    ['({ ...a } = q)', 'the rest of an object'],
    ['[...a] = q', 'the rest of an array'],
    ['for (a of q);', 'a loop'],
    ['for (a in q);', 'a loop over keys'],
    ['for ([a] of q);', 'a loop with a pattern'],
  ])('keeps what `%s` assigns to: %s', (assignment) => {
    expect(constantsOf(`var a = 1, z = 1;\nfunction f(q) { ${assignment}; }`)).toEqual(['z']);
  });

  it('takes names of a pattern together', () => {
    expect(constantsOf('var { a, b: [c] } = q;\nvar { d, ...e } = q;\nfunction f() { e = 1; }')).toEqual(['{ a, b: [c] }']);
  });

  it('refuses what is no module', () => {
    expect(() => withConstants('var = ;')).toThrow(/^cannot read a bundle: /);
  });

  it('does what the module did', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const statement = fc.oneof(
      name.map((n) => `${n} = ${n} * 2;`),
      name.map((n) => `${n}++;`),
      fc.tuple(name, name).map(([n, other]) => `{ let ${n} = 5; ${n} += ${other === n ? 1 : other}; }`),
      fc.tuple(name, name).map(([n, other]) => `[${n}, ${other}] = [${other}, 7];`),
    );
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 6 }), (statements) => {
        const code = `var a = 1, b = 2, c = 3;\nfunction f() { ${statements.join(' ')} }\nf();\n`;
        const valuesOf = (text: string): unknown => new Function(`'use strict'; ${text} return [a, b, c];`)();
        expect(valuesOf(withConstants(code))).toEqual(valuesOf(code));
      }),
      { endOnFailure: true },
    );
  });
});
