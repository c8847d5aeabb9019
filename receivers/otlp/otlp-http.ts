import type { Origin } from '../../pipeline/batch/batch.ts';
import type { Context, Intake, Outcome, Refusal } from '../../pipeline/component.ts';
import { decompress, isKnownEncoding } from '../../pipeline/compression/decompress.ts';
import { formatByteSize } from '../../pipeline/config-types.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { HttpAnswer, HttpHandler, HttpHead } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Inspection } from '../../pipeline/otlp/inspection.ts';
import { jsonToProtobuf } from '../../pipeline/otlp/json-to-protobuf.ts';
import { walk, Walk } from '../../pipeline/otlp/walk.ts';
import type { Binding } from '../../pipeline/scope/binding.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { partialSuccessBody, statusBody, successBody } from './answer-body.ts';
import { LOOPBACK, type HttpConfig } from './config.ts';
import { type Cors, createCors } from './cors.ts';
import { type Encoding, encodingOf, MEDIA_TYPES } from './encoding.ts';

type Headers = Readonly<Record<string, string>>;

/** One request from its head to its answer. */
interface Call {
  readonly signal: Signal;
  readonly inspection: Inspection;
  readonly encoding: Encoding;
  readonly contentEncoding: string;
  readonly origin: Origin;
  readonly cors: Headers | undefined;
  /** Bytes that the intake holds for it; undefined when none are held. */
  admitted: number | undefined;
}

/** Worded by the engine's faults; every other refusal brings its own words. */
const FAULTS: Partial<Record<ErrorCode, string>> = {
  MALFORMED: 'cannot read the request: its Content-Length and Transfer-Encoding make no sense',
  REQUEST_TIMEOUT: 'cannot read the request: its body did not arrive in time',
  TOO_MANY_CONNECTIONS: 'cannot take the request: the listener is at max_connections; reuse connections',
  SHUTTING_DOWN: 'cannot take the request: the collector is stopping',
  INTERNAL: 'cannot handle the request: a fault of the collector; its log says more',
};
/** What an OTLP sender may send again, and 408, which says that it was the sender who stopped. */
const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([408, 429, 502, 503, 504]);

const refusal = (code: ErrorCode, message: string): Refusal => ({ ok: false, code, retryable: ERRORS[code].retryable, message });

/** What senders to this listener may claim: its own scope if it has one. Without one, a claim may choose among the
 *  process's scopes only where nobody but this machine's people can send. */
function bindingOf({ scope, endpoint }: HttpConfig, ofProcess: Binding): Binding {
  if (scope !== undefined) return { allowed: [scope], fallback: scope, from: 'listener' };
  if (LOOPBACK.test(endpoint) || ofProcess.fallback === undefined) return ofProcess;
  return { ...ofProcess, allowed: [ofProcess.fallback] };
}

/** OTLP/HTTP (opentelemetry-proto docs/specification.md) on top of any engine. */
export class OtlpHttpHandler implements HttpHandler {
  readonly #intake: Intake;
  readonly #context: Context;
  readonly #maxBytes: number;
  readonly #routes: ReadonlyMap<string, Signal>;
  readonly #algorithms: ReadonlySet<string>;
  readonly #cors: Cors | undefined;
  readonly #origin: Origin;
  readonly #includeMetadata: boolean;
  readonly #headers: Readonly<Record<Encoding, Headers>>;
  readonly #success: Readonly<Record<Encoding, HttpAnswer>>;

  constructor(config: HttpConfig, intake: Intake, context: Context) {
    this.#intake = intake;
    this.#context = context;
    this.#maxBytes = config.max_request_body_size;
    this.#routes = new Map(SIGNALS.map((signal) => [config[`${signal}_url_path`], signal]));
    this.#algorithms = new Set(['', 'identity', ...config.compression_algorithms]);
    this.#cors = createCors(config.cors);
    this.#includeMetadata = config.include_metadata;
    this.#origin = { receiver: context.id, transport: 'http', binding: bindingOf(config, intake.binding) };
    this.#headers = {
      protobuf: { ...config.response_headers, 'Content-Type': MEDIA_TYPES.protobuf },
      json: { ...config.response_headers, 'Content-Type': MEDIA_TYPES.json },
    };
    this.#success = {
      protobuf: { status: 200, headers: this.#headers.protobuf, body: successBody('protobuf') },
      json: { status: 200, headers: this.#headers.json, body: successBody('json') },
    };
  }

  head(head: HttpHead): HttpAnswer | undefined {
    const cors = this.#cors?.answerHeaders(head);
    const encoding = encodingOf(head.header('content-type'));
    const refuse = (code: ErrorCode, message: string, more?: Headers): HttpAnswer =>
      this.#refuse(refusal(code, message), encoding ?? 'json', more === undefined ? cors : { ...cors, ...more });

    const signal = this.#routes.get(head.path);
    if (signal === undefined)
      return refuse('NOT_FOUND', `cannot find the path: OTLP is taken at ${[...this.#routes.keys()].join(', ')}`);
    const preflight = this.#cors?.preflightHeaders(head);
    if (preflight !== undefined) return { status: 204, headers: preflight };
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
    const admitted = Math.max(0, head.contentLength);
    const refused = this.#intake.admit(admitted);
    if (refused !== undefined) return this.#refuse(refused, encoding, cors);
    const origin = this.#includeMetadata ? { ...this.#origin, metadata: head.headers() } : this.#origin;
    head.state = { signal, inspection, encoding, contentEncoding, origin, cors, admitted } satisfies Call;
    return undefined;
  }

  request(head: HttpHead, body: Uint8Array): Promise<HttpAnswer> | HttpAnswer {
    const call = head.state as Call;
    try {
      const read = this.#read(call, body);
      if (!(read instanceof Walk)) return this.#end(call, read);
      if (read.items === 0) return this.#end(call, { ok: true });
      return this.#intake.next({ signal: call.signal, walk: read, origin: call.origin }).then(
        (outcome) => this.#end(call, outcome),
        (error: unknown) => this.#bug(call, error),
      );
    } catch (error) {
      return this.#bug(call, error);
    }
  }

  fault(head: HttpHead, code: ErrorCode): HttpAnswer {
    const call = head.state as Call | undefined;
    // Without a call the engine found the fault before or within `head`, and still lends the headers.
    const encoding = call?.encoding ?? encodingOf(head.header('content-type')) ?? 'json';
    const cors = call === undefined ? this.#cors?.answerHeaders(head) : call.cors;
    const message = code === 'BODY_TOO_LARGE' ? this.#tooLarge() : (FAULTS[code] ?? ERRORS[code].help);
    return this.#refuse(refusal(code, message), encoding, cors);
  }

  gone(head: HttpHead): void {
    this.#release(head.state as Call);
  }

  #takes(contentEncoding: string): boolean {
    return isKnownEncoding(contentEncoding) && this.#algorithms.has(contentEncoding.trim().toLowerCase().replace(/^x-/, ''));
  }

  #tooLarge(): string {
    return `cannot take the body: it is over max_request_body_size (${formatByteSize(this.#maxBytes)}); send smaller batches`;
  }

  /** Body to walk: decompressed, as protobuf, with every growth admitted before more is done with it. */
  #read(call: Call, body: Uint8Array): Walk | Refusal {
    let bytes = body;
    let refused = this.#admit(call, bytes.length);
    if (refused !== undefined) return refused;
    if (call.contentEncoding !== '') {
      const inflated = decompress(call.contentEncoding, bytes, this.#maxBytes);
      if (!(inflated instanceof Uint8Array))
        return inflated.code === 'BODY_TOO_LARGE' ? { ...inflated, message: this.#tooLarge() } : inflated;
      bytes = inflated;
      refused = this.#admit(call, bytes.length);
      if (refused !== undefined) return refused;
    }
    if (call.encoding === 'json') {
      const protobuf = jsonToProtobuf(call.signal, bytes);
      if (!(protobuf instanceof Uint8Array)) return protobuf;
      bytes = protobuf;
      refused = this.#admit(call, bytes.length);
      if (refused !== undefined) return refused;
    }
    const walked = walk(call.signal, plain(bytes), call.inspection);
    if (walked instanceof Walk) walked.lease.hold(body.buffer);
    return walked;
  }

  /** Holds `bytes` for the call instead of what it held, when that is less. */
  #admit(call: Call, bytes: number): Refusal | undefined {
    if (call.admitted !== undefined && bytes <= call.admitted) return undefined;
    this.#release(call);
    const refused = this.#intake.admit(bytes);
    if (refused === undefined) call.admitted = bytes;
    return refused;
  }

  #release(call: Call): void {
    const { admitted } = call;
    if (admitted === undefined) return;
    call.admitted = undefined;
    this.#intake.release(admitted);
  }

  #end(call: Call, outcome: Outcome): HttpAnswer {
    this.#release(call);
    const { encoding, cors, signal } = call;
    if (!outcome.ok) return this.#refuse(outcome, encoding, cors);
    const { rejected } = outcome;
    if (rejected === undefined || rejected.length === 0) {
      return cors === undefined ? this.#success[encoding] : { ...this.#success[encoding], headers: this.#with(encoding, cors) };
    }
    return { status: 200, headers: this.#with(encoding, cors), body: partialSuccessBody(encoding, signal, rejected) };
  }

  #bug(call: Call, error: unknown): HttpAnswer {
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.#context.log.limited('internal', `cannot handle a ${call.signal} request: ${cause}`);
    return this.#end(call, refusal('INTERNAL', FAULTS.INTERNAL ?? ''));
  }

  #refuse(refused: Refusal, encoding: Encoding, more: Headers | undefined): HttpAnswer {
    const { http, grpc } = ERRORS[refused.code];
    // A sender that reads the status alone must not give up what may be sent again.
    const status = refused.retryable && !RETRYABLE_STATUSES.has(http) ? 503 : http;
    const body = statusBody(encoding, grpc, refused.message, status === 400);
    if (status !== 429 && status !== 503) return { status, headers: this.#with(encoding, more), body };
    const seconds = Math.max(1, Math.ceil((refused.retryAfterMs ?? LIMITS.retryAfterMs) / 1000));
    return { status, headers: { ...this.#with(encoding, more), 'Retry-After': String(seconds) }, body };
  }

  #with(encoding: Encoding, more: Headers | undefined): Headers {
    return more === undefined ? this.#headers[encoding] : { ...this.#headers[encoding], ...more };
  }
}

/** A Buffer's `subarray` is several times slower, and two kinds of array make every loop over them slower. */
function plain(bytes: Uint8Array): Uint8Array {
  return bytes instanceof Buffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes;
}
