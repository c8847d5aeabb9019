import { setTimeout as sleep } from 'node:timers/promises';
import { Latency } from '../load/latency.ts';
import { SqlClient } from './sql-client.ts';

export interface UserOptions {
  readonly apiPort: number;
  readonly token: string;
  readonly users: number;
  /** Each user asks them in turn, beginning with another one. */
  readonly questions: readonly string[];
  /** From an answer to the same user's next question; 0: none. */
  readonly pauseMs: number;
}
export type UserOrder = { readonly type: 'prepare'; readonly options: UserOptions } | { readonly type: 'start' | 'stop' };
export interface UserReport {
  readonly answers: number;
  /** Answers that are no rows, by status; 0: no answer came. */
  readonly refused: Readonly<Record<string, number>>;
  readonly firstProblem: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}
export type UserAnswer = { readonly type: 'done' } | { readonly type: 'report'; readonly report: UserReport };

/** A refusal is not asked again at once: what is measured is users, and no attack. */
const REFUSED_PAUSE_MS = 20;

class Users {
  readonly #options: UserOptions;
  readonly #client: SqlClient;
  readonly #latency = new Latency();
  readonly #refused: Record<string, number> = {};
  #answers = 0;
  #firstProblem = '';
  #asking = false;
  #loops: Promise<void>[] = [];

  constructor(options: UserOptions) {
    this.#options = options;
    this.#client = new SqlClient(options.apiPort, options.token);
  }

  start(): void {
    this.#asking = true;
    this.#loops = Array.from({ length: this.#options.users }, (_, user) => this.#ask(user));
  }

  async stop(): Promise<UserReport> {
    this.#asking = false;
    await Promise.all(this.#loops);
    this.#client.close();
    return {
      answers: this.#answers,
      refused: this.#refused,
      firstProblem: this.#firstProblem,
      p50Ms: this.#latency.quantileMs(0.5),
      p99Ms: this.#latency.quantileMs(0.99),
    };
  }

  async #ask(user: number): Promise<void> {
    const { questions, pauseMs } = this.#options;
    let n = user;
    while (this.#asking) {
      const reply = await this.#client.ask(questions[n++ % questions.length]!).catch((cause: unknown) => ({
        status: 0,
        roundTripMs: 0,
        problem: String(cause),
      }));
      if (reply.status === 200) {
        this.#answers++;
        this.#latency.note(reply.roundTripMs);
      } else {
        this.#refused[reply.status] = (this.#refused[reply.status] ?? 0) + 1;
        this.#firstProblem ||= reply.problem;
      }
      const pause = reply.status === 200 ? pauseMs : Math.max(pauseMs, REFUSED_PAUSE_MS);
      if (pause > 0) await sleep(pause);
    }
  }
}

let users: Users | undefined;

process.on('message', (order: UserOrder) => void obey(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit(0));

async function obey(order: UserOrder): Promise<UserAnswer> {
  if (order.type === 'stop') return { type: 'report', report: await users!.stop() };
  if (order.type === 'prepare') users = new Users(order.options);
  else users!.start();
  return { type: 'done' };
}
