import type { MessagePort } from 'node:worker_threads';
import type { SqlAnswer, SqlQuery } from '../../pipeline/analytics.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { Signal } from '../../pipeline/signal.ts';
import type { ComponentStatus } from '../../pipeline/status.ts';
import type { ConfigPart } from './configuration.ts';
import type { CoreSettings } from './embedded-core.ts';

/** What passes between the application's thread and the collector's, beside data, which crosses a seam. */

export interface ThreadData {
  readonly settings: CoreSettings;
  readonly maxHeapMb: number;
  readonly control: SharedArrayBuffer;
  /** The application's seam. */
  readonly seam: MessagePort;
}

/** What a question is answered by. */
export interface Answers {
  readonly sql: SqlAnswer;
  readonly status: readonly ComponentStatus[];
  readonly ledger: LedgerSnapshot;
  readonly reload: boolean;
}

export type Question =
  | { readonly type: 'sql'; readonly scope: string | undefined; readonly query: SqlQuery }
  | { readonly type: 'status' }
  | { readonly type: 'ledger' }
  | { readonly type: 'reload'; readonly config: readonly ConfigPart[] | undefined };

export type ToThread =
  | { readonly type: 'ask'; readonly id: number; readonly question: Question }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'claimed'; readonly granted: boolean }
  | { readonly type: 'seam'; readonly seam: MessagePort }
  /** Absent deadline: that of the configuration. */
  | { readonly type: 'stop'; readonly deadlineMs?: number };

/** What is open, and how long a stop may take. */
export interface Opened {
  readonly urls: readonly string[];
  /** What a receiver takes from the application. */
  readonly signals: readonly Signal[];
  readonly shutdownTimeoutMs: number;
}

export type FromThread =
  | { readonly type: 'line'; readonly line: string }
  | { readonly type: 'claim'; readonly directory: string }
  | ({ readonly type: 'ready' } & Opened)
  /** It could not start; `forPerson`: the message says all. */
  | { readonly type: 'refused'; readonly message: string; readonly forPerson: boolean }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answers[keyof Answers]; readonly opened: Opened }
  | { readonly type: 'stopped'; readonly ledger: LedgerSnapshot };

/** Cells of the shared Int32Array. */
export const CONTROL = {
  /** 1: it has stopped; a process that ends at once waits for it by Atomics.wait. */
  stopped: 0,
  /** Log lines that the application has taken. */
  lines: 1,
} as const;
export const CONTROL_BYTES = 2 * Int32Array.BYTES_PER_ELEMENT;
