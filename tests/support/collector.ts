import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LedgerSnapshot } from '../../pipeline/ledger.ts';
import { ROOT } from './tree.ts';

/** The built program, as a person starts it. `npm test` builds it first. */
export const MAIN = join(ROOT, 'dist/agent/collector/main.js');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface CollectorOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** As the configuration says, at port 8888 if it does not: for tests of them. Else there are none. */
  readonly ownMetrics?: boolean;
  /** Node's own flags. */
  readonly nodeArgs?: readonly string[];
  /** Another installation of the program. */
  readonly main?: string;
}

/**
 * A collector in a process of its own, with a folder of its own that goes when it is disposed of
 * (`await using collector = await Collector.start(yaml)`). Listeners take port 0; `url` says which they got.
 */
export class Collector {
  readonly folder: string;
  readonly process: ChildProcess;
  readonly exited: Promise<Exit>;
  #output = '';

  private constructor(folder: string, options: CollectorOptions) {
    this.folder = folder;
    const config = join(folder, 'periscope.yaml');
    const quiet = options.ownMetrics === true ? [] : ['--set', 'service.telemetry.metrics.level=none'];
    const run = ['run', '--config', config, ...quiet, ...(options.args ?? [])];
    const args = [...(options.nodeArgs ?? []), options.main ?? MAIN, ...run];
    const { DASHBOARD_SCOPE: _scope, HOST: _host, ...inherited } = process.env;
    this.process = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...inherited, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr])
      stream?.on('data', (chunk: Buffer) => (this.#output += chunk.toString()));
    this.exited = new Promise((resolve) => this.process.once('close', (code, signal) => resolve({ code, signal })));
  }

  /** Spawns without waiting for anything: for starts that must fail. `$FOLDER` in the YAML is the collector's own folder. */
  static async spawn(yaml: string, options: CollectorOptions = {}): Promise<Collector> {
    const main = options.main ?? MAIN;
    if (!existsSync(main)) throw new Error(`cannot start ${main}: it is not built; run npm run build`);
    const folder = await mkdtemp(join(tmpdir(), 'periscope-'));
    await writeFile(join(folder, 'periscope.yaml'), yaml.replaceAll('$FOLDER', folder));
    return new Collector(folder, options);
  }

  /** Resolves when it says that it is running; rejects with its output when it ends before that. */
  static async start(yaml: string, options: CollectorOptions = {}): Promise<Collector> {
    const collector = await Collector.spawn(yaml, options);
    const ended = collector.exited.then(({ code }) => {
      throw new Error(`the collector ended with ${code}:\n${collector.output}`);
    });
    ended.catch(() => undefined);
    await Promise.race([collector.says(/is running[\s\S]*\n/), ended]);
    return collector;
  }

  /** Both streams so far. */
  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#output);
      if (match !== null) return match;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Where the component with this id listens, as it printed it. */
  url(id = 'otlp'): string {
    const row = new RegExp(`^\\s+${id.replaceAll('/', '\\/')}\\s+(https?://\\S+)`, 'm').exec(this.#output);
    if (row?.[1] === undefined) throw new Error(`no address of ${id} in:\n${this.#output}`);
    return row[1];
  }

  /** Where it listens for gRPC, as `http://host:port`. The configuration must have `GRPC_RECEIVER`. */
  get grpcUrl(): string {
    const row = /^\s+otlp\s+(https?:\/\/\S+)\s+\(grpc/m.exec(this.#output);
    if (row?.[1] === undefined) throw new Error(`no gRPC address in:\n${this.#output}`);
    return row[1];
  }

  /** Posts one request to the receiver and reads the answer whole. */
  async send(path: string, body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const response = await fetch(`${this.url()}${path}`, {
      method: 'POST',
      headers: { 'content-type': typeof body === 'string' ? 'application/json' : 'application/x-protobuf', ...headers },
      body: body as NonNullable<RequestInit['body']>,
    });
    return { status: response.status, headers: response.headers, body: new Uint8Array(await response.arrayBuffer()) };
  }

  /** From `health_check`, which the configuration must have. */
  async ledger(): Promise<LedgerSnapshot> {
    const response = await fetch(`${this.url('health_check')}/ledger`);
    return (await response.json()) as LedgerSnapshot;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.process.kill(signal);
    return this.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGKILL');
    await this.exited;
    await rm(this.folder, { recursive: true, force: true });
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

/** For `receiver` of `yamlOf`: gRPC beside HTTP. */
export const GRPC_RECEIVER = '      grpc:\n        endpoint: 127.0.0.1:0\n';

/** A configuration with an OTLP receiver and health check on free ports, and one pipeline per signal. */
export function yamlOf({ exporters, processors = '', chain = [], receiver = '', service = '' }: YamlParts): string {
  const names = [...exporters.matchAll(/^ {2}([a-z_]+(?:\/[\w-]+)?):/gm)].map((match) => match[1]);
  const pipeline = `{ receivers: [otlp], processors: [${chain.join(', ')}], exporters: [${names.join(', ')}] }`;
  return `receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:0
${receiver}
${processors === '' ? '' : `processors:\n${processors}`}
exporters:
${exporters}
extensions:
  health_check:
    endpoint: 127.0.0.1:0
service:
  extensions: [health_check]
${service}
  pipelines:
    metrics: ${pipeline}
    traces: ${pipeline}
    logs: ${pipeline}
`;
}

export interface YamlParts {
  /** YAML under `exporters:`, two spaces in; each id gets everything. */
  readonly exporters: string;
  /** YAML under `processors:`, two spaces in. */
  readonly processors?: string;
  readonly chain?: readonly string[];
  /** More keys of `protocols.http`, eight spaces in. */
  readonly receiver?: string;
  /** More keys of `service`, two spaces in. */
  readonly service?: string;
}
