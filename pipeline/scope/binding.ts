import { type AuthRefusal, impliedScope, type Principal } from '../auth.ts';

/**
 * As what one sender's data may be bound, decided before its bytes are looked at (docs/decisions/0006, 0010): by the
 * sender's token or certificate, the listener's `scope:`, DASHBOARD_SCOPE, the host's domain in the matrix, or `global`.
 * Claims in the data choose within `allowed` and never widen it.
 */
export interface Binding {
  /** Scopes a claim may name. One entry: the strict case, everything is that scope. */
  readonly allowed: readonly string[];
  /** What a group without a claim becomes; undefined rejects it (`on_missing: reject`, or several scopes by token). */
  readonly fallback: string | undefined;
  readonly from: 'listener' | 'environment' | 'host' | 'fallback' | 'token';
}

/** A listener as far as scopes go. `local`: nobody but this machine's people reach it. */
export interface ListenerScope {
  readonly scope: string | undefined;
  readonly local: boolean;
}

/** What senders to a listener without authentication may claim: its own scope if it has one. Without one, a claim may
 *  choose among the process's scopes only where nobody but this machine's people can send. */
export function bindingOfListener({ scope, local }: ListenerScope, ofProcess: Binding): Binding {
  if (scope !== undefined) return { allowed: [scope], fallback: scope, from: 'listener' };
  if (local || ofProcess.fallback === undefined) return ofProcess;
  return { ...ofProcess, allowed: [ofProcess.fallback] };
}

/**
 * What an authenticated sender may claim. Its own scopes decide; a listener's `scope:` must be among them. `chosen` is
 * the value of SCOPE_HEADER, '' without one: it narrows to one of them. With several left, each group of the data must
 * say its own; but what this machine's owner sends without saying is of the scope that the process runs as.
 */
export function bindingOfPrincipal(
  principal: Principal,
  listener: string | undefined,
  chosen: string,
  ofProcess: Binding,
): Binding | AuthRefusal {
  const { scopes, subject } = principal;
  if (listener !== undefined) {
    if (!scopes.includes(listener)) return forbidden(`cannot accept data of ${subject}: this listener is for another scope`);
    if (chosen !== '' && chosen !== listener)
      return forbidden(`cannot accept data of ${subject}: X-Dashboard-Scope names another scope than this listener's`);
    return { allowed: [listener], fallback: listener, from: 'token' };
  }
  if (chosen !== '') {
    if (!scopes.includes(chosen))
      return forbidden(`cannot accept data of ${subject}: X-Dashboard-Scope names a scope it has not`);
    return { allowed: [chosen], fallback: chosen, from: 'token' };
  }
  return { allowed: scopes, fallback: impliedScope(principal, ofProcess.fallback), from: 'token' };
}

const forbidden = (message: string): AuthRefusal => ({ ok: false, code: 'SCOPE_FORBIDDEN', retryable: false, message });
