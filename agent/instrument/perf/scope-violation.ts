/** Thrown to who adds a row of another scope to MASTER_PERF. */
export class ScopeViolation extends Error {
  readonly code = 'SCOPE_VIOLATION';
  override readonly name = 'ScopeViolation';
  readonly currentScope: string;

  constructor(reason: string, currentScope: string) {
    super(reason);
    this.currentScope = currentScope;
  }
}
