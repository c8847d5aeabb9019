/**
 * The compile-time flags of the in-process agent, all of them. `feature('NAME')` of `bun:bundle` asks for one where the agent
 * is put together; a bundle that is built without a flag does not hold the code behind it. docs/reference/agent-flags.md is
 * made from this table and from what each flag adds to a bundle.
 */
export interface Flag {
  /** What a bundle can do with it. */
  readonly about: string;
  /** A text of the code behind it that no other code has: in a bundle it tells whether that code is there. */
  readonly marker: string;
  /** Flags without which it does nothing. */
  readonly needs?: readonly string[];
  /** Flags whose code comes with it, whether they are on or not: they cannot be switched off beside it. */
  readonly brings?: readonly string[];
  /** The runtime whose bundles have its code: there is no use for it elsewhere. */
  readonly only?: 'node' | 'bun';
}

function instrumentation(about: string, marker: string): Flag {
  return { about: `metrics: ${about}`, marker, needs: ['METRICS'] };
}

function tenant(domain: string, flag: string): Flag {
  return { about: `the tenant ${domain}: its machines (HOST) tag their data with it`, marker: flag, needs: ['METRICS'] };
}

export const FLAGS = {
  METRICS: {
    about: 'the MeterProvider behind `@opentelemetry/api`: without it instruments are those of the API that do nothing',
    marker: 'cannot keep meter ',
  },
  TRACK: {
    about: '`track`, `tracked`, `operation` and `scope`: how long operations of the app take and how they end',
    marker: 'op.duration',
    needs: ['METRICS'],
  },
  PERF_TRACKING: {
    about: '`perf`: MASTER_PERF in the process and at the collector; operations of TRACK have rows in it, too',
    marker: 'periscope.master_perf',
    needs: ['METRICS'],
  },
  TABLE: {
    about: '`perf.print()` and `perf.toString()` draw the matrix, in colours on a terminal; without it a plain table',
    marker: 'CATEGORY',
    needs: ['PERF_TRACKING'],
  },
  R2_STORAGE: {
    about: '`trackS3(client)`: calls of S3 and R2 as metrics, and with PERF_TRACKING as rows of MASTER_PERF',
    marker: 's3.client.io',
    needs: ['METRICS'],
  },
  MOCK_API: {
    about: '`AGENT_MOCK_API=1` keeps what would be sent in memory, for tests of an app: `mockApi`',
    marker: 'AGENT_MOCK_API',
    needs: ['METRICS'],
  },
  DEBUG: {
    about: 'every measurement fault, and each step of the start, as a line on stderr',
    marker: 'periscope-agent debug: ',
  },
  DEBUG_PERF: {
    about:
      'what the agent itself takes: the time of its start as a line on stderr, that of each round of callbacks as a histogram',
    marker: 'periscope.agent.observe.duration',
    needs: ['METRICS'],
  },
  AUDIT_LOGGING: {
    about: '`AGENT_AUDIT_FILE`: what the agent did, where it sends and what it refused, as a chain of hashed lines',
    marker: 'cannot write the audit log ',
    needs: ['METRICS'],
  },
  CONFIG_FILE: {
    about: '`OTEL_CONFIG_FILE`: a file of declarative configuration, read by a file of its own, which holds a parser of YAML',
    marker: './config-file.cjs',
    needs: ['METRICS'],
  },
  RATE_LIMITING: {
    about: "no more exports a minute than the scope's row of the matrix allows",
    marker: ' times a minute; every ',
    needs: ['METRICS'],
  },
  WEBHOOK_SIGNING: {
    about: '`AGENT_WEBHOOK_SECRET` signs every export request (HMAC-SHA256, Standard Webhooks), in the worker, too',
    marker: 'webhook-signature',
    needs: ['METRICS'],
  },
  ENTERPRISE: {
    about: 'scope ENTERPRISE leaves the machine by https only',
    marker: 'enterprise data leaves this machine by https only',
    needs: ['METRICS'],
    brings: ['AUDIT_LOGGING', 'RATE_LIMITING', 'WEBHOOK_SIGNING'],
  },
  LOCAL_SANDBOX: {
    about: 'scope LOCAL-SANDBOX never leaves the machine',
    marker: 'a local sandbox sends to this machine only',
    needs: ['METRICS'],
  },
  SDK_ENGINE: {
    about: "`AGENT_ENGINE=sdk`: the official metrics SDK, which the app has installed, in place of the agent's own engine",
    marker: 'cannot start the official SDK',
    needs: ['METRICS'],
  },
  TRACES: {
    about: '`AGENT_TRACES=1`: traces by the official SDK and its instrumentations, which the app has installed',
    marker: 'cannot start traces: ',
    needs: ['METRICS'],
  },
  HTTP_SERVER: instrumentation('requests to servers of node:http', 'writableFinished'),
  HTTP_CLIENT: instrumentation('requests by node:http and node:https', 'http.client.request.created'),
  FETCH: instrumentation('requests by fetch and undici', 'globalThis.fetch'),
  BUN_SERVE: { ...instrumentation('requests to Bun.serve, with its routes', 'this is not Bun'), only: 'bun' },
  FASTIFY: instrumentation('`http.route` of Fastify', 'fastify.initialization'),
  EXPRESS: instrumentation('`http.route` of Express', 'originalUrl'),
  HONO: instrumentation('`http.route` of Hono: `honoRoutes()`', 'matchedRoutes'),
  RUNTIME_METRICS: instrumentation('event loop, heap and garbage collection', 'nodejs.eventloop.delay.'),
  PROCESS_METRICS: instrumentation('CPU, memory and threads of the process', 'process.paging.faults'),
  API_DUOPLUS_IO_TENANT: tenant('api.duoplus.io', 'API_DUOPLUS_IO_TENANT'),
  DEV_DUOPLUS_IO_TENANT: tenant('dev.duoplus.io', 'DEV_DUOPLUS_IO_TENANT'),
  LOCALHOST_TENANT: tenant('localhost', 'LOCALHOST_TENANT'),
  APPLE_FACTORY_WAGER_COM_TENANT: tenant('apple.factory-wager.com', 'APPLE_FACTORY_WAGER_COM_TENANT'),
} as const satisfies Record<string, Flag>;

export type FlagName = keyof typeof FLAGS;

export const FLAG_NAMES = Object.keys(FLAGS) as readonly FlagName[];

export function isFlag(name: string): name is FlagName {
  return Object.hasOwn(FLAGS, name);
}
