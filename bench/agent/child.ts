import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { REPOSITORY } from '../ingest/contenders.ts';
import { spawnPinned, SYSTEM_CORE } from '../ingest/pinned.ts';
import { join } from 'node:path';
import type { Runtime } from './runtimes.ts';

/** Longer takes none of them on a busy machine. */
const CHILD_MS_MAX = 180_000;

export interface ChildOptions {
  readonly runtime: Runtime;
  /** One of programs/. */
  readonly program: string;
  readonly args?: readonly string[];
  /** Loaded before it. */
  readonly preload?: string | undefined;
  readonly sinkUrl: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it has the core of the system under test to itself. */
  readonly pinned?: boolean;
  /** Where what it prints there goes: to whoever started the bench by default. */
  readonly stderr?: 'inherit' | 'pipe';
}

/** The bundle of the agent as this runtime's users get it. */
export function bundleOf({ name }: Pick<Runtime, 'name'>, file = 'index.js'): string {
  return join(REPOSITORY, 'agent/instrument/dist', name === 'bun' ? 'bun' : 'node', 'production', file);
}

/** What is loaded before an app for a contender. */
export function preloadOf(contender: string, runtime: Runtime): string | undefined {
  if (contender === 'bare') return undefined;
  return contender === 'ours' ? bundleOf(runtime) : programFile(contender);
}

/** Starts a program with nothing in its environment that speaks to an agent but what is given. */
export function startChild({
  runtime,
  program,
  args = [],
  preload,
  sinkUrl,
  env = {},
  pinned = false,
  stderr = 'inherit',
}: ChildOptions): ChildProcess {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OTEL|AGENT|NODE|DASHBOARD|HOST|BUN)/.test(name)),
  );
  const before = preload === undefined ? [] : [runtime.name === 'bun' ? '--preload' : '--import', preload];
  const all = [...before, programFile(program), ...args];
  const options = {
    env: { ...inherited, OTEL_EXPORTER_OTLP_ENDPOINT: sinkUrl, ...env },
    stdio: ['ignore', 'pipe', stderr] as ['ignore', 'pipe', 'inherit' | 'pipe'],
  };
  return pinned ? spawnPinned(SYSTEM_CORE, runtime.file, all, options) : spawn(runtime.file, all, options);
}

/** The first line that it prints, as JSON. Rejects when it ends without one. */
export function firstLine(child: ChildProcess): Promise<Readonly<Record<string, number>>> {
  return new Promise((resolve, reject) => {
    let said = '';
    const late = setTimeout(() => child.kill('SIGKILL'), CHILD_MS_MAX);
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const end = said.indexOf('\n');
      if (end === -1) return;
      clearTimeout(late);
      resolve(JSON.parse(said.slice(0, end)) as Record<string, number>);
    });
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(late);
      reject(new Error(`cannot measure: a program ended with ${code ?? signal} before it said anything`));
    });
  });
}

/** Runs a program to its end and gives what it printed. */
export async function answerOf(options: ChildOptions): Promise<Readonly<Record<string, number>>> {
  const child = startChild(options);
  const closed = once(child, 'close');
  const answer = await firstLine(child);
  await closed;
  return answer;
}

/** Ends what `startChild` started. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

const programFile = (name: string): string => fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url));
