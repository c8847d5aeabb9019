import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { copyFileSync, openSync, closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Contender, launch, REPOSITORY } from './contenders.ts';
import type { FirstRequest } from './first-request.ts';
import { freePort } from './free-port.ts';
import { spawnPinned, SYSTEM_CORE } from './pinned.ts';

const FIRST_ANSWER_MS = 20_000;
const STOP_MS = 20_000;

/** A contender while it runs. */
export interface RunningSystem {
  readonly pid: number;
  readonly port: number;
  /** Of Periscope's API, or of what else a system shows itself by; only where its config has one. */
  readonly apiPort: number;
  readonly firstAnswerMs: number;
  /** Asks it to drain and end; ends it after a while. */
  stop(): Promise<void>;
  /** Its exit code; null while it runs, and of one that was ended. */
  exitCode(): number | null;
  /** What it has said so far. */
  log(): string;
}

/** Starts a contender in `folder` and waits for its first 200. Throws with the end of its log when there is none. */
export async function startSystem(
  contender: Contender,
  ask: FirstRequest,
  outPort: number,
  folder: string,
): Promise<RunningSystem> {
  const port = await freePort();
  // Whatever a program writes beside its config stays in the run's folder.
  const configFile = join(folder, contender.config ?? 'none.yaml');
  if (contender.config !== undefined) copyFileSync(join(REPOSITORY, 'bench/scenarios', contender.config), configFile);
  const ports = { in: port, out: outPort, grpc: await freePort(), api: await freePort() };
  const how = launch(contender, ports, configFile);
  const logFile = join(folder, 'system.log');
  const log = openSync(logFile, 'w');
  const startedAt = performance.now();
  const options: SpawnOptions = { cwd: folder, env: { ...process.env, ...how.env }, stdio: ['ignore', log, log] };
  const child =
    contender.everyCore === true
      ? spawn(how.command, [...how.args], options)
      : spawnPinned(SYSTEM_CORE, how.command, how.args, options);
  closeSync(log);
  // A program that cannot be started says so in an event as well as by having no process id.
  child.on('error', () => {});
  try {
    const firstAnswerMs = await firstAnswer(child, port, ask, startedAt);
    return {
      pid: child.pid!,
      port,
      apiPort: ports.api,
      firstAnswerMs,
      stop: () => stopChild(child),
      exitCode: () => child.exitCode,
      log: () => readFileSync(logFile, 'utf8'),
    };
  } catch (cause) {
    await stopChild(child);
    const end = readFileSync(logFile, 'utf8').trim().split('\n').slice(-5).join('\n');
    throw new Error(`cannot start ${contender.id}: ${(cause as Error).message}\n${end}`, { cause });
  }
}

async function firstAnswer(child: ChildProcess, port: number, ask: FirstRequest, startedAt: number): Promise<number> {
  let last: number | string = 'nothing';
  while (performance.now() - startedAt < FIRST_ANSWER_MS) {
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`it ended with ${child.exitCode}`);
    last = await ask(port);
    if (last === 200) return performance.now() - startedAt;
    await sleep(2);
  }
  throw new Error(`no 200 within ${FIRST_ANSWER_MS} ms, last was ${last}`);
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
}
