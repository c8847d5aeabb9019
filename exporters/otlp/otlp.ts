import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Context, Exporter, Outcome } from '../../pipeline/component.ts';
import { compress } from '../../pipeline/compression/compress.ts';
import { reusesMatches } from '../../pipeline/compression/recode-gzip.ts';
import { assert } from '../../pipeline/assert.ts';
import type { Signal } from '../../pipeline/signal.ts';
import { clientMaterial, watchTlsFiles } from '../../pipeline/tls-material.ts';
import { judge } from './answer.ts';
import { Channel } from './channel.ts';
import { addressOf, type Config } from './config.ts';

/** opentelemetry-proto, collector/<signal>/v1. */
const PATHS: Readonly<Record<Signal, string>> = {
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
};
const PREFIX_BYTES = 5;
/** grpc-timeout has eight digits. */
const TIMEOUT_MS_MAX = 99_999_999;

export function create(config: Config, context: Context): Exporter {
  return new OtlpExporter(config, context);
}

class OtlpExporter implements Exporter {
  readonly reusesMatches: boolean;
  readonly #config: Config;
  readonly #context: Context;
  readonly #target: string;
  #channel: Channel | undefined;
  #unwatch: (() => void) | undefined;
  #requests = 0;
  #bytesOut = 0;

  constructor(config: Config, context: Context) {
    this.#config = config;
    this.#context = context;
    this.reusesMatches = reusesMatches(config.compression, config.compression_params);
    this.#target = (config.endpoint ?? '').replace(/^[a-z]+:\/\/\/?/i, '').replace(/\/$/, '');
  }

  async start(): Promise<void> {
    const { tls, endpoint, authority, keepalive } = this.#config;
    const address = addressOf(endpoint ?? '');
    assert(address !== undefined, 'an otlp exporter has no endpoint');
    const isSecure = address.secure ?? !tls.insecure;
    let material = isSecure ? clientMaterial(tls) : {};
    this.#channel = new Channel({
      target: this.#target,
      authority: authority ?? this.#target,
      host: address.host,
      port: address.port,
      tls: isSecure ? () => material : undefined,
      headers: callHeaders(this.#config),
      keepalive:
        keepalive?.time === undefined
          ? undefined
          : { timeMs: keepalive.time, timeoutMs: keepalive.timeout, withoutStream: keepalive.permit_without_stream },
    });
    if (!isSecure) return;
    this.#unwatch = watchTlsFiles(tls, () => {
      try {
        material = clientMaterial(tls);
        this.#channel?.renew();
      } catch (error) {
        // The certificates that worked so far are kept.
        this.#context.log.warn(error instanceof Error ? error.message : String(error));
      }
    });
  }

  async send(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome> {
    const channel = this.#channel;
    if (channel === undefined) return { ok: false, code: 'SHUTTING_DOWN', retryable: true, message: 'cannot send: not started' };
    const { compression, compression_params } = this.#config;
    const body = compress(compression, batch.segments, compression_params.level, this.reusesMatches ? batch.sources : undefined);
    const segments = framed(body, compression !== 'none');
    this.#requests += 1;
    const answer = await channel.call(PATHS[batch.signal], segments, signal);
    if ('ok' in answer) return answer;
    const { outcome, warning } = judge(answer, batch.items, this.#target);
    if (outcome.ok) for (const segment of segments) this.#bytesOut += segment.length;
    if (warning !== undefined) this.#context.log.limited('warning', `${this.#target} took the data and says: ${warning}`);
    return outcome;
  }

  /** Waits for nothing: by now every `send` has settled or was aborted. */
  async stop(): Promise<void> {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#channel?.close();
  }

  stats(): Readonly<Record<string, number>> {
    return { requests: this.#requests, bytesOut: this.#bytesOut };
  }
}

/** The length-prefixed message of a unary call. */
function framed(body: readonly Uint8Array[], compressed: boolean): readonly Uint8Array[] {
  let byteLength = 0;
  for (const segment of body) byteLength += segment.length;
  const prefix = Buffer.allocUnsafe(PREFIX_BYTES);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(byteLength, 1);
  return [prefix, ...body];
}

function callHeaders(config: Config): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/grpc', te: 'trailers', 'user-agent': 'periscope' };
  if (config.compression !== 'none') headers['grpc-encoding'] = config.compression;
  const { timeout } = config;
  if (timeout > 0) headers['grpc-timeout'] = `${Math.min(Math.ceil(timeout), TIMEOUT_MS_MAX)}m`;
  for (const [name, value] of Object.entries(config.headers)) {
    const key = name.toLowerCase();
    // Binary metadata travels as base64.
    headers[key] = key.endsWith('-bin') ? Buffer.from(value).toString('base64').replace(/=+$/, '') : value;
  }
  return headers;
}
