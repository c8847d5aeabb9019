import type { Analytics } from '../../pipeline/analytics.ts';
import type { Permission, Principal } from '../../pipeline/auth.ts';
import type { HttpAnswer } from '../../pipeline/host.ts';
import type { IngestPoints } from '../../pipeline/ingest.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { PerfRecord } from '../../pipeline/perf/record.ts';
import type { ScopeMatrix } from '../../pipeline/scope/matrix.ts';
import type { QueueShare } from '../../pipeline/stats.ts';

/** Who asks, and as which of their scopes. */
export interface Caller {
  readonly principal: Principal;
  /** Those of the principal, or the one that was chosen. */
  readonly scopes: readonly string[];
  /** The one that was chosen, '' where none was. */
  readonly chosen: string;
  /** Sees what no scope owns as well. */
  readonly admin: boolean;
}

/** What the routes tell about. */
export interface ApiSources {
  readonly analytics: Analytics;
  readonly ingest: IngestPoints;
  /** MASTER_PERF as a table of text, for people. */
  drawPerf(rows: readonly PerfRecord[]): string | Promise<string>;
  ledger(): LedgerSnapshot;
  /** What a scope has of the queue of an exporter; undefined where none of this id runs. */
  queueShare(exporter: string, scope: string): QueueShare | undefined;
  readonly matrix: ScopeMatrix;
  /** As which scope this machine runs. */
  readonly runsAs: string;
  /** Undefined when too many are open. */
  ticketFor(principal: Principal): { readonly ticket: string; readonly expiresMs: number } | undefined;
  now(): number;
}

/** What was asked for, besides who asks. */
export interface ApiRequest {
  readonly query: URLSearchParams;
  readonly remoteAddress: string;
  /** Aborts when the asker leaves before the answer. */
  readonly signal: AbortSignal;
}

interface RouteBase {
  readonly path: string;
  /** Absent: whoever has shown who they are. */
  readonly permission?: Permission;
}

/** Answered by its head: a body is not read. */
export interface HeadRoute extends RouteBase {
  readonly method: 'GET' | 'POST';
  answer(caller: Caller, sources: ApiSources, request: ApiRequest): HttpAnswer | Promise<HttpAnswer>;
}

/** Answered when its body is in; who may not have it brings none. */
export interface BodyRoute extends RouteBase {
  readonly method: 'POST';
  take(caller: Caller, sources: ApiSources, body: Uint8Array, request: ApiRequest): HttpAnswer | Promise<HttpAnswer>;
}

export type Route = HeadRoute | BodyRoute;
