import type {
  Analytics,
  AnalyticsState,
  AnalyticsStatus,
  AnalyticsUse,
  SqlAnswer,
  SqlFault,
  SqlQuery,
  Standing,
  StandingEvents,
  StandingQuery,
  TableInfo,
  WindowBounds,
} from '../../pipeline/analytics.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Outcome } from '../../pipeline/component.ts';
import { ERRORS, StartError } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Log } from '../../pipeline/log.ts';
import type { ReplyHead, Report } from '../wire/messages.ts';
import { Appends } from './appends.ts';
import { AnalyticsChild, missingPart } from './child-process.ts';
import { Questions } from './questions.ts';
import { Standings } from './standings.ts';
import { Strikes } from './strikes.ts';
import { WindowLosses } from './window-losses.ts';

const NO_WINDOWS: SqlFault = { ok: false, code: 'NO_WINDOWS', message: 'cannot ask: no pipeline keeps windows' };

/** Signals that a process gets for what its own code does. */
const CRASHES: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE', 'SIGTRAP']);

export interface ClientOptions {
  /** What runs as the process, instead of ours. */
  readonly program?: string;
  readonly silentTicks?: number;
}

/** The analytics process as the rest of the collector sees it: there from the first data or question on, and again when it
 *  died. One that nobody needs yet takes no memory. */
export class AnalyticsClient implements Analytics {
  readonly #log: () => Log;
  readonly #program: string | undefined;
  readonly #silentTicksMax: number;
  readonly #uses = new Set<object>();
  readonly #appends = new Appends();
  readonly #questions = new Questions();
  readonly #standings = new Standings((order) => this.#child?.order(order));
  readonly #strikes = new Strikes();
  readonly #losses = new WindowLosses();
  /** Undefined while nobody uses it. */
  #bounds: WindowBounds | undefined;
  #child: AnalyticsChild | undefined;
  #state: AnalyticsState = 'stopped';
  #restarts = 0;
  /** Lives in a row that ended early. */
  #early = 0;
  #readyAtMs = 0;
  #silentTicks = 0;
  #watch: NodeJS.Timeout | undefined;
  #restart: NodeJS.Timeout | undefined;
  /** Ends the wait for the first life: it runs, or has ended. */
  #settleStart = (): void => {};
  #started: Promise<void> = Promise.resolve();
  #stopping: Promise<void> = Promise.resolve();
  #isStopping = false;

  constructor(log: () => Log, { program, silentTicks = LIMITS.analyticsSilentTicks }: ClientOptions = {}) {
    this.#log = log;
    this.#program = program;
    this.#silentTicksMax = silentTicks;
  }

  async open(bounds: WindowBounds): Promise<AnalyticsUse> {
    const missing = missingPart(this.#program);
    if (missing !== undefined) throw new StartError(`cannot start the analytics process: ${missing}`);
    const use = {};
    this.#uses.add(use);
    await this.#stopping;
    if (this.#bounds !== undefined && bounds.directory !== this.#bounds.directory) {
      this.#uses.delete(use);
      throw new StartError('cannot change on_disk of windows while they are used: it is one for all exporters; restart');
    }
    this.#bounds = bounds;
    if (this.#state === 'running') this.#bound(bounds);
    // What is on a disk grows old while nobody asks.
    if (this.#isKept) this.#startIfStopped();
    return {
      release: async (deadlineMs) => {
        if (this.#uses.delete(use) && this.#uses.size === 0) this.#stopping = this.#stop(deadlineMs);
        await this.#stopping;
      },
    };
  }

  async append(batch: ScopedBatch, signal: AbortSignal): Promise<Outcome> {
    if (this.#state !== 'running') await this.#awaitStart(signal);
    const child = this.#child;
    if (child === undefined || this.#state !== 'running') return this.#notNow();
    return this.#appends.send(batch, signal, (head, segments, bytes) => child.append(head, segments, bytes));
  }

  async query(scope: string, query: SqlQuery, signal: AbortSignal): Promise<SqlAnswer> {
    const answer = await this.#ask(scope, 'query', signal, (id, child) => {
      child.order({ type: 'query', id, scope, query });
      // Long after it must have been answered, waiting for its turn included.
      return 2 * query.timeoutMs + 2 * LIMITS.sqlStuckMs + LIMITS.analyticsStopMs;
    });
    return answer as SqlAnswer;
  }

  async tables(scope: string, signal: AbortSignal): Promise<readonly TableInfo[] | SqlFault> {
    const answer = await this.#ask(scope, 'tables', signal, (id, child) => {
      child.order({ type: 'tables', id, scope });
      return 2 * LIMITS.tablesTimeoutMs + LIMITS.analyticsStopMs;
    });
    return answer as readonly TableInfo[] | SqlFault;
  }

  stand(scope: string, query: StandingQuery, events: StandingEvents): Standing | SqlFault {
    if (this.#uses.size === 0) return NO_WINDOWS;
    const refusal = this.#strikes.refusal(scope, Date.now());
    if (refusal !== undefined) return refusal;
    this.#startIfStopped();
    return this.#standings.add(scope, query, events);
  }

  status(): AnalyticsStatus {
    return { state: this.#state, pid: this.#child?.pid, restarts: this.#restarts, scopes: this.#losses.scopes() };
  }

  async #ask(
    scope: string,
    what: 'query' | 'tables',
    signal: AbortSignal,
    send: (id: number, child: AnalyticsChild) => number,
  ): Promise<unknown> {
    if (this.#uses.size === 0) return NO_WINDOWS;
    if (this.#state !== 'running') await this.#awaitStart(signal);
    const child = this.#child;
    if (child === undefined || this.#state !== 'running') return this.#notNow();
    const struck = what === 'query' ? this.#strikes.refusal(scope, Date.now()) : undefined;
    if (struck !== undefined) return struck;
    const overdue = (): void => this.#kill('it does not answer');
    return this.#questions.ask(scope, signal, {
      send: (id) => send(id, child),
      cancel: (id) => child.order({ type: 'cancel', id }),
      overdue,
    });
  }

  /** Do windows outlive their process? */
  get #isKept(): boolean {
    return this.#bounds?.directory !== undefined;
  }

  #notNow(): Extract<Outcome, { ok: false }> {
    return {
      ok: false,
      code: 'ANALYTICS_RESTARTING',
      retryable: ERRORS.ANALYTICS_RESTARTING.retryable,
      message: 'cannot reach the analytics process: it is being started',
      retryAfterMs: LIMITS.retryAfterMs,
    };
  }

  #startIfStopped(): void {
    if (this.#state !== 'stopped' || this.#uses.size === 0 || this.#isStopping) return;
    this.#state = 'starting';
    this.#started = new Promise((resolve) => {
      this.#settleStart = resolve;
    });
    this.#spawn();
  }

  /** Who brings the first data or question waits; who comes between two lives is told to come again. */
  async #awaitStart(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    this.#startIfStopped();
    if (this.#state !== 'starting') return;
    await new Promise<void>((resolve) => {
      const leave = (): void => resolve();
      signal.addEventListener('abort', leave, { once: true });
      void this.#started.then(() => {
        signal.removeEventListener('abort', leave);
        resolve();
      });
    });
  }

  #spawn(): void {
    const bounds = this.#bounds;
    if (bounds === undefined) return;
    const child = new AnalyticsChild(
      {
        report: (report) => this.#report(report),
        reply: (head, body) => this.#reply(head, body),
        ended: (how, said) => {
          if (this.#child === child) this.#ended(how, said);
        },
      },
      bounds,
      this.#program,
    );
    this.#child = child;
    this.#silentTicks = 0;
    const readyBy = Math.ceil(LIMITS.analyticsStartMs / LIMITS.analyticsTickMs);
    clearInterval(this.#watch);
    this.#watch = setInterval(() => {
      this.#silentTicks += 1;
      if (this.#silentTicks === (this.#state === 'running' ? this.#silentTicksMax : readyBy)) this.#kill('it is silent');
    }, LIMITS.analyticsTickMs);
  }

  #bound(bounds: WindowBounds): void {
    if (this.#child?.bound(bounds) === false)
      this.#log().warn('the analytics process has less memory than is configured, until it is started again');
  }

  #report(report: Report): void {
    this.#silentTicks = 0;
    switch (report.type) {
      case 'ready':
        if (this.#state === 'restarting')
          this.#log().info(
            `the analytics process runs again, with ${this.#isKept ? 'the windows on the disk' : 'empty windows'}`,
          );
        this.#state = 'running';
        this.#readyAtMs = Date.now();
        // They may have changed while it started.
        if (this.#bounds !== undefined) this.#bound(this.#bounds);
        this.#settleStart();
        this.#standings.ready((scope) => this.#strikes.refusal(scope, Date.now()));
        return;
      case 'usage':
        this.#losses.holds(report.scopes);
        return;
      case 'lost':
        this.#losses.loseOf(report.scope, report.rows);
        this.#log().warn(`the windows of a scope begin anew: ${report.cause}`, { scope: report.scope, rowsLost: report.rows });
        return;
      case 'runs':
        this.#standings.running = report.scopes;
        return;
      case 'doomed':
        for (const scope of report.scopes) this.#strikes.strike(scope, Date.now());
        this.#kill(report.cause);
        return;
      default:
        report satisfies never;
    }
  }

  #reply(head: ReplyHead, body: Uint8Array): void {
    switch (head.type) {
      case 'loaded':
        this.#losses.hold(head.usage);
        this.#appends.loaded(head.ids);
        return;
      case 'refused':
        this.#appends.refused(head.ids, head.fault);
        return;
      case 'stands':
      case 'fell':
        this.#standings.told(head, body);
        return;
      default:
        this.#questions.answered(head, body);
    }
  }

  /** Only SIGKILL: a process in the middle of a query that does not end would abort on its way out. */
  #kill(cause: string): void {
    this.#log().warn(`the analytics process is killed: ${cause}`);
    this.#child?.kill();
  }

  #ended(how: string, said: string): void {
    clearInterval(this.#watch);
    this.#child = undefined;
    // A query has found what DuckDB does not survive, and would find it again.
    if (CRASHES.has(how))
      for (const scope of new Set([...this.#questions.scopes(), ...this.#standings.running]))
        this.#strikes.strike(scope, Date.now());
    this.#appends.lost(this.#notNow());
    this.#questions.lost(this.#notNow());
    this.#standings.lost();
    if (this.#isStopping) {
      this.#state = 'stopped';
      this.#settleStart();
      return;
    }
    const isReady = this.#state === 'running';
    const lived = isReady ? Date.now() - this.#readyAtMs : 0;
    this.#early = lived >= LIMITS.analyticsHealthyMs ? 0 : this.#early + 1;
    this.#restarts += 1;
    this.#state = 'restarting';
    const delayMs = Math.min(LIMITS.analyticsRestartMaxMs, LIMITS.analyticsRestartMs * 2 ** Math.max(0, this.#early - 1));
    // Of a life that served somebody it could tell what they sent.
    const why = isReady || said === '' ? how : `${how}: ${said.slice(-LIMITS.messageChars)}`;
    const happened = `the analytics process has ended (${why}) and is started again`;
    if (this.#isKept) {
      this.#losses.forget();
      this.#log().warn(`${happened}: its windows are on the disk`, { delayMs });
    } else {
      const { rows, scopes } = this.#losses.lose();
      this.#log().warn(`${happened}: what its windows held is lost`, { rowsLost: rows, scopes, delayMs });
    }
    this.#restart = setTimeout(() => this.#spawn(), delayMs);
    this.#settleStart();
  }

  async #stop(deadlineMs: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child !== undefined) await child.stop(Math.min(deadlineMs, LIMITS.analyticsStopMs));
    clearInterval(this.#watch);
    this.#child = undefined;
    this.#bounds = undefined;
    this.#state = 'stopped';
    this.#standings.fail(NO_WINDOWS);
    this.#losses.forget();
    this.#early = 0;
    this.#isStopping = false;
  }
}
