import type { Audit } from '../../pipeline/audit.ts';
import {
  isRefused,
  PERMISSIONS,
  type AuthConfig,
  type AuthMethod,
  type AuthRefusal,
  type AuthResult,
  type Credentials,
  type Principal,
} from '../../pipeline/auth.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Log } from '../../pipeline/log.ts';
import { BasicUsers } from './basic.ts';
import { CertificateNames } from './certificates.ts';
import { digestOf } from './digest.ts';
import { Lockout } from './lockout.ts';
import { Sessions } from './sessions.ts';
import { Tickets } from './tickets.ts';
import { Tokens, type TokenRefusal } from './tokens.ts';

export interface AuthenticatorOptions {
  readonly config: AuthConfig;
  /** Absolute. */
  readonly storageDirectory: string;
  /** The scopes of the matrix. */
  readonly known: readonly string[];
  readonly audit: Audit;
  readonly log: Log;
  readonly now?: () => number;
}

const BEARER = /^bearer +/i;
const BASIC = /^basic +/i;

/** Who a request is from (`Host.authenticate`): one for the process, so that failures count over all listeners. */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #now: () => number;
  readonly #lockout: Lockout;
  readonly #tickets: Tickets;
  readonly #sessions: Sessions;
  #tokens: Tokens | undefined;
  #basic: BasicUsers | undefined;
  #certificates: CertificateNames | undefined;
  /** The digest of the token that this machine's owner finds in a file. */
  #owner: { readonly digest: string; readonly principal: Principal } | undefined;

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#lockout = new Lockout(this.#now);
    this.#tickets = new Tickets(this.#now);
    this.#sessions = new Sessions(this.#now);
  }

  /** Reads what `methods` need. Called before a listener opens; throws a StartError. */
  prepare(methods: readonly AuthMethod[]): void {
    const { config, storageDirectory, known, log } = this.#options;
    if (methods.includes('token')) {
      const warn = (message: string): void => log.limited('auth', message);
      this.#tokens ??= new Tokens({ config: config.tokens, storageDirectory, known, now: this.#now, warn });
    }
    if (methods.includes('basic')) this.#basic ??= new BasicUsers(config.basic);
    if (methods.includes('certificate')) this.#certificates ??= new CertificateNames(config.certificates);
  }

  /** From here on `token` is somebody who may do everything. */
  setOwner(token: string): void {
    const principal: Principal = {
      subject: 'owner of this machine',
      scopes: this.#options.known,
      permissions: new Set(PERMISSIONS),
      method: 'token',
      isOwner: true,
    };
    this.#owner = { digest: digestOf(token), principal };
  }

  /** Undefined when too many are open. */
  ticketFor(principal: Principal): { readonly ticket: string; readonly expiresMs: number } | undefined {
    return this.#tickets.make(principal);
  }

  /** A ticket for this machine's owner that waits until a person has found the link; undefined while there is no owner. */
  linkForOwner(): string | undefined {
    return this.#owner === undefined ? undefined : this.#tickets.make(this.#owner.principal, LIMITS.linkLifeMs)?.ticket;
  }

  /** Takes the ticket of a link for a session. A refusal counts against the address. */
  beginSession(ticket: string, remoteAddress: string): { readonly secret: string; readonly expiresMs: number } | AuthRefusal {
    const result = this.#byTicket(ticket, { remoteAddress, authorization: '' });
    return isRefused(result) ? result : this.#sessions.begin(result);
  }

  endSession(secret: string): void {
    this.#sessions.end(secret);
  }

  /** Would what `principal` has shown be taken today? `session`: where that was a browser's cookie, else ''. */
  stillTaken(principal: Principal, session: string): boolean {
    if (session !== '' && this.#sessions.find(session) !== principal) return false;
    return this.#tokens?.stillTaken(principal) !== false;
  }

  authenticate(methods: readonly AuthMethod[], credentials: Credentials): AuthResult | Promise<AuthResult> {
    const { authorization, certificate, ticket, session = '' } = credentials;
    if (methods.includes('token')) {
      if (ticket !== undefined) return this.#byTicket(ticket, credentials);
      const bearer = BEARER.exec(authorization);
      if (bearer !== null) return this.#byToken(authorization.slice(bearer[0].length).trimEnd(), credentials);
      if (session !== '' && authorization === '') return this.#bySession(session);
    }
    if (methods.includes('basic')) {
      const basic = BASIC.exec(authorization);
      if (basic !== null) return this.#byPassword(authorization.slice(basic[0].length).trimEnd(), credentials);
    }
    if (methods.includes('certificate') && certificate !== undefined) return this.#byCertificate(credentials);
    // Nothing was tried, so it is no failed try: a probe or a first request of a browser. An auditor asks who knocked all the same.
    const message = `cannot accept the request: it needs ${methods.map((method) => NEEDS[method]).join(', or ')}`;
    return this.#noted(unauthenticated(message), 'credentials_missing', credentials.remoteAddress);
  }

  #byToken(token: string, credentials: Credentials): AuthResult | Promise<AuthResult> {
    const tokens = this.#tokens;
    const cached = tokens?.cached(token);
    // The way of nearly every request: not even its address is asked for.
    if (cached !== undefined && !isRefused(cached)) return cached;
    const { remoteAddress } = credentials;
    if (cached !== undefined) return this.#tokenFailed(cached, remoteAddress);
    const owner = this.#owner;
    if (owner !== undefined && owner.digest === digestOf(token)) return owner.principal;
    const locked = this.#locked(remoteAddress);
    if (locked !== undefined) return locked;
    if (tokens === undefined) return this.#failed(unauthenticated(UNKNOWN_TOKEN), 'token_invalid', remoteAddress);
    const checking = tokens.check(token);
    if (!(checking instanceof Promise)) return this.#tokenFailed(checking, remoteAddress);
    return checking.then((result) => {
      if (isRefused(result)) return this.#tokenFailed(result, remoteAddress);
      this.#accepted(result, remoteAddress);
      return result;
    });
  }

  #byTicket(ticket: string, { remoteAddress }: Credentials): AuthResult {
    const principal = this.#tickets.redeem(ticket);
    if (principal !== undefined) return principal;
    const refusal = unauthenticated('cannot accept the ticket: it is used, too old or was never made; get a new one');
    return this.#locked(remoteAddress) ?? this.#failed(refusal, 'ticket_invalid', remoteAddress);
  }

  /** One that has ended is no failed try: a browser asks again and again with the cookie it has. */
  #bySession(secret: string): AuthResult {
    const principal = this.#sessions.find(secret);
    if (principal !== undefined && this.#tokens?.stillTaken(principal) !== false) return principal;
    this.#sessions.end(secret);
    return unauthenticated('cannot accept the session: it has ended; open a new link, or show a token');
  }

  /** A password can be guessed, so a locked address is refused before it is looked at. */
  #byPassword(encoded: string, { remoteAddress }: Credentials): AuthResult {
    const locked = this.#locked(remoteAddress);
    if (locked !== undefined) return locked;
    const principal = this.#basic?.find(encoded);
    if (principal !== undefined) return principal;
    return this.#failed(
      unauthenticated('cannot accept the password: user or password is wrong'),
      'password_wrong',
      remoteAddress,
    );
  }

  #byCertificate(credentials: Credentials): AuthResult {
    const { certificate } = credentials;
    // TLS looked at the dates when the connection began; it may have been open for long.
    if (certificate === undefined || certificate.expiresMs <= this.#now())
      return this.#noted(
        unauthenticated('cannot accept the client certificate: it has expired'),
        'certificate_expired',
        credentials.remoteAddress,
      );
    const principal = this.#certificates?.find(certificate, this.#options.known);
    if (principal !== undefined) return principal;
    const message = `cannot accept the client certificate: auth::certificates knows neither ${[certificate.subject, ...certificate.names].slice(0, 4).join(' nor ')}`;
    return this.#noted(unauthenticated(message), 'certificate_unknown', credentials.remoteAddress);
  }

  #tokenFailed(refusal: TokenRefusal, address: string): AuthRefusal {
    const { fault, ...rest } = refusal;
    // Not the sender's fault: nothing is held against the address.
    return refusal.retryable ? rest : this.#failed(rest, fault, address);
  }

  #failed(refusal: AuthRefusal, action: string, address: string): AuthRefusal {
    if (this.#lockout.failed(address)) this.#options.log.limited('lockout', `${address} is locked out: too many failed tries`);
    return this.#noted(refusal, action, address);
  }

  /** For what cannot be guessed: nothing is held against the address. */
  #noted(refusal: AuthRefusal, action: string, address: string): AuthRefusal {
    const { audit } = this.#options;
    if (audit.active) audit.record({ type: 'AUTH', severity: 'WARN', action, result: 'FAILURE', client: address });
    return refusal;
  }

  #accepted(principal: Principal, address: string): void {
    const { audit } = this.#options;
    if (!audit.active) return;
    const scope = principal.scopes.length === 1 ? principal.scopes[0] : undefined;
    const event = { type: 'AUTH', severity: 'INFO', action: 'token_accepted', result: 'SUCCESS' } as const;
    audit.record({ ...event, scope, user: principal.subject, client: address });
  }

  #locked(address: string): AuthRefusal | undefined {
    const retryAfterMs = this.#lockout.lockedMs(address);
    if (retryAfterMs === 0) return undefined;
    const message = 'cannot check who this is: too many failed tries from this address; wait';
    return { ok: false, code: 'RATE_LIMITED', retryable: true, message, retryAfterMs };
  }
}

const UNKNOWN_TOKEN = 'cannot accept the token: it is not valid here';
const NEEDS: Readonly<Record<AuthMethod, string>> = {
  token: 'a token (Authorization: Bearer <token>)',
  certificate: 'a client certificate',
  basic: 'user and password (Authorization: Basic …)',
};

const unauthenticated = (message: string): AuthRefusal => ({ ok: false, code: 'UNAUTHENTICATED', retryable: false, message });
