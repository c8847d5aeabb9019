import { fork, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { WindowBounds } from '../../pipeline/analytics.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import { frameHead, FrameReader, PIPE_FD } from '../wire/frames.ts';
import type { AppendHead, Order, ReplyHead, Report } from '../wire/messages.ts';
import { boundedLaunch, withinLimit } from './bounded-process.ts';
import { runtimePath } from './runtime.ts';

export interface ChildEvents {
  report(report: Report): void;
  reply(head: ReplyHead, body: Uint8Array): void;
  /** It has ended. `how`: `exit code 1`, `SIGKILL`; `said`: the end of what it wrote to stderr. */
  ended(how: string, said: string): void;
}

/** What the child sees of our environment: nothing that a query could tell. */
const KEPT_VARIABLES = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SYSTEMROOT', 'TMPDIR', 'MALLOC_ARENA_MAX'];

/** The program of the child. Node runs no TypeScript in a process of its own: as source, it is that of the build. */
function entry(): string {
  const own = fileURLToPath(import.meta.url);
  const analytics = own.endsWith('.ts') ? join('..', '..', 'dist', 'analytics') : '..';
  return join(dirname(own), analytics, 'main.js');
}

/** What keeps the process from ever running, found without running it; undefined when all is there. */
export function missingPart(program?: string): string | undefined {
  const path = program ?? entry();
  if (!existsSync(path)) return `${path} is not there`;
  if (runtimePath() === undefined) return 'it runs on Node, and PATH has none (this is Bun)';
  if (program !== undefined) return undefined;
  const platform = `${process.platform}-${process.arch}`;
  try {
    // As DuckDB looks for it: its library is a package of its own for each platform, which an install may leave out.
    const { resolve } = createRequire(createRequire(path).resolve('@duckdb/node-bindings'));
    const libraries = [platform, `${platform}-musl`].map((name) => `@duckdb/node-bindings-${name}/duckdb.node`);
    if (libraries.some((library) => isThere(library, resolve))) return undefined;
  } catch {
    // Not even its JavaScript.
  }
  return `DuckDB is not installed for ${platform}; install without --omit=optional`;
}

function isThere(library: string, resolve: (id: string) => string): boolean {
  try {
    return resolve(library) !== '';
  } catch {
    return false;
  }
}

/** One life of the analytics process. */
export class AnalyticsChild {
  readonly #process: ChildProcess;
  readonly #pipe: Duplex;
  readonly #reader: FrameReader;
  readonly #dataBytes: number | undefined;
  #said = '';
  #ended = false;
  readonly exited: Promise<void>;

  constructor(events: ChildEvents, bounds: WindowBounds, program: string = entry()) {
    const launch = boundedLaunch(bounds, runtimePath());
    const env: NodeJS.ProcessEnv = {
      ...launch.env,
      TZ: 'UTC',
      UV_THREADPOOL_SIZE: String(LIMITS.analyticsPoolThreads),
      MALLOC_ARENA_MAX: String(LIMITS.analyticsHeaps),
    };
    for (const name of KEPT_VARIABLES) if (process.env[name] !== undefined) env[name] = process.env[name];
    this.#reader = new FrameReader((head, body) => events.reply(head as ReplyHead, body));
    this.#process = fork(program, [], { ...launch.how, stdio: ['ignore', 'ignore', 'pipe', 'ipc', 'pipe'], env });
    this.#dataBytes = launch.dataBytes;
    this.bound(bounds);
    this.#pipe = this.#process.stdio[PIPE_FD] as Duplex;
    this.#pipe.on('data', (chunk: Buffer) => {
      try {
        this.#reader.push(chunk);
      } catch {
        this.kill();
      }
    });
    // Its end is told by `exit`.
    this.#pipe.on('error', () => {});
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-LIMITS.analyticsStderrBytes);
    });
    this.#process.on('message', (report: Report) => events.report(report));
    this.exited = new Promise((resolve) => {
      const end = (how: string): void => {
        if (this.#ended) return;
        this.#ended = true;
        this.#pipe.destroy();
        events.ended(how, this.#said.trim());
        resolve();
      };
      this.#process.on('exit', (code, signal) => end(signal ?? `exit code ${code}`));
      this.#process.on('error', (error) => {
        this.#said += error.message;
        // Of one that never ran there is no `exit`.
        if (this.#process.pid === undefined) end('not started');
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Whether it can keep them as they are. */
  bound(bounds: WindowBounds): boolean {
    const kept = withinLimit(bounds, this.#dataBytes);
    this.order({ type: 'bounds', bounds: kept });
    return kept === bounds;
  }

  order(order: Order): void {
    if (this.#process.connected) this.#process.send(order, () => {});
  }

  /** `segments` are read until the append is answered, or the process has ended. */
  append(head: AppendHead, segments: readonly Uint8Array[], bytes: number): void {
    if (this.#ended) return;
    const pipe = this.#pipe;
    pipe.cork();
    pipe.write(frameHead(head, bytes));
    for (const segment of segments) pipe.write(segment);
    pipe.uncork();
  }

  kill(): void {
    if (!this.#ended) this.#process.kill('SIGKILL');
  }

  /** Asks it to end, and ends it at the deadline. */
  async stop(deadlineMs: number): Promise<void> {
    this.order({ type: 'stop' });
    const timer = setTimeout(() => this.kill(), deadlineMs);
    await this.exited;
    clearTimeout(timer);
  }
}
