import type { Audit } from '../../pipeline/audit.ts';
import {
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
import type { HttpAnswer, HttpHandler, HttpHead } from '../../pipeline/host.ts';
import { sessionSecret } from '../auth/session-cookie.ts';
import type { UpgradeAnswer } from '../../pipeline/web-socket.ts';
import { TICKET_PREFIX } from '../auth/tickets.ts';
import type { StreamDoor } from '../stream/door.ts';
import { ledgerRoute } from './ledger.ts';
import { getPerfRoute, postPerfRoute } from './master-perf.ts';
import type { Page } from './page.ts';
import { problem } from './problem.ts';
import type { ApiRequest, ApiSources, BodyRoute, Caller, Route } from './route.ts';
import { scopesRoute } from './scopes.ts';
import { sqlRoute } from './sql.ts';
import { streamRoute } from './stream.ts';
import { tablesRoute } from './tables.ts';
import { ticketRoute } from './ticket.ts';

const ROUTES: readonly Route[] = [
  ledgerRoute,
  scopesRoute,
  ticketRoute,
  getPerfRoute,
  postPerfRoute,
  sqlRoute,
  tablesRoute,
  streamRoute,
];

export interface ApiParts extends ApiSources {
  readonly methods: readonly AuthMethod[];
  /** Absent where the page has not been built. */
  readonly page?: Page | undefined;
  readonly audit?: Audit | undefined;
  /** Absent without a live stream. */
  readonly door?: StreamDoor | undefined;
  authenticate(methods: readonly AuthMethod[], credentials: Credentials): AuthResult | Promise<AuthResult>;
}

interface Asked {
  readonly head: HttpHead;
  readonly method: string;
  readonly path: string;
  /** '' when no scope is. */
  readonly chosen: string;
  readonly request: ApiRequest;
}

/** A request between its head and its answer. */
interface UnderWay {
  readonly abort: AbortController;
  /** Where its body is on its way. */
  taking?: { readonly route: BodyRoute; readonly caller: Caller; readonly request: ApiRequest };
}

/**
 * The API (`Host.api`) and the page before it. Who does not show who they are learns nothing of the API, not even which
 * paths there are. A body is read only for a route that takes one, and of who may send it.
 */
export class ApiHandler implements HttpHandler {
  readonly #parts: ApiParts;
  readonly #challenge: Readonly<Record<string, string>>;

  constructor(parts: ApiParts) {
    this.#parts = parts;
    this.#challenge = {
      'WWW-Authenticate': parts.methods.includes('basic') ? 'Basic realm="periscope"' : 'Bearer realm="periscope"',
    };
  }

  head(head: HttpHead): HttpAnswer | undefined | Promise<HttpAnswer | undefined> {
    const page = this.#parts.page?.answer(head);
    if (page !== undefined) return page;
    const { method, path } = head;
    const query = new URLSearchParams(head.query);
    const given = query.get('token');
    if (given !== null && !given.startsWith(TICKET_PREFIX)) {
      const message =
        'cannot accept a token in the URL, where logs keep it: send Authorization: Bearer, or a ticket of POST /api/v1/ticket';
      return this.#refuse({ ok: false, code: 'UNAUTHENTICATED', retryable: false, message });
    }
    // A ticket reads. It makes no other ticket and changes nothing: a link that somebody follows may hold one.
    const ticket = given !== null && (method === 'GET' || method === 'HEAD') ? given : undefined;
    const credentials: Credentials = {
      remoteAddress: head.remoteAddress,
      authorization: head.header('authorization'),
      certificate: head.certificate,
      ticket,
      session: sessionSecret(head),
    };
    const chosen = head.header(SCOPE_HEADER) || (query.get('scope') ?? '');
    const result = this.#parts.authenticate(this.#parts.methods, credentials);
    const abort = new AbortController();
    head.state = { abort } satisfies UnderWay;
    const request = { query, remoteAddress: head.remoteAddress, signal: abort.signal };
    const asked: Asked = { head, method, path, chosen, request };
    if (result instanceof Promise) return result.then((late) => this.#answer(late, asked));
    return this.#answer(result, asked);
  }

  request(head: HttpHead, body: Uint8Array): HttpAnswer | Promise<HttpAnswer> {
    const { taking } = head.state as UnderWay;
    if (taking === undefined) return this.#fault('INTERNAL');
    const { route, caller, request } = taking;
    return route.take(caller, this.#parts, body, request);
  }

  left(head: HttpHead): void {
    (head.state as Partial<UnderWay> | undefined)?.abort?.abort();
  }

  upgrade(head: HttpHead): UpgradeAnswer | Promise<UpgradeAnswer> {
    return this.#parts.door?.upgrade(head) ?? this.#fault('NOT_FOUND');
  }

  fault(_head: HttpHead, code: ErrorCode): HttpAnswer {
    return this.#fault(code);
  }

  #answer(
    result: AuthResult,
    { head, method, path, chosen, request }: Asked,
  ): HttpAnswer | undefined | Promise<HttpAnswer | undefined> {
    if (isRefused(result)) return this.#refuse(result);
    const here = ROUTES.filter((route) => route.path === path);
    if (here.length === 0)
      return problem({ code: 'NOT_FOUND', message: `cannot find the path: there is ${ROUTES.map(nameOf).join(', ')}` });
    const route = here.find((each) => each.method === method || (each.method === 'GET' && method === 'HEAD'));
    if (route === undefined) {
      const allow = here.map((each) => (each.method === 'GET' ? 'GET, HEAD' : each.method)).join(', ');
      return problem(
        { code: 'METHOD_NOT_ALLOWED', message: `cannot take ${method}: this path takes ${allow}` },
        { Allow: allow },
      );
    }
    const lacking = route.permission === undefined ? undefined : lacks(result, route.permission);
    if (lacking !== undefined) return problem(lacking);
    if (chosen !== '' && !result.scopes.includes(chosen)) return this.#violation(result, request.remoteAddress);
    const caller: Caller = {
      principal: result,
      scopes: chosen === '' ? result.scopes : [chosen],
      chosen,
      // Who chose a scope wants to see that one.
      admin: chosen === '' && result.permissions.has('admin'),
    };
    if ('answer' in route) return route.answer(caller, this.#parts, request);
    (head.state as UnderWay).taking = { route, caller, request };
    return undefined;
  }

  /** Who names a scope that is not its own; the answer waits until that is written down, where it is. */
  #violation({ subject, scopes }: Principal, client: string): HttpAnswer | Promise<HttpAnswer> {
    const { audit } = this.#parts;
    const answer = problem({
      code: 'SCOPE_FORBIDDEN',
      message: `cannot answer ${subject}: the chosen scope is none of its own`,
    });
    if (audit?.active !== true) return answer;
    const scope = scopes.length === 1 ? scopes[0] : undefined;
    const event = { type: 'SCOPE_VIOLATION', severity: 'CRITICAL', action: 'scope_forbidden', result: 'FAILURE' } as const;
    return audit.record({ ...event, scope, user: subject, client })?.then(() => answer) ?? answer;
  }

  #refuse(refusal: AuthRefusal): HttpAnswer {
    return problem(refusal, refusal.code === 'UNAUTHENTICATED' ? this.#challenge : {});
  }

  #fault(code: ErrorCode): HttpAnswer {
    return problem({ code, message: `cannot answer: ${ERRORS[code].help}` });
  }
}

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
