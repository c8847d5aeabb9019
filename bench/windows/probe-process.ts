import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Latency } from '../load/latency.ts';
import { PATHS } from '../load/workload.ts';
import { SqlClient } from './sql-client.ts';

export interface ProbeOptions {
  readonly port: number;
  readonly apiPort: number;
  readonly token: string;
  readonly everyMs: number;
}
export type ProbeOrder =
  | { readonly type: 'prepare'; readonly options: ProbeOptions }
  | { readonly type: 'start' | 'mark' | 'stop' };
/** Of probes that went out after the mark. */
export interface ProbeReport {
  /** Points that were acknowledged. */
  readonly probes: number;
  /** Of them, those that SQL did not see within the time it was given. */
  readonly unseen: number;
  readonly refused: number;
  readonly visibleP50Ms: number;
  readonly visibleP99Ms: number;
  readonly visibleMaxMs: number;
  /** Of the question that looks for them: its time is part of the figures above. */
  readonly questionP50Ms: number;
  readonly failedQuestions: number;
}
export type ProbeAnswer = { readonly type: 'done' } | { readonly type: 'report'; readonly report: ProbeReport };

const METRIC = 'bench.visibility';
const QUESTION = `SELECT max("Value") FROM otel_metrics_gauge WHERE "MetricName" = '${METRIC}'`;
const BETWEEN_QUESTIONS_MS = 2;
const UNSEEN_MS = 10_000;

/** Sends numbered points and asks SQL, again and again, for the highest number that it sees. */
class Prober {
  readonly #options: ProbeOptions;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #client: SqlClient;
  /** Numbers that SQL has not shown, with the time of their acknowledgement; in order. */
  #waiting: { readonly number: number; readonly ackMs: number }[] = [];
  #visible = new Latency();
  #question = new Latency();
  #maxMs = 0;
  #probes = 0;
  #refused = 0;
  #failedQuestions = 0;
  #number = 0;
  /** Numbers up to here went out before the mark. */
  #marked = 0;
  #sending = false;
  #looking = false;
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: ProbeOptions) {
    this.#options = options;
    this.#client = new SqlClient(options.apiPort, options.token);
  }

  start(): void {
    this.#sending = true;
    this.#looking = true;
    this.#work = Promise.all([this.#send(), this.#look()]);
  }

  mark(): void {
    this.#marked = this.#number;
    this.#visible = new Latency();
    this.#question = new Latency();
    this.#maxMs = 0;
    this.#probes = 0;
  }

  async stop(): Promise<ProbeReport> {
    this.#sending = false;
    for (let waited = 0; this.#waiting.length > 0 && waited < UNSEEN_MS; waited += 10) await sleep(10);
    this.#looking = false;
    await this.#work;
    this.#agent.destroy();
    this.#client.close();
    return {
      probes: this.#probes,
      unseen: this.#waiting.length,
      refused: this.#refused,
      visibleP50Ms: this.#visible.quantileMs(0.5),
      visibleP99Ms: this.#visible.quantileMs(0.99),
      visibleMaxMs: this.#maxMs,
      questionP50Ms: this.#question.quantileMs(0.5),
      failedQuestions: this.#failedQuestions,
    };
  }

  async #send(): Promise<void> {
    let next = performance.now();
    while (this.#sending) {
      const number = ++this.#number;
      const status = await this.#post(number);
      if (status === 200) {
        if (number > this.#marked) this.#probes++;
        this.#waiting.push({ number, ackMs: performance.now() });
      } else {
        this.#refused++;
      }
      next = Math.max(next + this.#options.everyMs, performance.now() - this.#options.everyMs);
      await sleep(Math.max(0, next - performance.now()));
    }
  }

  /** An answer tells of all points up to its number; it counts when it is here, not when the question was asked. */
  async #look(): Promise<void> {
    while (this.#looking) {
      const reply = await this.#client.ask(QUESTION).catch(() => undefined);
      if (reply?.status !== 200) {
        this.#failedQuestions++;
        await sleep(20);
        continue;
      }
      this.#question.note(reply.roundTripMs);
      const seen = Number(reply.rows[0]?.[0] ?? 0);
      const now = performance.now();
      while (this.#waiting.length > 0 && this.#waiting[0]!.number <= seen) {
        const { number, ackMs } = this.#waiting.shift()!;
        if (number <= this.#marked) continue;
        this.#visible.note(now - ackMs);
        this.#maxMs = Math.max(this.#maxMs, now - ackMs);
      }
      await sleep(BETWEEN_QUESTIONS_MS);
    }
  }

  #post(number: number): Promise<number> {
    const timeUnixNano = `${Date.now()}000000`;
    const gauge = { dataPoints: [{ timeUnixNano, asDouble: number }] };
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'bench' } }] };
    const scopeMetrics = [{ metrics: [{ name: METRIC, gauge }] }];
    const body = JSON.stringify({ resourceMetrics: [{ resource, scopeMetrics }] });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const { port } = this.#options;
    return new Promise((resolve) => {
      const options = { host: '127.0.0.1', port, path: PATHS.metrics, method: 'POST', agent: this.#agent, headers };
      const asked = request(options, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode ?? 0));
      });
      asked.once('error', () => resolve(0));
      asked.end(body);
    });
  }
}

let prober: Prober | undefined;

process.on('message', (order: ProbeOrder) => void obey(order).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit(0));

async function obey(order: ProbeOrder): Promise<ProbeAnswer> {
  if (order.type === 'stop') return { type: 'report', report: await prober!.stop() };
  if (order.type === 'prepare') prober = new Prober(order.options);
  else if (order.type === 'start') prober!.start();
  else prober!.mark();
  return { type: 'done' };
}
