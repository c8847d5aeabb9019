import type { Context, Intake, Receiver } from '../../pipeline/component.ts';
import type { GrpcOptions } from '../../pipeline/host-grpc.ts';
import type { HttpListener, HttpOptions } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Config, HttpConfig } from './config.ts';
import type { GrpcConfig } from './grpc-config.ts';
import { OtlpGrpcHandler } from './otlp-grpc.ts';
import { OtlpHttpHandler } from './otlp-http.ts';
import { inProcessOf, OtlpInProcess } from './otlp-in-process.ts';

const MIB = 1024 * 1024;

export function create(config: Config, context: Context): Receiver {
  const { http, grpc } = config.protocols;
  const open: HttpListener[] = [];
  let inProcess: { readonly point: OtlpInProcess; close(): void } | undefined;

  const stop = async (deadlineMs: number): Promise<void> => {
    inProcess?.close();
    const listeners = open.splice(0).map((listener) => listener.close(deadlineMs));
    await Promise.all([...listeners, inProcess?.point.settle(deadlineMs)]);
  };

  return {
    async start(intake: Intake) {
      try {
        if (http !== undefined) {
          await context.host.prepareAuth(http.auth ?? []);
          const listener = await context.host.http(httpOptions(http, context), new OtlpHttpHandler(http, intake, context));
          open.push(listener);
          context.log.info(`OTLP over HTTP at ${listener.url}`, { engine: listener.engine });
        }
        if (grpc !== undefined) {
          await context.host.prepareAuth(grpc.auth ?? []);
          const listener = await context.host.grpc(grpcOptions(grpc, context), new OtlpGrpcHandler(grpc, intake, context));
          open.push(listener);
          context.log.info(`OTLP over gRPC at ${listener.url}`);
        }
        const taken = inProcessOf(config.protocols);
        if (taken === undefined) return;
        const point = new OtlpInProcess(taken, intake, context);
        inProcess = { point, close: context.host.inProcess.open(context.id, point) };
      } catch (error) {
        await stop(0); // half a receiver would hold a port
        throw error;
      }
    },
    stop,
  };
}

function httpOptions(http: HttpConfig, context: Context): HttpOptions {
  return {
    owner: context.id,
    endpoint: http.endpoint,
    maxBodyBytes: http.max_request_body_size,
    headerTimeoutMs: http.read_header_timeout || LIMITS.headerTimeoutMs,
    idleTimeoutMs: LIMITS.idleTimeoutMs,
    readTimeoutMs: http.read_timeout,
    keepAliveTimeoutMs: http.keep_alives_enabled ? http.idle_timeout || LIMITS.keepAliveTimeoutMs : 0,
    maxConnections: http.max_connections,
    tls: http.tls,
  };
}

function grpcOptions(grpc: GrpcConfig, context: Context): GrpcOptions {
  const { server_parameters: server, enforcement_policy: policy } = grpc.keepalive;
  return {
    owner: context.id,
    endpoint: grpc.endpoint,
    maxMessageBytes: grpc.max_recv_msg_size_mib * MIB,
    maxConcurrentStreams: grpc.max_concurrent_streams,
    maxConnections: grpc.max_connections,
    tls: grpc.tls,
    handshakeTimeoutMs: LIMITS.headerTimeoutMs,
    idleTimeoutMs: LIMITS.idleTimeoutMs,
    readTimeoutMs: LIMITS.readTimeoutMs,
    keepalive: {
      maxIdleMs: server.max_connection_idle,
      maxAgeMs: server.max_connection_age,
      maxAgeGraceMs: server.max_connection_age_grace,
      timeMs: Math.min(server.time || LIMITS.grpcKeepaliveTimeMs, LIMITS.grpcKeepaliveTimeMs),
      timeoutMs: server.timeout || LIMITS.grpcKeepaliveTimeoutMs,
      minPingIntervalMs: policy.min_time || LIMITS.grpcPingIntervalMs,
      pingWithoutStream: policy.permit_without_stream,
    },
  };
}
