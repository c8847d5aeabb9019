import type { SqlColumn, SqlFault, SqlQuery, StandingQuery, TableInfo, WindowBounds } from '../../pipeline/analytics.ts';
import type { Signal } from '../../pipeline/signal.ts';

/** To the analytics process, over IPC. */
export type Order =
  | { readonly type: 'bounds'; readonly bounds: WindowBounds }
  | { readonly type: 'query'; readonly id: number; readonly scope: string; readonly query: SqlQuery }
  | { readonly type: 'tables'; readonly id: number; readonly scope: string }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'stand'; readonly id: number; readonly scope: string; readonly query: StandingQuery }
  /** Of one that stands. */
  | { readonly type: 'standing'; readonly id: number; readonly want: 'snapshot' | 'next' | 'end' }
  | { readonly type: 'stop' };

/** From the analytics process, over IPC. */
export type Report =
  | { readonly type: 'ready' }
  /** Each second, which shows that it lives. */
  | { readonly type: 'usage'; readonly scopes: readonly WindowUsage[] }
  /** The windows of one scope could not go on, and begin anew. */
  | { readonly type: 'lost'; readonly scope: string; readonly rows: number; readonly cause: string }
  /** Scopes of which a standing query runs now; nobody asked for that run, so only this process knows. */
  | { readonly type: 'runs'; readonly scopes: readonly string[] }
  /** Only its end helps: a query cannot be ended, memory runs out, or a database is ruined. */
  | { readonly type: 'doomed'; readonly cause: string; readonly scopes: readonly string[] };

export interface WindowUsage {
  readonly scope: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Head of a frame to the analytics process; its bytes are one Export…ServiceRequest. */
export interface AppendHead {
  readonly id: number;
  readonly scope: string;
  readonly signal: Signal;
  readonly receivedMs: number;
}

/** Head of a frame from the analytics process. */
export type ReplyHead =
  | { readonly type: 'loaded'; readonly ids: readonly Loaded[]; readonly usage: WindowUsage }
  | { readonly type: 'refused'; readonly ids: readonly number[]; readonly fault: SqlFault }
  | {
      readonly type: 'rows';
      readonly id: number;
      readonly columns: readonly SqlColumn[];
      readonly rows: number;
      readonly truncated?: 'rows' | 'bytes' | undefined;
      readonly elapsedMs: number;
    }
  | { readonly type: 'tables'; readonly id: number; readonly tables: readonly TableInfo[] }
  | { readonly type: 'fault'; readonly id: number; readonly fault: SqlFault }
  /** Its bytes are a JSON text. */
  | { readonly type: 'stands'; readonly id: number; readonly what: 'snapshot' | 'delta' | 'renew' }
  | { readonly type: 'fell'; readonly id: number; readonly fault: SqlFault };

/** Of an append: how many rows were made of it, and why not of all its items. */
export type Loaded = readonly [id: number, rows: number, fault: string];
