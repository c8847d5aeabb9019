import type { FaultKind, OnFault } from './contract.ts';
import { METRIC_LIMITS } from './limits.ts';

/** Counts what was not taken as it came, and tells of it once per subject and kind. */
export class Faults {
  readonly counts: Record<FaultKind, number> = {
    nan: 0,
    infinite: 0,
    negative: 0,
    type: 0,
    attribute: 0,
    overflow: 0,
    name: 0,
    duplicate: 0,
    view: 0,
    callback: 0,
  };
  readonly #onFault: OnFault;
  readonly #told = new Set<string>();

  constructor(onFault: OnFault) {
    this.#onFault = onFault;
  }

  /** `subject` is what is told about once, usually an instrument; the whole text when `detail` adds nothing. */
  count(kind: FaultKind, subject: string, detail: () => string): void {
    this.counts[kind] += 1;
    const key = `${kind} ${subject}`.slice(0, METRIC_LIMITS.faultCharacters);
    if (this.#told.size >= METRIC_LIMITS.toldFaults || this.#told.has(key)) return;
    this.#told.add(key);
    try {
      this.#onFault(kind, detail().slice(0, METRIC_LIMITS.faultCharacters));
    } catch {
      // Whoever listens does so at his own risk: the application goes on.
    }
  }

  /** A measurement that cannot be taken: which of the reasons it is. */
  refuse(instrument: string, value: unknown): void {
    const [kind, why] = reasonOf(value);
    this.count(kind, instrument, () => `cannot record a measurement of ${instrument}: ${why}`);
  }
}

function reasonOf(value: unknown): readonly [FaultKind, string] {
  if (typeof value !== 'number') return ['type', `it is no number but of type ${typeof value}`];
  if (Number.isNaN(value)) return ['nan', 'it is NaN'];
  if (value < 0 && value > -Infinity) return ['negative', `it is ${value}, and this instrument takes nothing below zero`];
  return ['infinite', Number.isFinite(value) ? 'the sum would become infinite' : `it is ${value}`];
}
