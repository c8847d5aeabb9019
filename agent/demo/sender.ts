import { Agent, request } from 'node:http';
import type { Signal } from '../../pipeline/signal.ts';

/** Where each signal goes, as a URL; one that nobody takes is not sent. */
export type DemoTargets = Readonly<Partial<Record<Signal, string>>>;

/** For one attempt. */
const TIMEOUT_MS = 5000;
/** A collector that is full says so with these. */
const RETRYABLE = new Set([429, 502, 503, 504]);
const ATTEMPTS = 3;
const PAUSE_MS = 500;

/** Sends OTLP over HTTP, as an SDK does: what is refused for now is sent again, what is refused for good is given up. */
export class Sender {
  readonly #targets: DemoTargets;
  /** Only an agent with a timeout of its own heeds how long a server says that it keeps a connection. */
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 3, timeout: TIMEOUT_MS });
  #closed = false;

  constructor(targets: DemoTargets) {
    this.#targets = targets;
  }

  /** Resolves to whether it has arrived. Never rejects. */
  async send(signal: Signal, body: Uint8Array): Promise<boolean> {
    const url = this.#targets[signal];
    if (url === undefined) return false;
    for (let attempt = 1; ; attempt++) {
      const status = await this.#post(url, body).catch(() => undefined);
      if (status === 200) return true;
      if (this.#closed || attempt === ATTEMPTS || (status !== undefined && !RETRYABLE.has(status))) return false;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
  }

  close(): void {
    this.#closed = true;
    this.#agent.destroy();
  }

  #post(url: string, body: Uint8Array): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length };
      const sent = request(url, { method: 'POST', agent: this.#agent, headers, timeout: TIMEOUT_MS }, (answer) => {
        answer.resume();
        answer.once('end', () => resolve(answer.statusCode)).once('error', reject);
      });
      sent.once('timeout', () => sent.destroy(new Error('no answer'))).once('error', reject);
      sent.end(body);
    });
  }
}
