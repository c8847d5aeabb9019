/** What is thrown to who adds a row of another scope to MASTER_PERF. */
export interface ScopeViolation extends Error {
  readonly code: 'SCOPE_VIOLATION';
  readonly currentScope: string;
}

/** No class of its own: somebody else's copy of the agent would not know it. It is known by its code. */
export const scopeViolation = (reason: string, currentScope: string): ScopeViolation =>
  Object.assign(new Error(reason), { name: 'ScopeViolation', code: 'SCOPE_VIOLATION' as const, currentScope });
