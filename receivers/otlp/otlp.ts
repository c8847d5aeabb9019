import type { Context, Intake, Receiver } from '../../pipeline/component.ts';
import type { HttpListener } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Config } from './config.ts';
import { OtlpHttpHandler } from './otlp-http.ts';

export function create(config: Config, context: Context): Receiver {
  const { http, grpc } = config.protocols;
  let listener: HttpListener | undefined;

  return {
    async start(intake: Intake) {
      if (http !== undefined) {
        const options = {
          owner: context.id,
          endpoint: http.endpoint,
          maxBodyBytes: http.max_request_body_size,
          headerTimeoutMs: http.read_header_timeout || LIMITS.headerTimeoutMs,
          idleTimeoutMs: LIMITS.idleTimeoutMs,
          readTimeoutMs: http.read_timeout,
          keepAliveTimeoutMs: http.keep_alives_enabled ? http.idle_timeout || LIMITS.keepAliveTimeoutMs : 0,
          maxConnections: http.max_connections,
        };
        listener = await context.host.http(options, new OtlpHttpHandler(http, intake, context));
        context.log.info(`OTLP over HTTP at ${listener.url}`, { engine: listener.engine });
      }
      if (grpc !== undefined) {
        context.log.warn(`OTLP over gRPC is not served in this version: senders to ${grpc.endpoint} must use OTLP over HTTP`);
      }
    },
    async stop(deadlineMs) {
      const open = listener;
      listener = undefined;
      await open?.close(deadlineMs);
    },
  };
}
