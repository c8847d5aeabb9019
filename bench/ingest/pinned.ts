import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { availableParallelism, setPriority } from 'node:os';

/** The system under test has this core to itself; load generator and sink share the other. */
export const SYSTEM_CORE = 0;
export const LOAD_CORE = 1;

/** False where cores cannot be pinned (no taskset, one core): figures from there say nothing and are marked. */
export const canPin: boolean =
  availableParallelism() >= 2 && spawnSync('taskset', ['-c', String(LOAD_CORE), 'true'], { stdio: 'ignore' }).status === 0;

/** Starts a program on one core. taskset becomes the program, so the process id is the program's. */
export function spawnPinned(core: number, command: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  return canPin ? spawn('taskset', ['-c', String(core), command, ...args], options) : spawn(command, [...args], options);
}

/** A process of ours that answers each order with one message. */
export class OrderedProcess<Order, Answer> {
  readonly #child: ChildProcess;
  #ended = false;

  /** `niceness`: above 0 it leaves the core to the others there that want it. */
  constructor(core: number, script: URL, niceness = 0) {
    this.#child = spawnPinned(core, process.execPath, [script.pathname], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    if (niceness > 0 && this.#child.pid !== undefined) setPriority(this.#child.pid, niceness);
    this.#child.once('exit', () => (this.#ended = true));
  }

  ask(order: Order): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.#ended) return reject(new Error('cannot ask the process: it has ended'));
      const ended = (code: number | null): void => reject(new Error(`cannot ask the process: it ended with ${code}`));
      this.#child.once('exit', ended);
      this.#child.once('message', (answer) => {
        this.#child.off('exit', ended);
        resolve(answer as Answer);
      });
      this.#child.send(order as object);
    });
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}
