import type { MessagePort } from 'node:worker_threads';
import { SeamTransport } from '../export/seam-transport.ts';
import { OtlpTransport, type Posting } from '../export/transport.ts';
import { type Answer, judge, type Verdict, waitMs } from '../export/verdict.ts';
import { SENDING_LIMITS } from '../export/limits.ts';
import type { LineLevel } from '../export/metric-export.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import type { OtlpSettings } from '../settings.ts';
import type { SpanRequest } from './span-messages.ts';

export interface SpanExportHost {
  /** In the order in which they came. */
  ended(id: number, delivered: boolean): void;
  /** So many spans were handed over and have not arrived. */
  open(spans: number): void;
  line(level: LineLevel, text: string): void;
}

/**
 * Sends requests of spans one after the other, in the order in which they come. One that fails is tried again as OTLP has it,
 * for SENDING_LIMITS.spanRequestMs; then it is given up and told. Who hands them over bounds how many wait.
 */
export class SpanExport {
  readonly #settings: OtlpSettings;
  readonly #host: SpanExportHost;
  readonly #transport: OtlpTransport;
  readonly #random: () => number;
  #seam: SeamTransport | undefined;
  readonly #waiting: SpanRequest[] = [];
  #isWorking = false;
  /** Handed over, and neither delivered nor given up before the end began. */
  #open = 0;
  readonly #told = new Set<string>();
  /** By performance.now; from the moment on in which the process ends. */
  #endMs = Infinity;
  #abort = new AbortController();
  #endsWait: (() => void) | undefined;

  constructor(settings: OtlpSettings, host: SpanExportHost, random: () => number = Math.random) {
    this.#settings = settings;
    this.#host = host;
    this.#random = random;
    this.#transport = new OtlpTransport(settings, true);
    this.#transport.warm();
  }

  /** From now on to a collector of this process; undefined: by the network. */
  connect(port: MessagePort | undefined): void {
    this.#seam?.close();
    this.#seam = port === undefined ? undefined : new SeamTransport(port, 'traces');
  }

  take(request: SpanRequest): void {
    this.#waiting.push(request);
    this.#host.open((this.#open += request.spans));
    if (!this.#isWorking) void this.#work();
  }

  /** All that is there, within `timeoutMs`: no back-off is waited for, and what is under way no longer than half of it. */
  end(timeoutMs: number): void {
    this.#endMs = performance.now() + timeoutMs;
    this.#endsWait?.();
    const current = this.#abort;
    setTimeout(() => current.abort(), timeoutMs / 2).unref();
  }

  close(): void {
    this.#abort.abort();
    this.#transport.close();
    this.#seam?.close();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (let request = this.#waiting.shift(); request !== undefined; request = this.#waiting.shift()) {
      const delivered = await this.#deliver(request).catch((error: unknown) => {
        // Ours to mend, and no reason to end anything of the application.
        this.#line('bug', `cannot send spans: BUG: ${String(error)}`);
        return false;
      });
      // What could not be sent at the end stays open: who waits tells of it.
      if (delivered || this.#endMs === Infinity) this.#host.open((this.#open -= request.spans));
      this.#host.ended(request.id, delivered);
    }
    this.#isWorking = false;
  }

  async #deliver(request: SpanRequest): Promise<boolean> {
    const untilMs = performance.now() + SENDING_LIMITS.spanRequestMs;
    for (let failures = 1; ; failures++) {
      const isLast = this.#endMs !== Infinity;
      const verdict = judge(await this.#post(request.body, untilMs), Date.now());
      if (verdict.kind === 'delivered') {
        this.#delivered(request, verdict);
        return true;
      }
      if (verdict.kind !== 'retry' || isLast) return this.#givenUp(request, verdict);
      // The end has begun meanwhile: once more, at once.
      if (this.#endMs !== Infinity) continue;
      const delayMs = waitMs(failures, this.#random(), verdict.afterMs);
      if (performance.now() + delayMs >= untilMs) return this.#givenUp(request, verdict);
      await this.#wait(delayMs);
    }
  }

  #post(body: Uint8Array, untilMs: number): Promise<Answer> {
    this.#abort = new AbortController();
    const leftMs = Math.min(untilMs, this.#endMs) - performance.now();
    const posting: Posting = { timeoutMs: Math.max(1, Math.min(this.#settings.timeoutMs, leftMs)), signal: this.#abort.signal };
    // A seam gives its bytes away, and these may be wanted again.
    return this.#seam === undefined ? this.#transport.post(body, posting) : this.#seam.post(body.slice(), posting);
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#endsWait?.(), delayMs);
      this.#endsWait = () => {
        clearTimeout(timer);
        this.#endsWait = undefined;
        resolve();
      };
    });
  }

  #delivered({ spans }: SpanRequest, { rejected, message }: Extract<Verdict, { kind: 'delivered' }>): void {
    if (rejected > 0) this.#line('rejected', `${this.#where} did not take ${Math.min(rejected, spans)} spans: ${message}`);
    else if (message !== '') this.#line('remark', `${this.#where} says: ${message}`);
  }

  #givenUp({ spans }: SpanRequest, { cause, subject }: Exclude<Verdict, { kind: 'delivered' }>): false {
    const nobody = this.#settings.isDefault && cause === 'ECONNREFUSED';
    // At the end who waits tells of what had no time, and where there is no collector the metrics have said so.
    const level = nobody || this.#endMs !== Infinity ? 'debug' : 'warn';
    this.#line(subject, `cannot deliver ${spans} spans to ${this.#where}: ${cause}; they are dropped`, level);
    return false;
  }

  /** One line per subject, whatever it says. */
  #line(subject: string, text: string, level: LineLevel = 'warn'): void {
    const first = !this.#told.has(subject) && this.#told.size < EXPORT_LIMITS.lines;
    if (level === 'warn') this.#told.add(subject);
    // What a collector says may be long, and is printed on somebody's terminal.
    // eslint-disable-next-line no-control-regex
    this.#host.line(first ? level : 'debug', text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 400));
  }

  /** Without credentials. */
  get #where(): string {
    if (this.#seam !== undefined) return 'the collector in this process';
    const { origin, pathname } = new URL(this.#settings.url);
    return `${origin}${pathname}`;
  }
}
