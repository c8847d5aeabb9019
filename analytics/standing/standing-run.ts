import type { SqlFault, StandingQuery } from '../../pipeline/analytics.ts';
import { ERRORS } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Read } from '../sql/scope-sql.ts';
import { differenceText, snapshotText } from './difference.ts';
import { Pace } from './pace.ts';
import type { ResultCaps, ResultRows } from './result-rows.ts';

/** What the tables that a query reads have come to. Another `store` is another life of them. */
export interface Version {
  readonly store: object;
  /** Rises when they change. */
  readonly version: number;
}

/** A run of the query that came to its end. */
export interface StandingRead extends Read<ResultRows> {
  readonly tables: ReadonlySet<string>;
  readonly readsClock: boolean;
  /** Before it began. */
  readonly version: Version;
}

export interface StandingParts {
  now(): number;
  /** One run, when its turn comes. Never rejects. */
  read(scope: string, query: StandingQuery, caps: ResultCaps, signal: AbortSignal): Promise<StandingRead | SqlFault>;
  /** Undefined where the scope has no windows now. */
  version(scope: string, tables: ReadonlySet<string>): Version | undefined;
  /** To one subscriber. `renew`: what it knows counts no more, a snapshot is to be asked for. */
  tell(id: number, what: 'snapshot' | 'delta' | 'renew', text: string): void;
  end(id: number, fault: SqlFault): void;
}

interface Subscriber {
  /** Waits for a snapshot. */
  wants: boolean;
  /** Has one: deltas are its. */
  isTold: boolean;
  /** Has a delta and has not asked for the next. */
  isBehind: boolean;
}

/** Faults of a run that tell nothing of the query: too many others ran. */
const NO_STRIKE: ReadonlySet<string> = new Set(['ANALYTICS_BUSY', 'SQL_CANCELLED']);
const OVER_BUDGET: ReadonlySet<string> = new Set(['SQL_TIMEOUT', 'SQL_MEMORY']);

/** One query in one scope that stays open, its latest result, and all who are told of it. */
export class StandingRun {
  readonly scope: string;
  readonly query: StandingQuery;
  readonly #parts: StandingParts;
  readonly #subscribers = new Map<number, Subscriber>();
  readonly #pace = new Pace();
  readonly #abort = new AbortController();
  #result: ResultRows | undefined;
  /** Of the latest run. */
  #seen: Pick<StandingRead, 'tables' | 'readsClock' | 'version'> | undefined;
  #isRunning = false;
  #isOver = false;
  runs = 0;

  constructor(scope: string, query: StandingQuery, parts: StandingParts) {
    this.scope = scope;
    this.query = query;
    this.#parts = parts;
  }

  get isOver(): boolean {
    return this.#isOver;
  }
  get isRunning(): boolean {
    return this.#isRunning;
  }
  get notBeforeMs(): number {
    return this.#pace.notBeforeMs;
  }
  get intervalMs(): number {
    return this.#pace.intervalMs;
  }
  /** Of the result it holds. */
  get bytes(): number {
    return this.#result?.bytes ?? 0;
  }

  join(id: number): void {
    this.#subscribers.set(id, { wants: false, isTold: false, isBehind: false });
  }

  leave(id: number): void {
    this.#subscribers.delete(id);
    if (this.#subscribers.size === 0) this.#close();
  }

  /** The state as of the latest delta, now or after the first run. */
  snapshot(id: number): void {
    const subscriber = this.#subscribers.get(id);
    if (subscriber === undefined) return;
    subscriber.wants = true;
    this.#tellSnapshots();
  }

  next(id: number): void {
    const subscriber = this.#subscribers.get(id);
    if (subscriber !== undefined) subscriber.isBehind = false;
  }

  /** Is there a reason to run, and has everybody taken what the last run found? */
  isDue(nowMs: number): boolean {
    if (this.#isOver || this.#isRunning || nowMs < this.#pace.notBeforeMs) return false;
    for (const { isBehind } of this.#subscribers.values()) if (isBehind) return false;
    if (this.#seen === undefined || this.#seen.readsClock) return true;
    const { tables, version: seen } = this.#seen;
    if (tables.size === 0) return false;
    // Windows that were closed are opened again by the run: empty, or as their disk has them.
    const now = this.#parts.version(this.scope, tables);
    return now?.store !== seen.store || now.version !== seen.version;
  }

  /** `bytes`: what its result may take. Resolves when the run is over; never rejects. */
  async run(bytes: number): Promise<void> {
    this.#isRunning = true;
    this.runs += 1;
    const beganMs = this.#parts.now();
    const caps = { rows: LIMITS.standingRows, bytes: Math.min(bytes, LIMITS.standingBytes) };
    const answer = await this.#parts.read(this.scope, this.query, caps, this.#abort.signal);
    this.#isRunning = false;
    if (this.#isOver) return;
    const endedMs = this.#parts.now();
    if (!answer.ok && this.#isBlameless(answer)) {
      this.#pace.ran(beganMs, endedMs);
      return;
    }
    const fault = faultOf(answer, caps);
    if (fault === undefined && answer.ok) {
      this.#seen = answer;
      this.#pace.kept(beganMs, endedMs);
      this.#take(answer.sink);
    } else if (fault !== undefined && !this.#mayGoOn(fault, beganMs, endedMs)) this.fail(fault);
  }

  /** Everybody is told why, and it is over. */
  fail(fault: SqlFault): void {
    if (this.#isOver) return;
    const ids = [...this.#subscribers.keys()];
    this.#close();
    for (const id of ids) this.#parts.end(id, fault);
  }

  #close(): void {
    this.#isOver = true;
    this.#subscribers.clear();
    this.#result = undefined;
    this.#abort.abort();
  }

  #isBlameless({ code }: SqlFault): boolean {
    // Who has rows waits for room; who has none is told that there is none.
    return NO_STRIKE.has(code) || (code === 'TOO_MANY_SCOPES' && this.#result !== undefined);
  }

  #mayGoOn({ code }: SqlFault, beganMs: number, endedMs: number): boolean {
    if (OVER_BUDGET.has(code)) return this.#pace.exceeded(beganMs, endedMs);
    // Too many rows before there were ever few enough: waiting makes no fewer.
    return code === 'SQL_TOO_LARGE' && this.#result !== undefined && this.#pace.exceeded(beganMs, endedMs);
  }

  #take(result: ResultRows): void {
    const before = this.#result;
    this.#result = result;
    if (before !== undefined) {
      const isSame = JSON.stringify(before.columns) === JSON.stringify(result.columns);
      this.#tellChange(isSame ? 'delta' : 'renew', isSame ? differenceText(before.rows, result.rows) : '');
    }
    this.#tellSnapshots();
  }

  #tellChange(what: 'delta' | 'renew', text: string | undefined): void {
    if (text === undefined) return;
    for (const [id, subscriber] of this.#subscribers) {
      if (!subscriber.isTold) continue;
      subscriber.isTold = what === 'delta';
      subscriber.isBehind = what === 'delta';
      this.#parts.tell(id, what, text);
    }
  }

  #tellSnapshots(): void {
    if (this.#result === undefined) return;
    let text: string | undefined;
    for (const [id, subscriber] of this.#subscribers) {
      if (!subscriber.wants) continue;
      text ??= snapshotText(this.#result);
      subscriber.wants = false;
      subscriber.isTold = true;
      this.#parts.tell(id, 'snapshot', text);
    }
  }
}

/** What is wrong with a run, or with the rows it found. */
function faultOf(answer: StandingRead | SqlFault, caps: ResultCaps): SqlFault | undefined {
  if (!answer.ok) return answer;
  const { over, doubled } = answer.sink;
  if (doubled !== undefined) {
    const message = `cannot keep the query: two of its rows have the key ${doubled.slice(0, LIMITS.messageChars)}`;
    return { ok: false, code: 'SQL_INVALID', message };
  }
  if (over === undefined) return undefined;
  const most = over === 'rows' ? `${caps.rows} rows` : `${caps.bytes} bytes of rows`;
  return {
    ok: false,
    code: 'SQL_TOO_LARGE',
    message: `cannot keep the query: it has more than ${most}; ${ERRORS.SQL_TOO_LARGE.help}`,
  };
}
