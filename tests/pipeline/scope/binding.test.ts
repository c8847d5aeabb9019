import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRefused, type Principal } from '../../../pipeline/auth.ts';
import { bindingOfListener, bindingOfPrincipal, type Binding } from '../../../pipeline/scope/binding.ts';

const principal = (...scopes: string[]): Principal => ({
  subject: 'agent',
  scopes,
  permissions: new Set(['ingest']),
  method: 'token',
});
const laptop: Binding = { allowed: ['A', 'B', 'global'], fallback: 'global', from: 'fallback' };

describe('a listener without authentication', () => {
  it('with a scope of its own is that scope', () => {
    expect(bindingOfListener({ scope: 'A', local: true }, laptop)).toEqual({ allowed: ['A'], fallback: 'A', from: 'listener' });
  });
  it('lets claims choose on localhost, and nowhere else', () => {
    expect(bindingOfListener({ scope: undefined, local: true }, laptop)).toBe(laptop);
    expect(bindingOfListener({ scope: undefined, local: false }, laptop)).toEqual({ ...laptop, allowed: ['global'] });
  });
});

describe('the scopes of a sender', () => {
  it('one: everything is that scope', () => {
    expect(bindingOfPrincipal(principal('A'), undefined, '', laptop)).toEqual({ allowed: ['A'], fallback: 'A', from: 'token' });
  });
  it('several: each group must say its own', () => {
    expect(bindingOfPrincipal(principal('A', 'B'), undefined, '', laptop)).toEqual({
      allowed: ['A', 'B'],
      fallback: undefined,
      from: 'token',
    });
  });
  it('several of this machine’s owner: what says none is of the scope that the process runs as', () => {
    const owner = { ...principal('A', 'B'), isOwner: true } as const;
    const runsAs = (fallback: string | undefined): Binding => ({ ...laptop, fallback });
    expect(bindingOfPrincipal(owner, undefined, '', runsAs('B'))).toEqual({ allowed: ['A', 'B'], fallback: 'B', from: 'token' });
    expect(bindingOfPrincipal(owner, undefined, '', runsAs('C'))).toMatchObject({ fallback: undefined });
    expect(bindingOfPrincipal(owner, undefined, '', runsAs(undefined))).toMatchObject({ fallback: undefined });
  });
  it('several and one chosen by header: everything is that one', () => {
    expect(bindingOfPrincipal(principal('A', 'B'), undefined, 'B', laptop)).toEqual({
      allowed: ['B'],
      fallback: 'B',
      from: 'token',
    });
  });
  it('and the scope of the listener must agree, else 403', () => {
    expect(bindingOfPrincipal(principal('A', 'B'), 'B', '', laptop)).toEqual({ allowed: ['B'], fallback: 'B', from: 'token' });
    expect(bindingOfPrincipal(principal('A'), 'B', '', laptop)).toMatchObject({ code: 'SCOPE_FORBIDDEN' });
    expect(bindingOfPrincipal(principal('A', 'B'), 'B', 'A', laptop)).toMatchObject({ code: 'SCOPE_FORBIDDEN' });
  });
  it('are never widened, whatever listener and header say', () => {
    const name = fc.constantFrom('A', 'B', 'C', 'a', 'A,B', '*', ' A');
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1 }),
        fc.option(name, { nil: undefined }),
        fc.oneof(fc.constant(''), name),
        (scopes, listener, chosen) => {
          const binding = bindingOfPrincipal(principal(...scopes), listener, chosen, laptop);
          if (isRefused(binding as never)) return;
          const { allowed, fallback } = binding as Binding;
          for (const scope of allowed) {
            expect(scopes).toContain(scope);
            if (listener !== undefined) expect(scope).toBe(listener);
            if (chosen !== '') expect(scope).toBe(chosen);
          }
          expect(fallback).toBe(allowed.length === 1 ? allowed[0] : undefined);
        },
      ),
      { endOnFailure: true },
    );
  });
});
