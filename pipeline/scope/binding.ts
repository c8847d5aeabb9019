/**
 * As what one sender's data may be bound, decided before its bytes are looked at (docs/decisions/0006): by the listener's
 * `scope:`, DASHBOARD_SCOPE, the host's domain in the matrix, or `global`. Claims in the data choose within `allowed`
 * and never widen it.
 */
export interface Binding {
  /** Scopes a claim may name. One entry: the strict case, everything is that scope. */
  readonly allowed: readonly string[];
  /** What a group without a claim becomes; undefined rejects it (`on_missing: reject`, or several scopes by token). */
  readonly fallback: string | undefined;
  readonly from: 'listener' | 'environment' | 'host' | 'fallback' | 'token';
}
