import {
  impliedScope,
  isRefused,
  lacks,
  SCOPE_HEADER,
  type AuthMethod,
  type AuthRefusal,
  type AuthResult,
  type Credentials,
  type Principal,
} from '../../pipeline/auth.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { HttpAnswer, HttpHead } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { StreamFault } from '../../pipeline/live.ts';
import type { UpgradeAnswer, WebSocketAccept } from '../../pipeline/web-socket.ts';
import { sessionSecret } from '../auth/session-cookie.ts';
import { TICKET_PREFIX } from '../auth/tickets.ts';
import { problem } from '../routes/problem.ts';
import type { LiveStream } from './live-stream.ts';
import { isAllowedOrigin, type OriginRules } from './origins.ts';
import { BEARER_PROTOCOL_PREFIX, STREAM_CLOSES, STREAM_PROTOCOL, type StreamClose } from './protocol.ts';

export interface DoorOptions extends OriginRules {
  readonly methods: readonly AuthMethod[];
  /** Takes a token that lives long from the URL, too. */
  readonly allowQueryToken: boolean;
  authenticate(methods: readonly AuthMethod[], credentials: Credentials): AuthResult | Promise<AuthResult>;
  /** As which scope this machine runs. */
  runsAs(): string;
}

interface Asked {
  readonly remoteAddress: string;
  /** What a browser's cookie holds, where that is how it came in; else ''. */
  readonly session: string;
  /** '' = none. */
  readonly chosen: string;
  /** Subprotocol to answer with. */
  readonly protocol: string;
  /** A browser is told nothing of a refused upgrade: it may ask to be let in, told, and closed. */
  readonly wantsClose: boolean;
}

type Refusal = Omit<StreamFault, 'ok'>;

/** Lets clients in to the live stream (`GET /ws`), or says why not. */
export class StreamDoor {
  readonly #stream: LiveStream;
  readonly #options: DoorOptions;

  constructor(stream: LiveStream, options: DoorOptions) {
    this.#stream = stream;
    this.#options = options;
  }

  /** A request to upgrade; headers are read before it returns. Never rejects. */
  upgrade(head: HttpHead): UpgradeAnswer | Promise<UpgradeAnswer> {
    const origin = head.header('origin');
    if (origin !== '' && !isAllowedOrigin(origin, head.header('host'), this.#options))
      return answerOf({ code: 'PERMISSION_DENIED', message: 'cannot let a page of this origin in: add it to allowed_origins' });
    const query = new URLSearchParams(head.query);
    const protocols = listOf(head.header('sec-websocket-protocol'));
    const isSpoken = protocols.includes(STREAM_PROTOCOL);
    if (protocols.length > 0 && !isSpoken)
      return answerOf({ code: 'STREAM_INVALID', message: `cannot speak any of these subprotocols: offer ${STREAM_PROTOCOL}` });
    const credentials = this.#credentials(head, protocols, query.get('token'));
    const session = 'code' in credentials || hasOther(credentials) ? '' : (credentials.session ?? '');
    const asked: Asked = {
      remoteAddress: head.remoteAddress,
      session,
      chosen: head.header(SCOPE_HEADER) || (query.get('scope') ?? ''),
      protocol: isSpoken ? STREAM_PROTOCOL : '',
      wantsClose: query.get('refusals') === 'close',
    };
    if ('code' in credentials) return this.#refuse(credentials, asked);
    const result = this.#options.authenticate(this.#options.methods, credentials);
    if (!(result instanceof Promise)) return this.#decide(result, asked);
    return inTime(result).then((late) => this.#decide(late, asked));
  }

  /** Header, else subprotocol, else query. */
  #credentials(head: HttpHead, protocols: readonly string[], given: string | null): Credentials | Refusal {
    const { remoteAddress, certificate } = head;
    const common = { remoteAddress, certificate, session: sessionSecret(head) };
    const authorization = head.header('authorization');
    if (authorization !== '') return { ...common, authorization };
    const bearer = protocols.find((protocol) => protocol.startsWith(BEARER_PROTOCOL_PREFIX));
    if (bearer !== undefined) {
      const token = Buffer.from(bearer.slice(BEARER_PROTOCOL_PREFIX.length), 'base64url').toString('latin1');
      return { ...common, authorization: `Bearer ${token}` };
    }
    if (given === null) return { ...common, authorization: '' };
    if (given.startsWith(TICKET_PREFIX)) return { ...common, authorization: '', ticket: given };
    if (this.#options.allowQueryToken) return { ...common, authorization: `Bearer ${given}` };
    const message =
      'cannot accept a token in the URL, where logs keep it: send a ticket of POST /api/v1/ticket, or set allow_query_token';
    return { code: 'UNAUTHENTICATED', message };
  }

  #decide(result: AuthResult, asked: Asked): UpgradeAnswer {
    if (isRefused(result)) return this.#refuse(result, asked);
    const lacking = lacks(result, 'stream');
    if (lacking !== undefined) return this.#refuse(lacking, asked);
    const scope = this.#scopeOf(result, asked);
    if (typeof scope !== 'string') return this.#refuse(scope, asked);
    const leave = this.#stream.takePlace(scope);
    if (leave === undefined) {
      const { connections } = this.#stream.limits(scope);
      const message = `cannot open another connection of scope ${scope}: it has ${connections} already`;
      return this.#refuse({ code: 'RATE_LIMITED', message, retryAfterMs: LIMITS.streamRetryAfterMs }, asked);
    }
    const { remoteAddress, session, protocol } = asked;
    const showed = { remoteAddress, session };
    return {
      protocol,
      open: (socket) => this.#stream.open(socket, { principal: result, scope, ...showed }, leave),
      abandon: leave,
    };
  }

  #scopeOf(principal: Principal, { chosen, remoteAddress }: Asked): string | Refusal {
    const { scopes, subject } = principal;
    if (chosen === '') {
      const implied = impliedScope(principal, this.#options.runsAs());
      if (implied !== undefined) return implied;
      return { code: 'SCOPE_REQUIRED', message: `cannot tell which scope is meant: name one of ${scopes.join(', ')}` };
    }
    if (scopes.includes(chosen)) return chosen;
    const { audit } = this.#stream;
    const event = { type: 'SCOPE_VIOLATION', severity: 'CRITICAL', action: 'scope_forbidden', result: 'FAILURE' } as const;
    if (audit.active) {
      const scope = scopes.length === 1 ? scopes[0] : undefined;
      void audit.record({ ...event, scope, user: subject, client: remoteAddress });
    }
    return { code: 'SCOPE_FORBIDDEN', message: `cannot let ${subject} in: the chosen scope is none of its own` };
  }

  #refuse(refusal: Refusal, { protocol, wantsClose }: Asked): UpgradeAnswer {
    if (!wantsClose || protocol === '')
      return answerOf(refusal, refusal.code === 'UNAUTHENTICATED' ? CHALLENGE[this.#challenge] : {});
    return closing(refusal, protocol);
  }

  get #challenge(): 'basic' | 'token' {
    return this.#options.methods.includes('basic') ? 'basic' : 'token';
  }
}

const CHALLENGE = {
  basic: { 'WWW-Authenticate': 'Basic realm="periscope"' },
  token: { 'WWW-Authenticate': 'Bearer realm="periscope"' },
} as const;

const CLOSES: Readonly<Partial<Record<ErrorCode, StreamClose>>> = {
  UNAUTHENTICATED: 'TOKEN_EXPIRED',
  PERMISSION_DENIED: 'SCOPE_VIOLATION',
  SCOPE_FORBIDDEN: 'SCOPE_VIOLATION',
  RATE_LIMITED: 'RATE_LIMITED',
  UNAVAILABLE: 'SHUTTING_DOWN',
};
const encoder = new TextEncoder();

/** Lets it in to tell it why not. */
function closing({ code, message, retryAfterMs }: Refusal, protocol: string): WebSocketAccept {
  const close = STREAM_CLOSES[CLOSES[code] ?? 'REFUSED'];
  const error = { type: 'error', code, message, ...(retryAfterMs !== undefined && { retry_after_ms: retryAfterMs }) };
  return {
    protocol,
    open(socket) {
      socket.send(encoder.encode(JSON.stringify(error)), false);
      socket.close(close.code, close.help);
      return { message() {}, pong() {}, drained() {}, closed() {} };
    },
    abandon() {},
  };
}

const answerOf = (refusal: Refusal, headers: Readonly<Record<string, string>> = {}): HttpAnswer => {
  const { code, message, retryAfterMs } = refusal;
  return problem({ code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) }, headers);
};

const hasOther = ({ authorization, ticket }: Credentials): boolean => authorization !== '' || ticket !== undefined;

/** Elements of a header that is a list. */
const listOf = (header: string): string[] =>
  header
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');

/** Who cannot be known in time is not let in. */
function inTime(result: Promise<AuthResult>): Promise<AuthResult> {
  const late: AuthRefusal = {
    ok: false,
    code: 'UNAVAILABLE',
    retryable: ERRORS.UNAVAILABLE.retryable,
    message: 'cannot check the token now: it takes too long',
  };
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(late), LIMITS.streamAuthMs);
    timer.unref();
    void result.then((known) => {
      clearTimeout(timer);
      resolve(known);
    });
  });
}
