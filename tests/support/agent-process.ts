import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { OtlpSink } from './otlp-sink.ts';
import { pointsOf, type DecodedPoint } from './metric-points.ts';
import { ROOT } from './tree.ts';

/** Comes with `npm ci`. */
const BUN = join(ROOT, 'node_modules/.bin/bun');

/** The application of agent-app.ts, bundled as applications are, with the worker beside it. `remove` it in the end. */
export class AgentBundle {
  readonly folder = mkdtempSync(join(tmpdir(), 'periscope-agent-'));

  constructor() {
    if (!existsSync(BUN)) throw new Error('cannot bundle the agent: Bun is missing; npm ci installs it');
    const built = spawnSync(
      BUN,
      [
        'build',
        join(ROOT, 'tests/support/agent-app.ts'),
        join(ROOT, 'agent/instrument/export/worker.ts'),
        '--target=node',
        `--outdir=${this.folder}`,
        '--entry-naming=[name].js',
      ],
      { cwd: ROOT, encoding: 'utf8' },
    );
    if (built.status !== 0) throw new Error(`cannot bundle the agent: ${built.stderr}`);
  }

  get app(): string {
    return join(this.folder, 'agent-app.js');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface AppOptions {
  readonly runtime?: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Called when it says that it waits. */
  readonly waiting?: (pid: number) => void | Promise<void>;
  /** Runtime options. */
  readonly flags?: readonly string[];
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
  readonly ms: number;
}

/** Runs it to its end. Nothing of the environment that speaks to an agent gets through. */
export function runApp(
  app: string,
  { runtime = process.execPath, args, env = {}, waiting, flags = [] }: AppOptions,
): Promise<Ended> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OTEL|AGENT|NODE|DASHBOARD|HOST)/.test(name)),
  );
  const began = performance.now();
  const child = spawn(runtime, [...flags, app, ...args], { env: { ...inherited, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('waiting')) void waiting?.(child.pid!);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stderr, ms: performance.now() - began }));
  });
}

export function metricsOf(sink: OtlpSink): readonly DecodedPoint[] {
  return pointsOf(sink.bodies('metrics'));
}

/** The last value of a metric that arrived. */
export function lastValue(sink: OtlpSink, metric: string): number | undefined {
  return metricsOf(sink).findLast((point) => point.metric === metric)?.value;
}

/** The same, as soon as it is `expected`, or as it is after 3 s: a process that ends while this one is kept from its turn has
 *  given up waiting for the answer, and its request is still on the way. */
export async function settledValue(sink: OtlpSink, metric: string, expected: number): Promise<number | undefined> {
  for (let looks = 150; looks > 0 && lastValue(sink, metric) !== expected; looks--) await setTimeout(20);
  return lastValue(sink, metric);
}
