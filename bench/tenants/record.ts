/** One passed run of the tenants bench: a line of history.jsonl. A run that fails is not recorded, and fails loudly. */
export interface TenantsRecord extends TenantsFigures {
  readonly bench: 'tenants';
  readonly session: string;
  readonly version: string;
  readonly machine: string;
}

export interface TenantsFigures {
  readonly items: number;
  /** Items that claimed another scope, as many in the ledger, in the audit log, and told to their senders. */
  readonly violations: number;
  /** Items that came out where they may not. */
  readonly crossings: number;
  readonly exits: number;
  readonly seconds: number;
}
