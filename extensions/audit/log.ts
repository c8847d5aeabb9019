import { randomUUID } from 'node:crypto';
import type { Audit, AuditEvent } from '../../pipeline/audit.ts';
import type { Clock } from '../../pipeline/clock.ts';
import type { Refusal } from '../../pipeline/component.ts';
import { ERRORS } from '../../pipeline/errors.ts';
import { LIMITS } from '../../pipeline/limits.ts';
import type { Log } from '../../pipeline/log.ts';
import type { ComponentState } from '../../pipeline/status.ts';
import type { Config } from './config.ts';
import { Fold } from './fold.ts';
import type { Draft, RecordType } from './record.ts';
import { SegmentWriter } from './segment-writer.ts';
import type { Disk } from './disk.ts';
import type { Signer } from './checkpoint.ts';

export type LogSettings = Pick<
  Config,
  'on_failure' | 'batch_size' | 'flush_interval' | 'max_segment_size' | 'max_days' | 'max_total_size' | 'checkpoint_interval'
>;

export interface LogContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly signer: Signer;
  readonly disk: Disk;
}

type Waiter = (refusal: Refusal | undefined) => void;
interface Entry {
  readonly draft: Draft;
  readonly waiter: Waiter | undefined;
}

const SECOND_MS = 1000;

/**
 * The log of one folder while a process writes it. Events are folded, wait in a bounded list, and go to the disk together:
 * at `batch_size`, after `flush_interval`, and at once when one is CRITICAL. What comes while the disk is busy shares its
 * next write. A write that fails is tried again with the same bytes at the same place, until it succeeds.
 */
export class AuditLog implements Audit {
  readonly active = true;
  settings: LogSettings;
  readonly #context: LogContext;
  readonly #writer: SegmentWriter;
  readonly #fold = new Fold();
  #pending: Entry[] = [];
  readonly #lost = new Map<RecordType, { events: number; items: number }>();
  #isCommitting = false;
  #idle: (() => void)[] = [];
  #failure: { readonly cause: string; readonly sinceMs: number } | undefined;
  #late = 0;
  readonly #openedAtSeq: number;
  /** Since the log was opened. */
  readonly #counts = { events: 0, folded_events: 0, late_events: 0, lost_events: 0, write_errors: 0, checkpoint_errors: 0 };
  #stopped = false;
  #cancelSecond: (() => void) | undefined;
  #cancelFlush: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelCheckpoint: (() => void) | undefined;

  private constructor(settings: LogSettings, context: LogContext, writer: SegmentWriter) {
    this.settings = settings;
    this.#context = context;
    this.#writer = writer;
    this.#openedAtSeq = writer.lastSeq;
  }

  /** Recovers the folder and writes the first record. Rejects with the system's error. */
  static async open(folder: string, settings: LogSettings, context: LogContext): Promise<AuditLog> {
    const { clock, log } = context;
    const { writer, findings } = await SegmentWriter.open(folder, context, () => randomUUID());
    const audit = new AuditLog(settings, context, writer);
    for (const finding of findings) {
      const words = Object.entries(finding.details ?? {}).map(([key, value]) => `${key} ${value}`);
      const message = `the audit log in ${folder}: ${finding.action} (${words.join(', ')})`;
      if (finding.severity === 'CRITICAL') log.error(message);
      else log.info(message);
      audit.#push({ ...finding, atMs: clock.now() }, undefined);
    }
    audit.#own('started', { pid: process.pid });
    // A disk that is full or hangs now is no reason not to start; it is told as at any other time.
    await Promise.race([audit.#drain(), new Promise<void>((resolve) => clock.after(LIMITS.auditCommitMs, resolve))]);
    return audit;
  }

  record(event: AuditEvent): Promise<Refusal | undefined> | undefined {
    if (this.#stopped) return undefined;
    const draft = this.#fold.take(event, this.#context.clock.now());
    this.#counts.events += 1;
    if (draft === undefined) this.#counts.folded_events += 1;
    if (!this.#fold.isEmpty) this.#cancelSecond ??= this.#context.clock.after(SECOND_MS, () => this.#endSecond());
    if (draft === undefined) return undefined;
    if (event.severity !== 'CRITICAL') {
      this.#push(draft, undefined);
      return undefined;
    }
    return new Promise((resolve) => this.#push(draft, resolve));
  }

  refusal(): Refusal | undefined {
    if (this.#failure === undefined || this.settings.on_failure === 'continue') return undefined;
    const code = 'AUDIT_UNAVAILABLE';
    const message = `cannot take data: the audit log cannot be written (${this.#failure.cause})`;
    return { ok: false, code, retryable: ERRORS[code].retryable, message, retryAfterMs: LIMITS.auditRetryMs };
  }

  status(): { readonly state: ComponentState; readonly message?: string } {
    if (this.#failure === undefined) return { state: 'ok' };
    let lost = 0;
    for (const { events } of this.#lost.values()) lost += events;
    const counts = `${this.#pending.length} records wait, ${this.#late} events were answered before they were written, ${lost} are lost`;
    return { state: 'failed', message: `cannot write the audit log: ${this.#failure.cause}; ${counts}` };
  }

  /** Counters of the README, since the log was opened. */
  stats(): Readonly<Record<string, number>> {
    return { ...this.#counts, records: this.#writer.lastSeq - this.#openedAtSeq };
  }

  /** Writes what waits, the last record and a checkpoint, within the deadline. Safe twice. */
  async close(deadlineMs: number): Promise<void> {
    if (this.#stopped) return;
    this.#endSecond();
    this.#own('stopped', {});
    this.#stopped = true;
    for (const cancel of [this.#cancelSecond, this.#cancelFlush, this.#cancelRetry, this.#cancelCheckpoint]) cancel?.();
    const { clock, log } = this.#context;
    let cancel: (() => void) | undefined;
    const late = new Promise<'late'>((resolve) => {
      cancel = clock.after(Math.max(deadlineMs, LIMITS.abortGraceMs), () => resolve('late'));
    });
    const ended = await Promise.race([this.#end(), late]);
    cancel?.();
    if (ended === 'late' || this.#pending.length > 0)
      log.error(
        `cannot write the audit log: ${this.#failure?.cause ?? 'the disk does not answer'}; ${this.#pending.length} records are lost`,
      );
  }

  async #end(): Promise<void> {
    await this.#drain();
    await this.#checkpoint();
    await this.#writer.close();
  }

  #own(action: string, details: NonNullable<Draft['details']>): void {
    const atMs = this.#context.clock.now();
    this.#push({ type: 'LOG', severity: 'INFO', action, result: 'SUCCESS', atMs, details }, undefined);
  }

  #endSecond(): void {
    this.#cancelSecond?.();
    this.#cancelSecond = undefined;
    for (const draft of this.#fold.end()) this.#push(draft, undefined);
  }

  #push(draft: Draft, waiter: Waiter | undefined): void {
    const isFull = this.#pending.length >= LIMITS.auditPending;
    const waits = this.#failure === undefined && !isFull ? waiter : undefined;
    if (isFull) this.#lose(draft);
    else this.#pending.push({ draft, waiter: waits });
    if (waiter !== undefined && waits === undefined) this.#answer(waiter);
    if (this.#failure !== undefined) return;
    if (waiter !== undefined || this.#pending.length >= this.settings.batch_size) void this.#commitAll();
    else this.#cancelFlush ??= this.#context.clock.after(this.settings.flush_interval, () => void this.#commitAll());
  }

  /** It will not be on disk in time: the sender is refused, or the event is counted as late. */
  #answer(waiter: Waiter): void {
    const refusal = this.refusal();
    if (refusal === undefined) {
      this.#late += 1;
      this.#counts.late_events += 1;
    }
    waiter(refusal);
  }

  #lose(draft: Draft): void {
    const row = this.#lost.get(draft.type) ?? { events: 0, items: 0 };
    row.events += draft.events ?? 1;
    this.#counts.lost_events += draft.events ?? 1;
    row.items += draft.items ?? 0;
    this.#lost.set(draft.type, row);
  }

  /** Resolves when nothing waits any more, or the disk fails. */
  async #drain(): Promise<void> {
    if (this.#isCommitting) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await this.#commitAll();
  }

  async #commitAll(): Promise<void> {
    if (this.#isCommitting) return;
    this.#isCommitting = true;
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    while (this.#pending.length > 0) if (!(await this.#commit())) break;
    this.#isCommitting = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  /** Writes the next records, and forces them to the disk. False when that failed. */
  async #commit(): Promise<boolean> {
    const { clock } = this.#context;
    const entries = this.#pending.slice(0, LIMITS.auditCommit);
    let isCounted = false;
    const fail = (error: unknown): void => {
      if (!isCounted) this.#counts.write_errors += 1;
      isCounted = true;
      this.#failed(error);
    };
    const cancel = clock.after(LIMITS.auditCommitMs, () => fail(new Error('the disk does not answer')));
    let written: number;
    try {
      written = await this.#writer.append(
        entries.map(({ draft }) => draft),
        clock.now(),
        this.settings,
      );
    } catch (error) {
      cancel();
      fail(error);
      return false;
    }
    cancel();
    this.#pending = this.#pending.slice(written);
    for (const { waiter } of entries.slice(0, written)) waiter?.(undefined);
    this.#succeeded();
    this.#cancelCheckpoint ??= this.#stopped
      ? undefined
      : clock.after(this.settings.checkpoint_interval, () => void this.#checkpoint());
    return true;
  }

  #failed(error: unknown): void {
    const { clock, log } = this.#context;
    const cause = error instanceof Error ? error.message : String(error);
    this.#failure = { cause, sinceMs: this.#failure?.sinceMs ?? clock.now() };
    log.limited('audit', `cannot write the audit log: ${cause}; it is tried again`);
    // Who was answered once is not answered twice: an entry that stays has nobody waiting.
    this.#pending = this.#pending.map((entry) => {
      if (entry.waiter !== undefined) this.#answer(entry.waiter);
      return { draft: entry.draft, waiter: undefined };
    });
    this.#cancelRetry?.();
    if (!this.#stopped) this.#cancelRetry = clock.after(LIMITS.auditRetryMs, () => void this.#commitAll());
  }

  #succeeded(): void {
    if (this.#failure === undefined) return;
    const { clock, log } = this.#context;
    const { cause, sinceMs } = this.#failure;
    this.#failure = undefined;
    this.#cancelRetry?.();
    const failedMs = clock.now() - sinceMs;
    log.info(`the audit log is written again after ${failedMs} ms`);
    const counts = [...this.#lost].flatMap(([type, { events, items }]) => [
      [`lost_events_${type}`, events],
      [`lost_items_${type}`, items],
    ]);
    this.#lost.clear();
    const details = { cause, failed_ms: failedMs, late_events: this.#late, ...Object.fromEntries(counts) };
    this.#late = 0;
    const lost = counts.length > 0;
    const result = lost ? 'FAILURE' : 'SUCCESS';
    this.#push(
      { type: 'LOG', severity: lost ? 'CRITICAL' : 'WARN', action: 'resumed', result, atMs: clock.now(), details },
      undefined,
    );
  }

  async #checkpoint(): Promise<void> {
    this.#cancelCheckpoint?.();
    this.#cancelCheckpoint = undefined;
    try {
      await this.#writer.checkpoint(this.#context.clock.now());
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.#counts.checkpoint_errors += 1;
      this.#context.log.limited('audit checkpoint', `cannot write a checkpoint of the audit log: ${cause}`);
    }
  }
}
