import type { Permission, Principal } from '../../pipeline/auth.ts';
import type { HttpAnswer } from '../../pipeline/host.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { ScopeMatrix } from '../../pipeline/scope/matrix.ts';

/** Who asks, and as which of their scopes. */
export interface Caller {
  readonly principal: Principal;
  /** Those of the principal, or the one that was chosen. */
  readonly scopes: readonly string[];
  /** Sees what no scope owns as well. */
  readonly admin: boolean;
}

/** What the routes tell about. */
export interface ApiSources {
  ledger(): LedgerSnapshot;
  readonly matrix: ScopeMatrix;
  /** As which scope this machine runs. */
  readonly runsAs: string;
  /** Undefined when too many are open. */
  ticketFor(principal: Principal): { readonly ticket: string; readonly expiresMs: number } | undefined;
  now(): number;
}

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Absent: whoever has shown who they are. */
  readonly permission?: Permission;
  answer(caller: Caller, sources: ApiSources): HttpAnswer;
}
