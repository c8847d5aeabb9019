import { Receipt } from '../../pipeline/batch/receipt.ts';
import type { Batch } from '../../pipeline/batch/batch.ts';
import type { ScopedBatch } from '../../pipeline/batch/scoped-batch.ts';
import type { Intake, Outcome, Refusal } from '../../pipeline/component.ts';
import type { Inspection } from '../../pipeline/otlp/inspection.ts';
import { bind } from '../../pipeline/scope/bind.ts';
import type { Binding } from '../../pipeline/scope/binding.ts';
import { DEFAULT_SCOPE_STAGE } from '../../pipeline/scope/stage.ts';
import { SIGNALS, type Signal } from '../../pipeline/signal.ts';

const INSPECTION: Inspection = {
  claimKeys: DEFAULT_SCOPE_STAGE.keys.map((key) => Buffer.from(key)),
  attributes: undefined,
  mendsText: false,
};

/** Where a receiver under test delivers: binds for real, keeps what it got, and counts what is admitted. */
export class RecordingIntake implements Intake {
  readonly binding: Binding;
  readonly requests: Batch[] = [];
  readonly batches: ScopedBatch[] = [];
  /** Bytes admitted and not released, and the most there ever were. */
  heldBytes = 0;
  peakBytes = 0;
  admissions = 0;
  signals: readonly Signal[] = SIGNALS;
  limitBytes = Infinity;
  /** Requests begun and not ended, and what the next one is told instead. */
  underWay = 0;
  beginning: Refusal | undefined;
  outcome: (batch: Batch) => Outcome | Promise<Outcome> = () => ({ ok: true });
  readonly #held: number[] = [];

  constructor(binding: Binding = { allowed: ['TEST'], fallback: 'TEST', from: 'environment' }) {
    this.binding = binding;
  }

  admit(bytes: number): Refusal | undefined {
    if (this.heldBytes + bytes > this.limitBytes) {
      return { ok: false, code: 'MEMORY_LIMIT', retryable: true, message: 'cannot take data: no memory', retryAfterMs: 2500 };
    }
    this.admissions += 1;
    this.heldBytes += bytes;
    this.peakBytes = Math.max(this.peakBytes, this.heldBytes);
    this.#held.push(bytes);
    return undefined;
  }

  release(bytes: number): void {
    const at = this.#held.indexOf(bytes);
    if (at < 0) throw new Error(`${bytes} bytes are released that nobody holds`);
    this.#held.splice(at, 1);
    this.heldBytes -= bytes;
  }

  begin(): Refusal | undefined {
    if (this.beginning !== undefined) return this.beginning;
    this.underWay += 1;
    return undefined;
  }

  end(): void {
    if (this.underWay === 0) throw new Error('a request ends that nobody began');
    this.underWay -= 1;
  }

  /** Admissions without their release. */
  get open(): number {
    return this.#held.length;
  }

  inspection(signal: Signal): Inspection | undefined {
    return this.signals.includes(signal) ? INSPECTION : undefined;
  }

  async next(batch: Batch): Promise<Outcome> {
    this.requests.push(batch);
    const bound = bind(batch, DEFAULT_SCOPE_STAGE, new Receipt());
    this.batches.push(...bound.batches);
    const outcome = await this.outcome(batch);
    if (!outcome.ok) return outcome;
    return { ok: true, rejected: [...bound.rejected, ...(outcome.rejected ?? [])] };
  }
}
