import { resolve } from 'node:path';
import { AuditTrail } from '../../pipeline/audit.ts';
import type { AuthResult } from '../../pipeline/auth.ts';
import type { Host, HttpListener } from '../../pipeline/host.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { ComponentStatus } from '../../pipeline/status.ts';

/** A listener that a component has opened, with the endpoint its configuration asked for. */
export interface OpenListener {
  readonly owner: string;
  readonly endpoint: string;
  readonly listener: HttpListener;
}

/** What the graph tells once it is there. */
export interface Running {
  ledger(): LedgerSnapshot;
  status(): readonly ComponentStatus[];
}

export interface CollectorHost extends Host {
  /** In the order in which they were opened. */
  readonly listeners: readonly OpenListener[];
  /** The host is made before the graph, which needs it. */
  attach(running: Running): void;
}

const NOBODY: AuthResult = {
  ok: false,
  code: 'UNAUTHENTICATED',
  retryable: false,
  message: 'cannot check who this is: no way to do so is configured',
};

/** Lends components the engines of this process (each loaded with its first listener) and what the graph knows.
 *  `storageDirectory` is absolute; nothing is made there before a component writes. */
export function createHost(storageDirectory: string = resolve('.periscope')): CollectorHost {
  const listeners: OpenListener[] = [];
  let running: Running | undefined;
  return {
    listeners,
    audit: new AuditTrail(),
    storage: { directory: storageDirectory },
    async http(options, handler) {
      const { openHttp } = await import('../../server/engine/index.ts');
      const listener = await openHttp(options, handler);
      listeners.push({ owner: options.owner ?? '', endpoint: options.endpoint, listener });
      return listener;
    },
    authenticate: () => NOBODY,
    async grpc(options, handler) {
      const { openGrpc } = await import('../../server/engine/grpc.ts');
      const listener = await openGrpc(options, handler);
      listeners.push({ owner: options.owner ?? '', endpoint: options.endpoint, listener });
      return listener;
    },
    ledger: () => running?.ledger() ?? { receivers: [], pipelines: [], exporters: [] },
    status: () => running?.status() ?? [],
    attach(graph) {
      running = graph;
    },
  };
}
