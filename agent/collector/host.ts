import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { AnalyticsClient } from '../../analytics/client/analytics-client.ts';
import type { Analytics } from '../../pipeline/analytics.ts';
import { AuditTrail } from '../../pipeline/audit.ts';
import type { AuthConfig, AuthMethod, AuthResult, Credentials } from '../../pipeline/auth.ts';
import type { GrpcHandler, GrpcOptions } from '../../pipeline/host-grpc.ts';
import type { ApiOptions, Host, HostStorage, HttpHandler, HttpListener, HttpOptions } from '../../pipeline/host.ts';
import { InProcessPoints } from '../../pipeline/in-process.ts';
import { IngestPoints } from '../../pipeline/ingest.ts';
import { systemClock } from '../../pipeline/clock.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { LiveHub } from '../../pipeline/live.ts';
import type { Log } from '../../pipeline/log.ts';
import { GLOBAL_SCOPE, SCOPE_MATRIX, scopeNames, type ScopeMatrix } from '../../pipeline/scope/matrix.ts';
import type { GraphStats, QueueShare } from '../../pipeline/stats.ts';
import type { ComponentStatus } from '../../pipeline/status.ts';
import { Traffic } from '../../pipeline/traffic.ts';
import type { Authenticator } from '../../server/auth/authenticator.ts';
import type { EngineName } from '../../server/engine/index.ts';
import type { LiveStream } from '../../server/stream/live-stream.ts';
import { packageRoot } from './package-root.ts';
import { Listeners, type OpenListener } from './listeners.ts';

/** What the graph tells once it is there. */
export interface Running {
  ledger(): LedgerSnapshot;
  status(): readonly ComponentStatus[];
  stats(): GraphStats;
  queueShare(exporter: string, scope: string): QueueShare | undefined;
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
  /** Which HTTP engine listens; absent = the fastest that loads. */
  readonly engine?: EngineName | undefined;
}

/** Where `npm run build` puts the page, of a source tree and of an installed package. */
const PAGE_DIRECTORY = join(packageRoot(), 'dist', 'server', 'page');

const SILENT: Log = { info: () => {}, warn: () => {}, error: () => {}, limited: () => {} };

/** What all graphs of a process have in common. */
interface Common {
  readonly audit: AuditTrail;
  readonly ingest: IngestPoints;
  readonly analytics: Analytics;
  readonly storage: HostStorage;
  readonly listeners: Listeners;
  readonly live: LiveHub;
  /** From the first API on. */
  stream: LiveStream | undefined;
  running: Running | undefined;
  /** Whose word counts on who somebody is; components of an earlier graph that live on ask it too. */
  current: GraphHost | undefined;
  /** Of the service as a whole, beside what the components say. */
  service: ComponentStatus | undefined;
  /** How callers of the API show who they are; empty until one is open. It may outlive the graph that opened it. */
  apiMethods: readonly AuthMethod[];
  /** This machine's owner shows it to the API. */
  ownerToken: string | undefined;
}

/** The host as one graph sees it: engines are loaded with the first listener, `auth:` is that of its configuration. */
class GraphHost implements Host {
  readonly audit: AuditTrail;
  readonly ingest: IngestPoints;
  readonly inProcess = new InProcessPoints();
  readonly analytics: Analytics;
  readonly storage: HostStorage;
  readonly live: LiveHub;
  readonly #common: Common;
  readonly #options: Required<Pick<HostOptions, 'matrix' | 'log'>> & HostOptions;
  #authenticator: Authenticator | undefined;
  /** Of the API, where this graph opens it. */
  #apiMethods: readonly AuthMethod[] | undefined;

  constructor(common: Common, options: HostOptions) {
    this.audit = common.audit;
    this.ingest = common.ingest;
    this.analytics = common.analytics;
    this.storage = common.storage;
    this.live = common.live;
    this.#common = common;
    this.#options = { ...options, matrix: options.matrix ?? SCOPE_MATRIX, log: options.log ?? SILENT };
  }

  http(options: HttpOptions, handler: HttpHandler): Promise<HttpListener> {
    const open = async (): Promise<HttpListener> => {
      const { openHttp } = await import('../../server/engine/index.ts');
      return openHttp(options, handler, this.#options.engine, (message) => this.#options.log.warn(message));
    };
    return this.#common.listeners.want({ protocol: 'http', options, handler, open });
  }

  grpc(options: GrpcOptions, handler: GrpcHandler): Promise<HttpListener> {
    const open = async (): Promise<HttpListener> => {
      const { openGrpc } = await import('../../server/engine/grpc.ts');
      return openGrpc(options, handler, (message) => this.#options.log.warn(message));
    };
    return this.#common.listeners.want({ protocol: 'grpc', options, handler, open });
  }

  async api(options: ApiOptions): Promise<HttpListener> {
    const { openApi } = await import('../../server/routes/open.ts');
    await this.prepareAuth(options.auth);
    const common = this.#common;
    this.#apiMethods = options.auth;
    if (common.current === this) this.become();
    // Asked anew for each request: the API may live on when another configuration says who may do what.
    const current = (): GraphHost => common.current ?? this;
    return openApi(options, {
      stream: await this.#stream(),
      open: (http, handler) => this.http(http, handler),
      authenticator: () => current().#authenticator ?? this.#authenticator,
      ledger: () => this.ledger(),
      queueShare: (exporter, scope) => common.running?.queueShare(exporter, scope),
      ingest: common.ingest,
      drawPerf: async (rows) => {
        const { perfText } = await import('../perf/matrix.ts');
        return perfText(rows, current().#options.matrix);
      },
      analytics: common.analytics,
      audit: common.audit,
      matrix: () => current().#options.matrix,
      runsAs: () => current().#options.runsAs ?? GLOBAL_SCOPE,
      storageDirectory: this.storage.directory,
      pageDirectory: PAGE_DIRECTORY,
      setOwner: (token) => {
        common.ownerToken = token;
        this.#authenticator?.setOwner(token);
      },
    });
  }

  async prepareAuth(methods: readonly AuthMethod[]): Promise<void> {
    if (methods.length === 0) return;
    this.#authenticator ??= this.#common.current?.authenticatorFor(this.#options) ?? (await this.#makeAuthenticator());
    this.#authenticator.prepare(methods);
  }

  /** Of the configuration that counts now. */
  protected get log(): Log {
    const { current } = this.#common;
    return current === undefined ? this.#options.log : current.#options.log;
  }

  /** Its word counts from now on. */
  become(): void {
    const common = this.#common;
    common.current = this;
    if (this.#apiMethods !== undefined) common.apiMethods = this.#apiMethods;
  }

  /** Reads what the API needs of `auth:`, whether this graph has opened it or one before. Rejects with a StartError. */
  async prepareApi(): Promise<void> {
    await this.prepareAuth(this.#apiMethods ?? this.#common.apiMethods);
  }

  authenticate(methods: readonly AuthMethod[], credentials: Credentials): AuthResult | Promise<AuthResult> {
    const { current } = this.#common;
    const asked = (current === undefined ? undefined : current.#authenticator) ?? this.#authenticator;
    return asked?.authenticate(methods, credentials) ?? NOBODY;
  }

  /** For the link that a start prints; undefined without a page to open, or where no API knows this machine's owner. */
  ticketForOwner(): string | undefined {
    return existsSync(join(PAGE_DIRECTORY, 'index.html')) ? this.#authenticator?.linkForOwner() : undefined;
  }

  /** Its own, with all it knows of tokens and of who failed too often, where the settings are the same. */
  authenticatorFor({ auth, matrix }: HostOptions): Authenticator | undefined {
    const same = isDeepStrictEqual(this.#options.auth, auth) && isDeepStrictEqual(this.#options.matrix, matrix);
    return same ? this.#authenticator : undefined;
  }

  /** The receivers of whatever graph counts now. */
  get inProcessNow(): InProcessPoints {
    return (this.#common.current ?? this).inProcess;
  }

  ledger(): LedgerSnapshot {
    return this.#common.running?.ledger() ?? { receivers: [], pipelines: [], exporters: [] };
  }

  status(): readonly ComponentStatus[] {
    const { running, service } = this.#common;
    return [...(service === undefined ? [] : [service]), ...(running?.status() ?? [])];
  }

  /** One for the process: its connections outlive the graph, and ask anew who may do what. */
  async #stream(): Promise<LiveStream> {
    const common = this.#common;
    const { openStream } = await import('../../server/stream/open.ts');
    if (common.stream !== undefined) return common.stream;
    const current = (): GraphHost => common.current ?? this;
    common.stream = openStream({
      clock: systemClock,
      audit: common.audit,
      matrix: () => current().#options.matrix,
      authenticate: (methods, credentials) => current().authenticate(methods, credentials),
      stillTaken: (principal, session) => current().#authenticator?.stillTaken(principal, session) !== false,
      authority: () => current().#authenticator,
      ledger: () => this.ledger(),
      analytics: common.analytics,
    });
    common.live.attach(common.stream);
    return common.stream;
  }

  async #makeAuthenticator(): Promise<Authenticator> {
    const { Authenticator: Loaded } = await import('../../server/auth/authenticator.ts');
    const { auth, matrix, log } = this.#options;
    const config = auth ?? (await import('../../pipeline/auth.ts')).authSchema.parse(undefined);
    const { audit, storage } = this;
    const made = new Loaded({ config, storageDirectory: storage.directory, known: scopeNames(matrix), audit, log });
    if (this.#common.ownerToken !== undefined) made.setOwner(this.#common.ownerToken);
    return made;
  }
}

/** The host of a process, for one graph after another. It is the host of the first one itself. */
export class CollectorHost extends GraphHost {
  readonly #common: Common;
  #next: GraphHost | undefined;

  /** `directory` is absolute; nothing is made there before a component writes. */
  constructor(directory: string = resolve('.periscope'), options: HostOptions = {}) {
    const listeners = new Listeners();
    const common: Common = {
      audit: new AuditTrail(),
      ingest: new IngestPoints(),
      live: new LiveHub(),
      stream: undefined,
      analytics: new AnalyticsClient(() => this.log),
      storage: { directory },
      listeners,
      running: undefined,
      current: undefined,
      service: undefined,
      apiMethods: [],
      ownerToken: undefined,
    };
    super(common, options);
    common.current = this;
    this.#common = common;
  }

  get listeners(): readonly OpenListener[] {
    return this.#common.listeners.open;
  }

  /** The host is made before the graph, which needs it. */
  attach(running: Running): void {
    this.#common.running = running;
  }

  /** What components and queues count; nothing until the graph runs. */
  stats(): GraphStats {
    return this.#common.running?.stats() ?? { components: [], queues: [], traffic: new Traffic() };
  }

  /** How the service itself is: undefined = as it should be. */
  say(service: ComponentStatus | undefined): void {
    this.#common.service = service;
  }

  /** For the graph that shall take over; then `commit` or `abandon`. */
  next(options: HostOptions): Host {
    this.#common.listeners.begin();
    this.#next = new GraphHost(this.#common, options);
    return this.#next;
  }

  /** The next graph has started: reads what an API that lives on needs of `auth:`. Rejects with a StartError. */
  async prepareCommit(): Promise<void> {
    await this.#next?.prepareApi();
  }

  commit(running: Running): void {
    this.#common.listeners.commit();
    this.#next?.become();
    this.#next = undefined;
    this.attach(running);
  }

  async abandon(log: Log): Promise<void> {
    this.#next = undefined;
    await this.#common.listeners.abandon(log);
  }
}

export function createHost(directory?: string, options?: HostOptions): CollectorHost {
  return new CollectorHost(directory, options);
}
