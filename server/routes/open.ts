import { ERRORS } from '../../pipeline/errors.ts';
import type { Analytics } from '../../pipeline/analytics.ts';
import type { Audit } from '../../pipeline/audit.ts';
import type { AuthRefusal } from '../../pipeline/auth.ts';
import type { ApiOptions, HttpHandler, HttpListener, HttpOptions } from '../../pipeline/host.ts';
import type { IngestPoints } from '../../pipeline/ingest.ts';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import type { PerfRecord } from '../../pipeline/perf/record.ts';
import type { ScopeMatrix } from '../../pipeline/scope/matrix.ts';
import type { QueueShare } from '../../pipeline/stats.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { holdOwnerToken } from '../auth/owner-token.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { StreamDoor, type DoorOptions } from '../stream/door.ts';
import type { LiveStream } from '../stream/live-stream.ts';
import { STREAM_PATH } from '../stream/protocol.ts';
import { ApiHandler } from './api.ts';
import { PageFiles } from './page-files.ts';
import { Page, type PageParts } from './page.ts';

/** What the API asks of its host, anew for each request: a configuration may change under it. */
export interface ApiHost {
  open(options: HttpOptions, handler: HttpHandler): Promise<HttpListener>;
  authenticator(): Authenticator | undefined;
  ledger(): LedgerSnapshot;
  queueShare(exporter: string, scope: string): QueueShare | undefined;
  readonly ingest: IngestPoints;
  /** Absent: JSON. */
  drawPerf?(rows: readonly PerfRecord[]): string | Promise<string>;
  readonly analytics: Analytics;
  /** Absent: nobody keeps one. */
  readonly audit?: Audit;
  matrix(): ScopeMatrix;
  runsAs(): string;
  /** Absent: there is none. */
  readonly stream?: LiveStream;
  readonly storageDirectory: string;
  /** Where the built page is, or would be. */
  readonly pageDirectory: string;
  /** This machine's owner shows `token`. */
  setOwner(token: string): void;
}

const NOBODY: AuthRefusal = {
  ok: false,
  code: 'UNAUTHENTICATED',
  retryable: ERRORS.UNAUTHENTICATED.retryable,
  message: 'cannot check who this is: no way to do so is configured',
};

const sessionsOf = (host: ApiHost): Pick<PageParts, 'beginSession' | 'endSession'> => ({
  beginSession: (ticket, remoteAddress) => host.authenticator()?.beginSession(ticket, remoteAddress) ?? NOBODY,
  endSession: (secret) => host.authenticator()?.endSession(secret),
});

/** Opens the API (`Host.api`). Where tokens are taken, this machine's owner finds one in a file as long as it is open. */
export async function openApi(options: ApiOptions, host: ApiHost): Promise<HttpListener> {
  const files = await PageFiles.read(host.pageDirectory);
  const authenticate: DoorOptions['authenticate'] = (methods, credentials) =>
    host.authenticator()?.authenticate(methods, credentials) ?? NOBODY;
  const { auth: methods } = options;
  const handler = new ApiHandler({
    methods,
    door: host.stream && new StreamDoor(host.stream, doorOptions(options, host, authenticate)),
    page: files && new Page({ files, tls: options.tls !== undefined, now: Date.now, ...sessionsOf(host) }),
    authenticate,
    ticketFor: (principal) => host.authenticator()?.ticketFor(principal),
    now: Date.now,
    ledger: () => host.ledger(),
    queueShare: (exporter, scope) => host.queueShare(exporter, scope),
    ingest: host.ingest,
    drawPerf: (rows) => host.drawPerf?.(rows) ?? JSON.stringify(rows, null, 2),
    analytics: host.analytics,
    audit: host.audit,
    get matrix() {
      return host.matrix();
    },
    get runsAs() {
      return host.runsAs();
    },
  });
  const webSocket = host.stream && { path: STREAM_PATH, maxMessageBytes: LIMITS.streamMessageBytes };
  const listener = await host.open({ ...options, webSocket }, handler);
  if (!options.auth.includes('token')) return listener;
  try {
    const owner = holdOwnerToken(host.storageDirectory);
    host.setOwner(owner.token);
    const close = (deadlineMs: number): Promise<void> => {
      owner.remove();
      return listener.close(deadlineMs);
    };
    return { url: listener.url, engine: listener.engine, close, handTo: (next) => listener.handTo(next) };
  } catch (error) {
    await listener.close(0);
    throw error;
  }
}

function doorOptions(options: ApiOptions, host: ApiHost, authenticate: DoorOptions['authenticate']): DoorOptions {
  const { auth: methods, endpoint, tls, allowedOrigins: allowed = [], allowQueryToken = false } = options;
  return { methods, endpoint, isTls: tls !== undefined, allowed, allowQueryToken, authenticate, runsAs: () => host.runsAs() };
}
