import type { Context, Extension } from '../../pipeline/component.ts';
import type { HttpListener } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { DashboardConfig } from './config.ts';

export function create(config: DashboardConfig, context: Context): Extension {
  let listener: HttpListener | undefined;
  return {
    async start() {
      listener = await context.host.api({
        owner: context.id,
        endpoint: config.endpoint,
        auth: config.auth,
        tls: config.tls,
        allowedOrigins: config.allowed_origins,
        allowQueryToken: config.allow_query_token,
        maxBodyBytes: LIMITS.apiBodyBytes,
        headerTimeoutMs: LIMITS.headerTimeoutMs,
        idleTimeoutMs: LIMITS.idleTimeoutMs,
        readTimeoutMs: LIMITS.idleTimeoutMs,
        keepAliveTimeoutMs: LIMITS.keepAliveTimeoutMs,
        maxConnections: config.max_connections,
      });
    },
    async stop(deadlineMs) {
      const open = listener;
      listener = undefined;
      await open?.close(deadlineMs);
    },
  };
}
