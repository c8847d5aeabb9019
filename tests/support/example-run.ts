import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { AgentRuntime } from './agent-runtimes.ts';
import { ROOT } from './tree.ts';

export interface ExampleRun {
  readonly runtime: AgentRuntime;
  /** Its folder in agent/instrument/examples. */
  readonly app: string;
  readonly args?: readonly string[];
  /** Where the agent sends to: an address without a path. */
  readonly endpoint: string;
  readonly env?: Readonly<Record<string, string>>;
  /** `METHOD path`, asked one after another when it listens. Absent: it ends by itself. */
  readonly asks?: readonly string[];
  /** When it is told to end. What goes out at the end has half a second, which a busy machine may not give. */
  readonly arrived?: () => boolean;
}

export interface EndedRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it printed first: a server, its address. */
  readonly line: string;
  readonly stderr: string;
  /** Of the answers, in the order in which they were asked for. */
  readonly statuses: readonly number[];
}

/** One that runs for longer has not ended when it was told to. */
const LONGEST_MS = 90_000;

/** Starts an example as its README says, except that the bundle is named by its file: that of this checkout, whichever
 *  `npm ci` has linked. */
export async function runExample({ runtime, app, args = [], endpoint, env = {}, asks, arrived }: ExampleRun): Promise<EndedRun> {
  const examples = join(ROOT, 'agent/instrument/examples');
  const bundle = join(ROOT, 'agent/instrument/dist', runtime.target, 'production/index.js');
  const child = spawn(runtime.path, [runtime.preload, bundle, join(examples, app, 'app.js'), ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], PORT: '0', OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env },
  });
  const late = setTimeout(() => child.kill('SIGKILL'), LONGEST_MS);
  const ended = Promise.all([text(child.stderr), once(child, 'close')]);
  try {
    const said = once(child.stdout, 'data').then(([chunk]) => String(chunk).trim());
    const line = await Promise.race([said, ended.then(([stderr]) => Promise.reject(new Error(`${app} ended: ${stderr}`)))]);
    const statuses: number[] = [];
    for (const each of asks ?? []) {
      const [method, path] = each.split(' ') as [string, string];
      statuses.push(await ask(new URL(path, line), method));
    }
    while (arrived?.() === false && child.exitCode === null && child.signalCode === null)
      await new Promise((resolve) => setTimeout(resolve, 20));
    if (asks !== undefined) child.kill('SIGTERM');
    const [stderr, [code, signal]] = await ended;
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, line, stderr, statuses };
  } finally {
    clearTimeout(late);
    child.kill('SIGKILL');
  }
}

/** Reads the answer whole. fetch does not send every method, and keeps connections. */
async function ask(url: URL, method: string): Promise<number> {
  const asking = request(url, { method, agent: false });
  asking.end();
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'close');
  return response.statusCode ?? 0;
}
