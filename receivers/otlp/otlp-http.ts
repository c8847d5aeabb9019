import { type AuthMethod, SCOPE_HEADER } from '../../pipeline/auth.ts';
import type { Origin } from '../../pipeline/batch/batch.ts';
import type { Context, Intake, Outcome, Refusal } from '../../pipeline/component.ts';
import { isKnownEncoding } from '../../pipeline/compression/decompress.ts';
import { formatByteSize } from '../../pipeline/config-types.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { HttpAnswer, HttpHandler, HttpHead } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { partialSuccessBody, statusBody, successBody } from './answer-body.ts';
import type { HttpConfig } from './config.ts';
import { type Cors, createCors } from './cors.ts';
import { type Call, CallDelivery, INTERNAL_FAULT, refusal } from './delivery.ts';
import { type Encoding, encodingOf, MEDIA_TYPES } from './encoding.ts';
import { Senders, withoutCredentials } from './senders.ts';

type Headers = Readonly<Record<string, string>>;

interface HttpCall extends Call {
  readonly cors: Headers | undefined;
}
/** The same until it is known who sends it. */
interface Asked extends Omit<HttpCall, 'origin'> {
  origin: Origin | undefined;
  readonly metadata: Headers | undefined;
}

/** Worded by the engine's faults; every other refusal brings its own words. */
const FAULTS: Partial<Record<ErrorCode, string>> = {
  MALFORMED: 'cannot read the request: its Content-Length and Transfer-Encoding make no sense',
  REQUEST_TIMEOUT: 'cannot read the request: its body did not arrive in time',
  TOO_MANY_CONNECTIONS: 'cannot take the request: the listener is at max_connections; reuse connections',
  SHUTTING_DOWN: 'cannot take the request: the collector is stopping',
  INTERNAL: INTERNAL_FAULT,
};
/** What an OTLP sender may send again, and 408, which says that it was the sender who stopped. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

/** OTLP/HTTP (opentelemetry-proto docs/specification.md) on top of any engine. */
export class OtlpHttpHandler implements HttpHandler {
  readonly #intake: Intake;
  readonly #delivery: CallDelivery;
  readonly #tooLarge: string;
  readonly #routes: ReadonlyMap<string, Signal>;
  readonly #algorithms: ReadonlySet<string>;
  readonly #cors: Cors | undefined;
  readonly #senders: Senders;
  readonly #challenge: Headers;
  readonly #includeMetadata: boolean;
  readonly #headers: Readonly<Record<Encoding, Headers>>;
  readonly #success: Readonly<Record<Encoding, HttpAnswer>>;

  constructor(config: HttpConfig, intake: Intake, context: Context) {
    this.#intake = intake;
    const limit = formatByteSize(config.max_request_body_size);
    this.#tooLarge = `cannot take the body: it is over max_request_body_size (${limit}); send smaller batches`;
    this.#delivery = new CallDelivery(intake, context, config.max_request_body_size, this.#tooLarge);
    this.#routes = new Map(SIGNALS.map((signal) => [config[`${signal}_url_path`], signal]));
    this.#algorithms = new Set(['', 'identity', ...config.compression_algorithms]);
    this.#cors = createCors(config.cors);
    this.#includeMetadata = config.include_metadata;
    this.#senders = new Senders(config, 'http', intake.binding, context);
    this.#challenge = challengeOf(config.auth);
    this.#headers = {
      protobuf: { ...config.response_headers, 'Content-Type': MEDIA_TYPES.protobuf },
      json: { ...config.response_headers, 'Content-Type': MEDIA_TYPES.json },
    };
    this.#success = {
      protobuf: { status: 200, headers: this.#headers.protobuf, body: successBody('protobuf') },
      json: { status: 200, headers: this.#headers.json, body: successBody('json') },
    };
  }

  head(head: HttpHead): HttpAnswer | undefined | Promise<HttpAnswer | undefined> {
    const cors = this.#cors?.answerHeaders(head);
    const encoding = encodingOf(head.header('content-type'));
    if (this.#cors !== undefined && this.#routes.has(head.path)) {
      const preflight = this.#cors.preflightHeaders(head);
      // A browser sends it without the credentials that it asks about.
      if (preflight !== undefined) return { status: 204, headers: preflight };
    }
    const asked = this.#read(head, encoding, cors);
    const { open } = this.#senders;
    if (open !== undefined) return 'status' in asked ? asked : this.#take(head, asked, open);
    const credentials = {
      get remoteAddress() {
        return head.remoteAddress;
      },
      authorization: head.header('authorization'),
      certificate: head.certificate,
    };
    const sender = this.#senders.authenticate(credentials, head.header(SCOPE_HEADER));
    const answer = (known: Origin | Refusal): HttpAnswer | undefined => {
      // Who may not send learns nothing else.
      if ('ok' in known) return this.#refuse(known, encoding ?? 'json', cors);
      return 'status' in asked ? asked : this.#take(head, asked, known);
    };
    if (!(sender instanceof Promise)) return answer(sender);
    // What a fault is worded by while a signature is checked.
    head.state = asked;
    return sender.then(answer);
  }

  /** What a head asks for, or why it asks in vain. */
  #read(head: HttpHead, encoding: Encoding | undefined, cors: Headers | undefined): Asked | HttpAnswer {
    const refuse = (code: ErrorCode, message: string, more?: Headers): HttpAnswer =>
      this.#refuse(refusal(code, message), encoding ?? 'json', more === undefined ? cors : { ...cors, ...more });
    const signal = this.#routes.get(head.path);
    if (signal === undefined)
      return refuse('NOT_FOUND', `cannot find the path: OTLP is taken at ${[...this.#routes.keys()].join(', ')}`);
    const inspection = this.#intake.inspection(signal);
    if (inspection === undefined) return refuse('NOT_FOUND', `cannot take ${signal}: no pipeline of this collector does`);
    if (head.method !== 'POST')
      return refuse('METHOD_NOT_ALLOWED', 'cannot take the request: OTLP is sent by POST', { Allow: 'POST' });
    if (encoding === undefined) {
      return refuse(
        'UNSUPPORTED_MEDIA_TYPE',
        `cannot read the body: Content-Type must be ${MEDIA_TYPES.protobuf} or ${MEDIA_TYPES.json}`,
      );
    }
    const contentEncoding = head.header('content-encoding');
    if (contentEncoding !== '' && !this.#takes(contentEncoding)) {
      const names = [...this.#algorithms].filter((name) => name !== '').join(', ');
      return refuse('BAD_ENCODING', `cannot decompress the body: Content-Encoding must be one of ${names}`);
    }
    const metadata = this.#includeMetadata ? withoutCredentials(head.headers()) : undefined;
    return {
      signal,
      inspection,
      encoding,
      contentEncoding,
      origin: undefined,
      cors,
      admitted: undefined,
      begun: false,
      metadata,
    };
  }

  #take(head: HttpHead, asked: Asked, sender: Origin): HttpAnswer | undefined {
    asked.origin = this.#senders.requestOrigin(sender, head, asked.metadata);
    const call = asked as HttpCall;
    const refused = this.#delivery.begin(call) ?? this.#delivery.admit(call, Math.max(0, head.contentLength));
    if (refused !== undefined) {
      this.#delivery.release(call);
      return this.#refuse(refused, asked.encoding, asked.cors);
    }
    head.state = call;
    return undefined;
  }

  request(head: HttpHead, body: Uint8Array): Promise<HttpAnswer> | HttpAnswer {
    return this.#delivery.deliver(head.state as HttpCall, body, this.#answer);
  }

  fault(head: HttpHead, code: ErrorCode): HttpAnswer {
    const call = head.state as Asked | HttpAnswer | undefined;
    // Asked in vain, and the fault came before that could be said.
    if (call !== undefined && 'status' in call) return call;
    // Without a call the engine found the fault before or within `head`, and still lends the headers.
    const encoding = call?.encoding ?? encodingOf(head.header('content-type')) ?? 'json';
    const cors = call === undefined ? this.#cors?.answerHeaders(head) : call.cors;
    const message = code === 'BODY_TOO_LARGE' ? this.#tooLarge : (FAULTS[code] ?? ERRORS[code].help);
    return this.#refuse(refusal(code, message), encoding, cors);
  }

  gone(head: HttpHead): void {
    this.#delivery.release(head.state as HttpCall);
  }

  #takes(contentEncoding: string): boolean {
    return isKnownEncoding(contentEncoding) && this.#algorithms.has(contentEncoding.trim().toLowerCase().replace(/^x-/, ''));
  }

  readonly #answer = ({ encoding, cors, signal }: HttpCall, outcome: Outcome): HttpAnswer => {
    if (!outcome.ok) return this.#refuse(outcome, encoding, cors);
    const { rejected } = outcome;
    if (rejected === undefined || rejected.length === 0) {
      return cors === undefined ? this.#success[encoding] : { ...this.#success[encoding], headers: this.#with(encoding, cors) };
    }
    return { status: 200, headers: this.#with(encoding, cors), body: partialSuccessBody(encoding, signal, rejected) };
  };

  #refuse(refused: Refusal, encoding: Encoding, more: Headers | undefined): HttpAnswer {
    const { http, grpc } = ERRORS[refused.code];
    // A sender that reads the status alone must not give up what may be sent again.
    const status = refused.retryable && !RETRYABLE_STATUSES.has(http) ? 503 : http;
    const body = statusBody(encoding, grpc, refused.message, status === 400);
    if (status === 401) return { status, headers: { ...this.#with(encoding, more), ...this.#challenge }, body };
    if (status !== 429 && status !== 503) return { status, headers: this.#with(encoding, more), body };
    const seconds = Math.max(1, Math.ceil((refused.retryAfterMs ?? LIMITS.retryAfterMs) / 1000));
    const headers = { ...this.#with(encoding, more), 'Retry-After': String(seconds) };
    return refused.holdMs === undefined ? { status, headers, body } : { status, headers, body, holdMs: refused.holdMs };
  }

  #with(encoding: Encoding, more: Headers | undefined): Headers {
    return more === undefined ? this.#headers[encoding] : { ...this.#headers[encoding], ...more };
  }
}

/** What a 401 says about how to do better (RFC 9110 11.6.1); a client certificate has no challenge. */
function challengeOf(methods: readonly AuthMethod[] = []): Headers {
  const challenges = [
    ...(methods.includes('token') ? ['Bearer realm="periscope"'] : []),
    ...(methods.includes('basic') ? ['Basic realm="periscope", charset="UTF-8"'] : []),
  ];
  return challenges.length === 0 ? {} : { 'WWW-Authenticate': challenges.join(', ') };
}
