import { SCOPE_HEADER } from '../../pipeline/auth.ts';
import type { Origin } from '../../pipeline/batch/batch.ts';
import type { Context, Intake, Outcome, Refusal } from '../../pipeline/component.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import { retryInfoStatus } from '../../pipeline/grpc-status.ts';
import type { GrpcAnswer, GrpcHandler, GrpcHead, GrpcWatch } from '../../pipeline/host-grpc.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { partialSuccessMessage } from './answer-body.ts';
import { type Call, CallDelivery, refusal } from './delivery.ts';
import type { GrpcConfig } from './grpc-config.ts';
import { checkHealth, HEALTH_CHECK, HEALTH_WATCH, HealthWatches } from './grpc-health.ts';
import { Senders, withoutCredentials } from './senders.ts';

/** opentelemetry-proto, collector/<signal>/v1: one unary method each. */
const SERVICES: ReadonlyMap<string, Signal> = new Map([
  ['opentelemetry.proto.collector.metrics.v1.MetricsService', 'metrics'],
  ['opentelemetry.proto.collector.trace.v1.TraceService', 'traces'],
  ['opentelemetry.proto.collector.logs.v1.LogsService', 'logs'],
]);
const METHODS: ReadonlyMap<string, Signal> = new Map(
  [...SERVICES].map(([service, signal]): [string, Signal] => [`/${service}/Export`, signal]),
);
/** What `pipeline/compression` reads and gRPC has a name for. */
const ENCODINGS: ReadonlySet<string> = new Set(['gzip', 'zstd', 'deflate']);
const ACCEPTED = { 'grpc-accept-encoding': `identity,${[...ENCODINGS].join(',')}` };
const MIB = 1024 * 1024;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;
const SUCCESS: GrpcAnswer = { status: 0 };
/** The state of a call of grpc.health.v1. */
const CHECK = 'check';
const WATCH = 'watch';
const isHealth = ({ state }: GrpcHead): boolean => state === CHECK || state === WATCH;

interface GrpcCall extends Call {
  /** Until the prefix has come: that of the call, then that of its message. */
  contentEncoding: string;
}

/** OTLP/gRPC (opentelemetry-proto docs/specification.md) and grpc.health.v1 on one listener. */
export class OtlpGrpcHandler implements GrpcHandler {
  readonly #intake: Intake;
  readonly #delivery: CallDelivery;
  readonly #tooLarge: string;
  readonly #senders: Senders;
  readonly #includeMetadata: boolean;
  readonly #watches: HealthWatches;

  constructor(config: GrpcConfig, intake: Intake, context: Context) {
    this.#intake = intake;
    this.#tooLarge = `cannot take the message: it is over max_recv_msg_size_mib (${config.max_recv_msg_size_mib} MiB); send smaller batches`;
    this.#delivery = new CallDelivery(intake, context, config.max_recv_msg_size_mib * MIB, this.#tooLarge);
    this.#includeMetadata = config.include_metadata;
    this.#senders = new Senders(config, 'grpc', intake.binding, context);
    this.#watches = new HealthWatches((service) => this.#serves(service), context.clock);
  }

  head(head: GrpcHead): GrpcAnswer | undefined | Promise<GrpcAnswer | undefined> {
    if (head.path === HEALTH_CHECK || head.path === HEALTH_WATCH) {
      head.state = head.path === HEALTH_CHECK ? CHECK : WATCH;
      return undefined;
    }
    const { open } = this.#senders;
    if (open !== undefined) return this.#take(head, open);
    const credentials = {
      remoteAddress: head.remoteAddress,
      authorization: head.header('authorization'),
      certificate: head.certificate,
    };
    // Who may not send learns nothing else.
    const answer = (known: Origin | Refusal): GrpcAnswer | undefined =>
      'ok' in known ? answerOf(known) : this.#take(head, known);
    const sender = this.#senders.authenticate(credentials, head.header(SCOPE_HEADER));
    return sender instanceof Promise ? sender.then(answer) : answer(sender);
  }

  #take(head: GrpcHead, sender: Origin): GrpcAnswer | undefined {
    const signal = METHODS.get(head.path);
    if (signal === undefined)
      return answerOf(refusal('UNIMPLEMENTED', 'cannot find the method: OTLP is taken by Export of its services, nothing else'));
    const inspection = this.#intake.inspection(signal);
    if (inspection === undefined)
      return answerOf(refusal('UNIMPLEMENTED', `cannot take ${signal}: no pipeline of this collector does`));
    const contentEncoding = head.header('grpc-encoding');
    if (contentEncoding !== '' && contentEncoding !== 'identity' && !ENCODINGS.has(contentEncoding)) {
      const refused = refusal('UNIMPLEMENTED', 'cannot decompress the message: grpc-encoding must be gzip, zstd or deflate');
      return { ...answerOf(refused), metadata: ACCEPTED };
    }
    const metadata = this.#includeMetadata ? withoutCredentials(head.headers()) : undefined;
    const origin = this.#senders.requestOrigin(sender, head, metadata);
    const call: GrpcCall = {
      signal,
      inspection,
      encoding: 'protobuf',
      contentEncoding,
      origin,
      admitted: undefined,
      begun: false,
    };
    const refused = this.#delivery.begin(call);
    if (refused !== undefined) return answerOf(refused);
    head.state = call;
    return undefined;
  }

  prefix(head: GrpcHead, messageBytes: number, compressed: boolean): GrpcAnswer | undefined {
    if (isHealth(head)) {
      if (messageBytes <= LIMITS.healthRequestBytes && !compressed) return undefined;
      return answerOf(refusal('BODY_TOO_LARGE', 'cannot take the health request: it is too large, or compressed'));
    }
    const call = head.state as GrpcCall;
    if (!compressed) call.contentEncoding = '';
    else if (!ENCODINGS.has(call.contentEncoding)) {
      const message = 'cannot decompress the message: it is marked as compressed, and grpc-encoding does not say how';
      return answerOf(refusal('MESSAGE_FRAMING', message));
    }
    const refused = this.#delivery.admit(call, messageBytes);
    return refused === undefined ? undefined : answerOf(refused);
  }

  request(head: GrpcHead, message: Uint8Array): Promise<GrpcAnswer> | GrpcAnswer | GrpcWatch {
    if (head.state === WATCH) return this.#watches.watch(message);
    if (head.state === CHECK) return checkHealth(message, (service) => this.#serves(service));
    return this.#delivery.deliver(head.state as GrpcCall, message, answer);
  }

  fault(_head: GrpcHead, code: ErrorCode, cause: string): GrpcAnswer {
    return answerOf(refusal(code, code === 'BODY_TOO_LARGE' ? this.#tooLarge : `cannot take the call: ${cause}`));
  }

  gone(head: GrpcHead): void {
    if (!isHealth(head)) this.#delivery.release(head.state as GrpcCall);
  }

  /** A collector that would refuse a request of no bytes is full or stopping. */
  #serves(service: string): boolean | undefined {
    const signal = SERVICES.get(service);
    if (service !== '' && (signal === undefined || this.#intake.inspection(signal) === undefined)) return undefined;
    const refused = this.#intake.admit(0);
    if (refused === undefined) this.#intake.release(0);
    return refused === undefined;
  }
}

function answer(_call: GrpcCall, outcome: Outcome): GrpcAnswer {
  if (!outcome.ok) return answerOf(outcome);
  const { rejected } = outcome;
  if (rejected === undefined || rejected.length === 0) return SUCCESS;
  return { status: 0, message: partialSuccessMessage(rejected) };
}

/** A sender may try RESOURCE_EXHAUSTED again only with a RetryInfo, and UNAVAILABLE is throttled by one. */
function answerOf(refused: Refusal): GrpcAnswer {
  const { grpc } = ERRORS[refused.code];
  const isKnown = grpc === RESOURCE_EXHAUSTED || RETRYABLE.has(grpc);
  const status = refused.retryable && !isKnown ? UNAVAILABLE : grpc;
  const { message } = refused;
  if (!refused.retryable || (status !== RESOURCE_EXHAUSTED && status !== UNAVAILABLE)) return { status, words: message };
  return { status, words: message, details: retryInfoStatus(status, message, refused.retryAfterMs ?? LIMITS.retryAfterMs) };
}
/** CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS: the OTLP specification's. */
const RETRYABLE: ReadonlySet<number> = new Set([1, 4, 10, 11, UNAVAILABLE, 15]);
