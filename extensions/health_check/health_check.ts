import type { Context, Extension } from '../../pipeline/component.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { HttpAnswer, HttpHandler, HttpHead, HttpListener } from '../../pipeline/host.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { ComponentStatus } from '../../pipeline/status.ts';
import type { HealthCheckConfig } from './config.ts';

/** `starting` until every component has started, `failed` when one needs a person; both answer 503. */
export type Health = 'starting' | 'ok' | 'failed' | 'stopping';

/**
 * The health of the whole: a component that tries again by itself (`recoverable`) keeps the collector in service, as a
 * restart would only lose what it holds.
 */
export function healthOf(components: readonly ComponentStatus[]): Health {
  if (components.some(({ state }) => state === 'failed')) return 'failed';
  if (components.some(({ state }) => state === 'stopped')) return 'stopping';
  if (components.length === 0 || components.some(({ state }) => state === 'starting')) return 'starting';
  return 'ok';
}

export function create(config: HealthCheckConfig, context: Context): Extension {
  const startedMs = context.clock.now();
  let listener: HttpListener | undefined;

  const health = (): HttpAnswer => {
    const components = context.host.status();
    const status = healthOf(components);
    const uptimeSeconds = Math.round((context.clock.now() - startedMs) / 1000);
    return json(status === 'ok' ? 200 : 503, { status, uptimeSeconds, components });
  };
  const answer = (head: HttpHead): HttpAnswer => {
    if (head.method !== 'GET' && head.method !== 'HEAD')
      return { ...failure('METHOD_NOT_ALLOWED', 'GET only'), headers: { ...JSON_TYPE, allow: 'GET, HEAD' } };
    if (head.path === config.path) return health();
    if (head.path === '/ledger' && config.ledger) return json(200, context.host.ledger());
    return failure('NOT_FOUND', `no such path; there is ${config.path}${config.ledger ? ' and /ledger' : ''}`);
  };
  const handler: HttpHandler = {
    // Every answer is ready with the head: no body is ever read.
    head: answer,
    request: answer,
    fault: (_head, code) => failure(code, ERRORS[code].help),
  };

  return {
    async start() {
      listener = await context.host.http(
        {
          owner: context.id,
          endpoint: config.endpoint,
          maxBodyBytes: 0,
          headerTimeoutMs: LIMITS.headerTimeoutMs,
          idleTimeoutMs: LIMITS.idleTimeoutMs,
          readTimeoutMs: LIMITS.idleTimeoutMs,
          keepAliveTimeoutMs: LIMITS.keepAliveTimeoutMs,
          maxConnections: LIMITS.healthConnections,
        },
        handler,
      );
    },
    async stop(deadlineMs) {
      const open = listener;
      listener = undefined;
      await open?.close(deadlineMs);
    },
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

function json(status: number, body: unknown): HttpAnswer {
  return { status, headers: JSON_TYPE, body: `${JSON.stringify(body)}\n` };
}

function failure(code: ErrorCode, message: string): HttpAnswer {
  return json(ERRORS[code].http, { code, message });
}
