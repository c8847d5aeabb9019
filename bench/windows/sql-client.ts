import { Agent, request } from 'node:http';
import { BENCH_SCOPE } from '../load/tokens.ts';

export interface SqlReply {
  readonly status: number;
  readonly rows: readonly (readonly unknown[])[];
  /** In the analytics process, as the answer says. */
  readonly elapsedMs: number;
  /** From the request's first byte to the answer's last. */
  readonly roundTripMs: number;
  /** Of an answer that is not 200. */
  readonly problem: string;
}

/** Only an agent with a timeout of its own heeds how long a server says that it keeps a connection. */
const AGENT_TIMEOUT_MS = 60_000;

/** Asks `POST /api/v1/sql` as any program may: HTTP, one connection per question under way. */
export class SqlClient {
  readonly #agent = new Agent({ keepAlive: true, timeout: AGENT_TIMEOUT_MS });
  readonly #port: number;
  readonly #token: string;

  constructor(port: number, token: string) {
    this.#port = port;
    this.#token = token;
  }

  /** Rejects when there is no answer at all. */
  ask(sql: string): Promise<SqlReply> {
    const body = Buffer.from(JSON.stringify({ sql }));
    const headers = {
      authorization: `Bearer ${this.#token}`,
      'x-dashboard-scope': BENCH_SCOPE,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const from = performance.now();
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: this.#port, path: '/api/v1/sql', method: 'POST', agent: this.#agent, headers };
      const asked = request(options, (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () =>
          resolve(readReply(answer.statusCode ?? 0, Buffer.concat(chunks).toString(), performance.now() - from)),
        );
      });
      asked.once('error', reject);
      asked.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** A question that must be answered: throws with the API's words when it is not. */
export async function rowsOf(client: SqlClient, sql: string): Promise<readonly (readonly unknown[])[]> {
  const reply = await client.ask(sql);
  if (reply.status !== 200) throw new Error(`cannot ask ${JSON.stringify(sql)}: ${reply.status} ${reply.problem}`);
  return reply.rows;
}

function readReply(status: number, text: string, roundTripMs: number): SqlReply {
  if (status !== 200) return { status, rows: [], elapsedMs: 0, roundTripMs, problem: text };
  const { rows, elapsed_ms: elapsedMs } = JSON.parse(text) as { rows: unknown[][]; elapsed_ms: number };
  return { status, rows, elapsedMs, roundTripMs, problem: '' };
}
