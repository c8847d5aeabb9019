import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { checkValue } from '../../config/check.ts';
import { formatFault } from '../../config/fault.ts';
import { parseTree } from '../../config/tree.ts';

const check = (schema: z.ZodType, text: string): unknown => {
  const { value, faults } = checkValue(schema, parseTree(text, 'a.yaml').tree, ['x']);
  return faults.length === 0 ? value : faults.map(formatFault);
};

describe('a value against its schema', () => {
  const nested = z.strictObject({ a: z.strictObject({ b: z.int().min(1).default(1), c: z.string().optional() }).optional() });

  it.each([
    ['a: { b: 2 }', { a: { b: 2 } }],
    ['a: { b: , c: }', { a: { b: 1 } }],
    ['a:', {}],
  ])('%s', (text, value) => {
    expect(check(nested, text)).toEqual(value);
  });

  it.each([
    ['a: { b: 0 }', 'a.yaml:1:6: x::a::b: must be >=1'],
    ['a: { b: x }', 'a.yaml:1:6: x::a::b: must be a number, not a string'],
    ['a: { c: [1] }', 'a.yaml:1:6: x::a::c: must be a string, not a list'],
    ['a: 5', 'a.yaml:1:1: x::a: must be a map, not a number'],
    ['a: { d: 1, e: 2 }', 'a.yaml:1:6: x::a::d: unknown option (known: b, c)'],
    ['[]', 'a.yaml:1:1: x: must be a map, not a list'],
  ])('%s is a fault at its place', (text, fault) => {
    expect((check(nested, text) as string[])[0]).toContain(fault);
  });

  it('a missing option that must be there is named', () => {
    expect(check(z.strictObject({ endpoint: z.string() }), 'x: 1')).toContainEqual(
      'a.yaml:1:1: x::endpoint: is missing; it must be a string',
    );
  });

  it('a wrong choice lists the choices and the nearest', () => {
    expect(check(z.strictObject({ mode: z.enum(['clean', 'reject']) }), 'mode: claen')).toEqual([
      'a.yaml:1:1: x::mode: must be one of clean, reject; did you mean "clean"?',
    ]);
  });

  it('of several shapes the faults of the nearest are told', () => {
    const either = z.strictObject({ a: z.union([z.string(), z.strictObject({ b: z.strictObject({ c: z.number() }) })]) });
    expect(check(either, 'a:\n  b:\n    c: x\n')).toEqual(['a.yaml:3:5: x::a::b::c: must be a number, not a string']);
  });
});
