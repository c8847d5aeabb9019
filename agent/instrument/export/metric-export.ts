import type { MessagePort } from 'node:worker_threads';
import { CellReader } from '../encode/reader.ts';
import type { CollectedRequest } from '../metrics/contract.ts';
import type { Settings } from '../settings.ts';
import { EXPORT_LIMITS } from '../limits.ts';
import { SENDING_LIMITS } from './limits.ts';
import { within } from '../within.ts';
import type { Sendable } from './messages.ts';
import { OwnMetrics } from './own-metrics.ts';
import { OtlpTransport, type Posting } from './transport.ts';
import { SeamTransport } from './seam-transport.ts';
import { failureOf, judge, waitMs, type Answer, type Verdict } from './verdict.ts';

export type LineLevel = 'warn' | 'info' | 'debug';

/** What the application's thread, or who stands for it, does for the export. */
export interface ExportHost {
  /** Runs the observable callbacks and tells the reader of new series; resolves when that is done. Never rejects. */
  observe(timeoutMs: number): Promise<void>;
  line(level: LineLevel, text: string): void;
  /** So many data points are collected and have not arrived. */
  open?(points: number): void;
}

export interface ExportSettings {
  readonly otlp: Settings['otlp'];
  readonly metrics: Settings['metrics'];
}

/** Data points, and what is known of the collector. */
export interface ExportStatus {
  readonly delivered: number;
  /** Given up: the collector did not take them. */
  readonly dropped: number;
  /** In a row; 0 when the last request went well. */
  readonly failures: number;
  readonly lastError: string | undefined;
}

export interface MetricExportOptions {
  readonly settings: ExportSettings;
  /** A Resource message. */
  readonly resource: Uint8Array;
  readonly host: ExportHost;
  /** In a worker: compresses where it stands. */
  readonly synchronous: boolean;
  readonly random?: () => number;
}

interface Attempt {
  /** By performance.now. */
  readonly endMs: number;
  readonly signal: AbortSignal;
  readonly keepsAlive: boolean;
}

/**
 * Reads the cells in intervals and posts what they hold, in whichever thread it stands. Nothing is queued: what was not
 * delivered is in the cells, and in the next request. So memory is bounded by the series, however long a collector is away.
 */
export class MetricExport {
  readonly reader: CellReader;
  readonly own: OwnMetrics;
  readonly #ownReader: CellReader;
  readonly #options: MetricExportOptions;
  readonly #transport: OtlpTransport;
  #seam: SeamTransport | undefined;
  /** There was a collector in this process, which it has stopped. */
  #hadSeam = false;
  readonly #random: () => number;
  readonly #told = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<boolean> | undefined;
  #abort = new AbortController();
  #flushes: Promise<boolean> = Promise.resolve(true);
  #requestBytes: number = SENDING_LIMITS.requestBytes;
  #status = { delivered: 0, dropped: 0, failures: 0, lastError: undefined as string | undefined };
  #stopped = false;
  /** Until the next attempt after a failure. */
  #nextMs = 0;

  constructor(options: MetricExportOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
    const { resource, settings } = options;
    const { temporality } = settings.metrics;
    this.reader = new CellReader({ resource, temporality });
    this.#ownReader = new CellReader({ resource, temporality });
    this.own = new OwnMetrics(this.#ownReader, nowNs, settings.otlp.url);
    this.#transport = new OtlpTransport(settings.otlp, options.synchronous);
  }

  get status(): ExportStatus {
    return { ...this.#status };
  }

  /** From now on to a collector of this process; undefined: by the network, as ever. What failed before says nothing of it. */
  connect(port: MessagePort | undefined): void {
    this.#seam?.close();
    this.#hadSeam ||= this.#seam !== undefined;
    this.#seam = port === undefined ? undefined : new SeamTransport(port, 'metrics');
    this.#status.failures = 0;
    // One that has just come does not wait for the end of a long back-off.
    if (port !== undefined && this.#timer !== undefined && this.#running === undefined) this.#scheduleFirst();
  }

  start(): void {
    if (this.#options.synchronous) this.#transport.warm();
    this.#scheduleFirst();
  }

  /** The first export comes early. */
  #scheduleFirst(): void {
    const { intervalMs } = this.#options.settings.metrics;
    this.#schedule(Math.min(intervalMs, SENDING_LIMITS.firstExportMs) * (0.5 + this.#random() / 2));
  }

  /** All that was measured until now, delivered (true) or given up after `timeoutMs`. Waits for no back-off. An export that
   *  hangs is not waited for longer than half of it. `here`: on the application's thread, whose callbacks it runs, and which
   *  it keeps alive. */
  flush(timeoutMs: number, here: boolean): Promise<boolean> {
    const endMs = performance.now() + timeoutMs;
    this.#flushes = this.#flushes.then(async () => {
      const running = this.#running;
      if (running !== undefined) {
        await within(running, (endMs - performance.now()) / 2, undefined, here);
        this.#abort.abort();
        await running;
      }
      return this.#run(endMs, here, here);
    });
    return this.#flushes;
  }

  /** An export now, unless one runs: without asking the application's thread for anything. */
  async report(): Promise<void> {
    if (this.#running === undefined && this.#status.failures === 0 && !this.#stopped) {
      await this.#run(performance.now() + this.#options.settings.metrics.exportTimeoutMs, false, false);
    }
  }

  /** What has been collected until now is taken for delivered: the bases of a delta begin here. */
  rebase(): void {
    this.reader.rebase(nowNs());
  }

  /** Posts bytes that another thread collected. */
  async deliver(requests: readonly Sendable[], timeoutMs: number): Promise<boolean> {
    const endMs = performance.now() + timeoutMs;
    const arrived = this.#opened(requests);
    for (const { body, points } of requests) {
      const answer = await this.#post(body, { timeoutMs: Math.max(1, endMs - performance.now()) });
      if (judge(answer, Date.now()).kind !== 'delivered') return false;
      arrived(points);
    }
    return true;
  }

  /** What is to be delivered, for a thread that can. */
  collect(): readonly CollectedRequest[] {
    const began = performance.now();
    const { requests } = this.reader.collect(nowNs(), this.#requestBytes);
    this.own.collected((performance.now() - began) / 1000);
    return withOwn(requests, this.#ownReader.collect(nowNs(), this.#requestBytes).requests, this.#requestBytes);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#abort.abort();
    this.#transport.close();
    this.#seam?.close();
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => void this.#cycle(), delayMs);
    this.#timer.unref();
  }

  async #cycle(): Promise<void> {
    const { intervalMs, exportTimeoutMs } = this.#options.settings.metrics;
    const began = performance.now();
    if (this.#running === undefined) await this.#run(began + exportTimeoutMs, false, true);
    const { failures } = this.#status;
    if (failures === 0) this.#schedule(Math.max(0, intervalMs - (performance.now() - began)));
    else this.#schedule(this.#nextMs);
  }

  #run(endMs: number, keepsAlive: boolean, observes: boolean): Promise<boolean> {
    this.#abort = new AbortController();
    const attempt = { endMs, keepsAlive, signal: this.#abort.signal };
    const running = this.#export(attempt, observes).catch((error: unknown) => {
      // Ours to mend, and no reason to end anything of the application.
      this.#fail(`BUG: ${String(error)}`, 'bug', SENDING_LIMITS.longestBackoffMs);
      return false;
    });
    this.#running = running;
    return running.finally(() => (this.#running = this.#running === running ? undefined : this.#running));
  }

  async #export(attempt: Attempt, observes: boolean): Promise<boolean> {
    if (observes) {
      const observed = this.#options.host.observe(Math.min(EXPORT_LIMITS.observeMs, left(attempt)));
      await Promise.race([observed, aborted(attempt.signal)]);
      if (attempt.signal.aborted) return false;
    }
    const verdict = await this.#sendAll(attempt, false);
    if (verdict?.kind !== 'unacceptable') return verdict === undefined;
    try {
      return (await this.#sendAll(attempt, true)) === undefined;
    } finally {
      if (!verdict.tooLarge) this.#requestBytes = SENDING_LIMITS.requestBytes;
    }
  }

  /** Undefined when each request was delivered, or given up for good. `last`: what is unacceptable again is given up. */
  async #sendAll(attempt: Attempt, last: boolean): Promise<Verdict | undefined> {
    const requests = this.collect();
    const ended = this.#opened(requests);
    for (const request of requests) {
      // Read now: it is given away.
      const bytes = request.body.length;
      const verdict = await this.#send(request, attempt);
      if (verdict.kind === 'delivered') this.#delivered(request, verdict);
      else if (verdict.kind !== 'unacceptable') return this.#failed(verdict);
      else if (!last && this.#halve(bytes)) return verdict;
      else this.#drop(request, verdict.cause, verdict.subject);
      ended(request.points);
    }
    return undefined;
  }

  /** Keeps the host's count of what has not arrived: the function that comes back takes points off it. */
  #opened(requests: readonly Sendable[]): (points: number) => void {
    let open = requests.reduce((sum, { points }) => sum + points, 0);
    const { host } = this.#options;
    host.open?.(open);
    return (points) => host.open?.((open -= points));
  }

  async #send(request: CollectedRequest, attempt: Attempt): Promise<Verdict> {
    const { points, body } = request;
    const began = performance.now();
    this.own.goes(this.#seam !== undefined);
    this.own.sent(points);
    const timeoutMs = Math.max(1, Math.min(this.#options.settings.otlp.timeoutMs, left(attempt)));
    const answer = await this.#post(body, { timeoutMs, signal: attempt.signal, keepsAlive: attempt.keepsAlive });
    const verdict = judge(answer, Date.now());
    const status = 'status' in answer ? answer.status : undefined;
    const error = verdict.kind === 'delivered' ? undefined : failureOf(answer);
    this.own.answered(points, (performance.now() - began) / 1000, status, error);
    return verdict;
  }

  #post(body: Uint8Array, posting: Posting): Promise<Answer> {
    return (this.#seam ?? this.#transport).post(body, posting);
  }

  #delivered(request: CollectedRequest, { rejected, message }: Extract<Verdict, { kind: 'delivered' }>): void {
    request.commit();
    const refused = Math.min(rejected, request.points);
    this.own.ended(request.points - refused);
    this.own.ended(refused, 'rejected');
    this.#status.delivered += request.points - refused;
    this.#status.dropped += refused;
    this.#status.failures = 0;
    if (refused > 0) this.#line('rejected', `${this.#where} did not take ${refused} data points: ${shortened(message)}`);
    else if (message !== '') this.#line('remark', `${this.#where} says: ${shortened(message)}`);
  }

  #drop(request: CollectedRequest, cause: string, subject: string): void {
    request.commit();
    this.own.ended(request.points, subject);
    this.#status.dropped += request.points;
    this.#status.lastError = cause;
    this.#line(subject, `cannot deliver ${request.points} data points to ${this.#where}: ${cause}; they are dropped`);
  }

  /** Whether smaller requests can be tried. What is too large for a collector once is so from then on; of what it calls
   *  malformed only a part is, and the next collection is as large as ever. */
  #halve(bytes: number): boolean {
    const half = Math.ceil(bytes / 2);
    if (half < SENDING_LIMITS.smallestRequestBytes) return false;
    this.#requestBytes = half;
    return true;
  }

  #failed(verdict: Extract<Verdict, { kind: 'retry' | 'refused' }>): Verdict {
    // A flush ended it; that says nothing about the collector.
    if (verdict.cause === 'ABORTED') return verdict;
    this.#fail(verdict.cause, verdict.subject, verdict.kind === 'retry' ? verdict.afterMs : SENDING_LIMITS.longestBackoffMs);
    return verdict;
  }

  #fail(cause: string, subject: string, afterMs: number): void {
    this.#status.failures += 1;
    this.#status.lastError = cause;
    this.#nextMs = waitMs(this.#status.failures, this.#random(), afterMs);
    const { isDefault } = this.#options.settings.otlp;
    // Who stopped the collector that he had has nothing to be told.
    if (isDefault && this.#hadSeam && cause === 'ECONNREFUSED') return;
    if (isDefault && cause === 'ECONNREFUSED')
      this.#line(subject, `no collector at ${this.#where} yet; measuring goes on, and so does trying, silently`);
    else this.#line(subject, `cannot send metrics to ${this.#where}: ${cause}; it is tried again, silently`);
  }

  /** One line per subject, whatever it says. */
  #line(subject: string, text: string): void {
    const level = this.#told.has(subject) || this.#told.size >= EXPORT_LIMITS.lines ? 'debug' : 'warn';
    this.#told.add(subject);
    this.#options.host.line(level, text);
  }

  /** Without credentials. */
  get #where(): string {
    if (this.#seam !== undefined) return 'the collector in this process';
    const { origin, pathname } = new URL(this.#options.settings.otlp.url);
    return `${origin}${pathname}`;
  }
}

/** Requests of one type one behind the other are one request: the exporter's own metrics need none for themselves. */
function withOwn(
  requests: readonly CollectedRequest[],
  own: readonly CollectedRequest[],
  maxBytes: number,
): readonly CollectedRequest[] {
  const last = requests.at(-1);
  const [first, ...more] = own;
  if (last === undefined || first === undefined || last.body.length + first.body.length > maxBytes) return [...requests, ...own];
  const joined = {
    body: Buffer.concat([last.body, first.body]),
    points: last.points + first.points,
    commit: () => [last, first].forEach((each) => each.commit()),
  };
  return [...requests.slice(0, -1), joined, ...more];
}

const left = ({ endMs }: Attempt): number => Math.max(0, endMs - performance.now());

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function nowNs(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}

/** What a collector says may be long, and is printed on somebody's terminal. */
function shortened(message: string): string {
  // eslint-disable-next-line no-control-regex
  return message.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 200);
}
