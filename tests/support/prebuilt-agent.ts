import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { VariantName } from '../../agent/instrument/flags/variants.ts';
import type { AgentRuntime } from './agent-runtimes.ts';
import type { OtlpSink } from './otlp-sink.ts';
import { decode, type Tree } from './reference/otlp.ts';
import { attributesOf, type DecodedPoint, pointsOf, textOf } from './metric-points.ts';
import { ROOT } from './tree.ts';

interface ProjectOptions {
  readonly target: AgentRuntime['target'];
  /** Folders that get a copy each of the bundle as it is published. */
  readonly agents?: readonly string[];
  readonly variant?: VariantName;
}

/** A project of its own in `folder`, with the packages of this repository. */
export function projectIn(
  folder: string,
  files: Readonly<Record<string, string>>,
  { target, agents = ['agent'], variant = 'production' }: ProjectOptions,
): void {
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const agent of agents) {
    cpSync(join(ROOT, 'agent/instrument/dist', target, variant), join(folder, agent), { recursive: true });
  }
  for (const [name, text] of Object.entries({ 'package.json': '{"name":"shop","type":"module"}', ...files })) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with all of stdout whenever more of it has come. */
  readonly printed?: (stdout: string, child: ChildProcess) => void;
}

/** Runs a program to its end. Nothing of the environment that speaks to an agent gets through. */
export function runProgram(program: string, args: readonly string[], { cwd, env = {}, printed }: RunOptions): Promise<Ended> {
  const inherited = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(OTEL|AGENT|NODE|DASHBOARD|HOST|npm)/.test(name)),
  );
  const child = spawn(program, args, {
    cwd,
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    // One that hangs is not left behind by its test.
    timeout: 50_000,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    printed?.(stdout, child);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** For `printed`: sends a signal as soon as the program has printed `text`. */
export function signalWhen(text: string, signal: NodeJS.Signals): (stdout: string, child: ChildProcess) => void {
  let sent = false;
  return (stdout, child) => {
    if (sent || !stdout.includes(text)) return;
    sent = true;
    child.kill(signal);
  };
}

/** What each process has sent, by its `service.instance.id`. A request is of one process. */
export function pointsByInstance(sink: OtlpSink): ReadonlyMap<unknown, readonly DecodedPoint[]> {
  const points = new Map<unknown, readonly DecodedPoint[]>();
  for (const body of sink.bodies('metrics')) {
    const [group] = decode('metrics', body)['resourceMetrics'] as readonly Tree[];
    const instance = attributesOf((group!['resource'] as Tree)['attributes'])['service.instance.id'];
    points.set(instance, [...(points.get(instance) ?? []), ...pointsOf([body])]);
  }
  return points;
}

/** The total of a counter, or the count of a histogram, by process; cumulative, so the last of each series counts. */
export function totalsOf(sink: OtlpSink, metric: string): ReadonlyMap<unknown, number> {
  const totals = new Map<unknown, number>();
  for (const [instance, points] of pointsByInstance(sink)) {
    const series = new Map<string, number>();
    for (const point of points) {
      if (point.metric === metric) series.set(textOf(point.attributes), Number(point.tree['count'] ?? point.value));
    }
    if (series.size > 0) totals.set(instance, sum(series.values()));
  }
  return totals;
}

/** The total over all processes, as soon as it is `expected`, or as it is after 3 s. */
export async function settledTotal(sink: OtlpSink, metric: string, expected: number): Promise<number> {
  const total = (): number => sum(totalsOf(sink, metric).values());
  for (let looks = 150; looks > 0 && total() !== expected; looks--) await setTimeout(20);
  return total();
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}
