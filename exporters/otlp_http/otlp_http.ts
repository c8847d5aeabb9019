import type { AgentOptions } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Context, Exporter, Outcome } from '../../pipeline/component.ts';
import { compress } from '../../pipeline/compression/compress.ts';
import { reusesMatches } from '../../pipeline/compression/recode-gzip.ts';
import { protobufToJsonBytes } from '../../pipeline/otlp/protobuf-to-json.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';
import { clientMaterial, watchTlsFiles } from '../../pipeline/tls-material.ts';
import { judge } from './answer.ts';
import type { Config } from './config.ts';
import { agentFor, post, type Target } from './post.ts';

export function create(config: Config, context: Context): Exporter {
  return new OtlpHttpExporter(config, context);
}

class OtlpHttpExporter implements Exporter {
  readonly reusesMatches: boolean;
  readonly #config: Config;
  readonly #context: Context;
  #targets: ReadonlyMap<Signal, Target> = new Map();
  /** Of certificates that were replaced. */
  readonly #agents = new Set<Target['agent']>();
  #unwatch: () => void = () => {};
  #bytesOut = 0;
  #requests = 0;

  constructor(config: Config, context: Context) {
    this.#config = config;
    this.#context = context;
    this.reusesMatches = config.encoding === 'proto' && reusesMatches(config.compression, config.compression_params);
  }

  async start(): Promise<void> {
    const urls = SIGNALS.map((signal) => endpointOf(this.#config, signal)).filter((url) => url !== undefined);
    const secure = urls.some(({ protocol }) => protocol === 'https:');
    this.#connect(secure ? clientMaterial(this.#config.tls) : {});
    if (secure) this.#unwatch = watchTlsFiles(this.#config.tls, () => this.#renew());
  }

  /** Requests from now on go over connections with this material; those under way end where they are. */
  #connect(tls: ConnectionOptions): void {
    const { max_conns_per_host, idle_conn_timeout } = this.#config;
    const options: AgentOptions = {
      ...tls,
      ...(max_conns_per_host > 0 ? { maxSockets: max_conns_per_host } : {}),
      ...(idle_conn_timeout > 0 ? { timeout: idle_conn_timeout } : {}),
    };
    for (const { agent } of this.#targets.values()) {
      // One that is in use is free later, and closed by its idle timeout.
      for (const socket of Object.values(agent.freeSockets).flatMap((sockets) => sockets ?? [])) socket.destroy();
      this.#agents.add(agent);
    }
    const headers = requestHeaders(this.#config);
    const targets = new Map<Signal, Target>();
    for (const signal of SIGNALS) {
      const url = endpointOf(this.#config, signal);
      if (url === undefined) continue;
      const name = `${url.origin}${url.pathname}`;
      const auth = url.username === '' ? {} : { authorization: basic(url) };
      targets.set(signal, { name, url, agent: agentFor(url, options), headers: { ...auth, ...headers } });
    }
    this.#targets = targets;
  }

  #renew(): void {
    try {
      this.#connect(clientMaterial(this.#config.tls));
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.#context.log.limited('tls', `cannot take the changed TLS files, the ones before stay in use: ${cause}`);
    }
  }

  async send(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome> {
    const target = this.#targets.get(batch.signal);
    if (target === undefined) {
      const message = `cannot send ${batch.signal}: neither endpoint nor ${batch.signal}_endpoint is set`;
      return { ok: false, code: 'DESTINATION_REFUSED', retryable: false, message };
    }
    const { encoding, compression, compression_params } = this.#config;
    const plain = encoding === 'json' ? [protobufToJsonBytes(batch.signal, batch.segments)] : batch.segments;
    const body = compress(compression, plain, compression_params.level, this.reusesMatches ? batch.sources : undefined);
    this.#requests += 1;
    const answer = await post(target, body, signal);
    if ('ok' in answer) return answer;
    const { outcome, warning } = judge(answer, batch.items, target.name, this.#context.clock.now());
    if (outcome.ok) for (const segment of body) this.#bytesOut += segment.length;
    if (warning !== undefined) this.#context.log.limited('warning', `${target.name} took the data and says: ${warning}`);
    return outcome;
  }

  /** Waits for nothing: by now every `send` has settled or was aborted. */
  async stop(): Promise<void> {
    this.#unwatch();
    for (const agent of this.#agents) agent.destroy();
    for (const { agent } of this.#targets.values()) agent.destroy();
  }

  stats(): Readonly<Record<string, number>> {
    return { requests: this.#requests, bytesOut: this.#bytesOut };
  }
}

function endpointOf(config: Config, signal: Signal): URL | undefined {
  const own = config[`${signal}_endpoint`];
  if (own !== undefined) return new URL(own);
  if (config.endpoint === undefined) return undefined;
  const url = new URL(config.endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/${signal}`;
  return url;
}

function requestHeaders(config: Config): Record<string, string> {
  const headers: Record<string, string> = {
    'user-agent': 'periscope',
    'content-type': config.encoding === 'json' ? 'application/json' : 'application/x-protobuf',
  };
  if (config.compression !== 'none') headers['content-encoding'] = config.compression;
  for (const [name, value] of Object.entries(config.headers)) headers[name.toLowerCase()] = value;
  return headers;
}

function basic(url: URL): string {
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
