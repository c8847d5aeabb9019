import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { firstLine, preloadOf, startChild } from '../agent/child.ts';
import type { Runtime } from '../agent/runtimes.ts';
import { residentBytes } from '../ingest/process-figures.ts';
import { floorRise } from '../soak/slope.ts';
import { spread } from '../statistics.ts';
import type { AppFigures, AppRun, Latency } from './record.ts';

const END_MS_MAX = 20_000;

export interface AppOptions {
  readonly contender: 'ours' | 'bare';
  readonly runtime: Runtime;
  readonly sinkUrl: string;
  readonly env: Readonly<Record<string, string>>;
}

/** An app that is asked steadily, and what is seen of it from outside. */
export class WatchedApp {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #connection = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #latencies: Readonly<Record<'calm' | 'troubled', number[]>> = { calm: [], troubled: [] };
  readonly #rss: { readonly second: number; readonly mainRssBytes: number; readonly othersRssBytes: number }[] = [];
  /** What it printed on stderr. */
  printed = '';
  requests = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
    child.stderr!.setEncoding('utf8').on('data', (text: string) => (this.printed += text));
  }

  static async start({ contender, runtime, sinkUrl, env }: AppOptions): Promise<WatchedApp> {
    const preload = preloadOf(contender, runtime);
    const child = startChild({ runtime, program: 'chaos-app', args: [contender], preload, sinkUrl, env, stderr: 'pipe' });
    return new WatchedApp(child, (await firstLine(child))['port']!);
  }

  /** One request, and what it took. Throws what went wrong with it: an app that is well answers. */
  async ask(during: 'calm' | 'troubled'): Promise<void> {
    const began = performance.now();
    await this.#get('/');
    this.requests += 1;
    this.#latencies[during].push(performance.now() - began);
  }

  look(second: number): void {
    this.#rss.push({ second, mainRssBytes: residentBytes(this.#child.pid!, 'VmRSS', 'alone'), othersRssBytes: 0 });
  }

  async figures(): Promise<AppFigures> {
    return JSON.parse(await this.#get('/figures')) as AppFigures;
  }

  /** `fromSecond`: before that it warms up. */
  run(fromSecond: number): AppRun {
    const judged = this.#rss.filter(({ second }) => second >= fromSecond);
    const { median, max } = spread(judged.map(({ mainRssBytes }) => mainRssBytes));
    return {
      calm: latencyOf(this.#latencies.calm),
      troubled: latencyOf(this.#latencies.troubled),
      rssMedianBytes: median,
      rssMaxBytes: max,
      rssFloorRiseBytes: floorRise(judged),
    };
  }

  /** As an operator ends it; gives how it ended. */
  async end(): Promise<string> {
    this.#connection.destroy();
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return String(exitCode ?? signalCode);
    const closed = once(this.#child, 'close');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), END_MS_MAX);
    this.#child.kill('SIGTERM');
    const [code, signal] = (await closed) as [number | null, string | null];
    clearTimeout(late);
    return String(code ?? signal);
  }

  #get(path: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, path, agent: this.#connection };
      const request = get(options, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () =>
          response.statusCode === 200
            ? resolve(body)
            : reject(new Error(`cannot ask the app: it answered ${response.statusCode}`)),
        );
        response.on('error', reject);
      });
      request.on('error', reject);
    });
  }
}

function latencyOf(values: readonly number[]): Latency {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number): number => Math.round((sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN) * 1000) / 1000;
  return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
