import { resolve } from 'node:path';
import { AuditTrail } from '../../pipeline/audit.ts';
import type { AuthConfig, AuthMethod, AuthResult } from '../../pipeline/auth.ts';
import type { Host, HttpListener } from '../../pipeline/host.ts';
import type { Log } from '../../pipeline/log.ts';
import { GLOBAL_SCOPE, SCOPE_MATRIX, scopeNames, type ScopeMatrix } from '../../pipeline/scope/matrix.ts';
import type { Authenticator } from '../../server/auth/authenticator.ts';
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

export interface HostOptions {
  /** The `auth:` section; absent = its defaults. */
  readonly auth?: AuthConfig;
  readonly matrix?: ScopeMatrix;
  /** The scope that was detected. */
  readonly runsAs?: string;
  readonly log?: Log;
}

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {}, limited: () => {} };

/** Lends components the engines of this process (each loaded with its first listener) and what the graph knows.
 *  `storageDirectory` is absolute; nothing is made there before a component writes. */
export function createHost(storageDirectory: string = resolve('.periscope'), options: HostOptions = {}): CollectorHost {
  const { matrix = SCOPE_MATRIX, log = SILENT } = options;
  const listeners: OpenListener[] = [];
  const audit = new AuditTrail();
  let running: Running | undefined;
  let authenticator: Authenticator | undefined;
  const prepareAuth = async (methods: readonly AuthMethod[]): Promise<Authenticator> => {
    const { Authenticator: Loaded } = await import('../../server/auth/authenticator.ts');
    const config = options.auth ?? (await import('../../pipeline/auth.ts')).authSchema.parse(undefined);
    authenticator ??= new Loaded({ config, storageDirectory, known: scopeNames(matrix), audit, log });
    authenticator.prepare(methods);
    return authenticator;
  };
  const ledger = (): LedgerSnapshot => running?.ledger() ?? { receivers: [], pipelines: [], exporters: [] };
  const warn = (message: string): void => log.warn(message);
  return {
    listeners,
    audit,
    storage: { directory: storageDirectory },
    async http(http, handler) {
      const { openHttp } = await import('../../server/engine/index.ts');
      const listener = await openHttp(http, handler, undefined, warn);
      listeners.push({ owner: http.owner ?? '', endpoint: http.endpoint, listener });
      return listener;
    },
    async grpc(grpc, handler) {
      const { openGrpc } = await import('../../server/engine/grpc.ts');
      const listener = await openGrpc(grpc, handler, (message) => log.warn(message));
      listeners.push({ owner: grpc.owner ?? '', endpoint: grpc.endpoint, listener });
      return listener;
    },
    async prepareAuth(methods) {
      if (methods.length > 0) await prepareAuth(methods);
    },
    authenticate: (methods, credentials) => authenticator?.authenticate(methods, credentials) ?? NOBODY,
    async api(api) {
      const [{ openApi }, known] = await Promise.all([import('../../server/routes/open.ts'), prepareAuth(api.auth)]);
      const runsAs = options.runsAs ?? GLOBAL_SCOPE;
      const listener = await openApi(api, { authenticator: known, storageDirectory, ledger, matrix, runsAs }, warn);
      listeners.push({ owner: api.owner ?? '', endpoint: api.endpoint, listener });
      return listener;
    },
    ledger,
    status: () => running?.status() ?? [],
    attach(graph) {
      running = graph;
    },
  };
}
