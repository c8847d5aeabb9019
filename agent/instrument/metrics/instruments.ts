import type { Attributes, Context } from '@opentelemetry/api';
import type { AgentCounter, AgentRecorder, BoundCounter, BoundRecorder } from './contract.ts';
import type { Faults } from './faults.ts';
import type { Series } from './series.ts';
import type { Stream } from './stream.ts';

export interface Measuring {
  readonly name: string;
  readonly streams: readonly Stream<Series>[];
  readonly nonNegative: boolean;
  readonly faults: Faults;
}

/** What both kinds share: nothing a caller hands in makes them throw. One stream is the rule, and has a field of its own. */
abstract class Instrument {
  protected readonly stream: Stream<Series>;
  protected readonly more: readonly Stream<Series>[];
  protected readonly nonNegative: boolean;
  readonly #measuring: Measuring;

  constructor(measuring: Measuring) {
    const [stream, ...more] = measuring.streams;
    if (stream === undefined) throw new Error(`BUG: ${measuring.name} has no stream`);
    this.stream = stream;
    this.more = more;
    this.nonNegative = measuring.nonNegative;
    this.#measuring = measuring;
  }

  bind(attributes?: Attributes): BoundCounter & BoundRecorder {
    try {
      const series = this.stream.find(attributes);
      if (this.more.length === 0) return series;
      return new BoundSeveral([series, ...this.more.map((each) => each.find(attributes))]);
    } catch (error) {
      this.unreadable(error);
      return UNMEASURED;
    }
  }

  protected refuse(value: unknown): void {
    const { faults, name } = this.#measuring;
    faults.refuse(name, value);
  }

  protected unreadable(error: unknown): void {
    const { faults, name } = this.#measuring;
    faults.count('attribute', name, () => `cannot read the attributes of a measurement of ${name}: ${String(error)}`);
  }
}

/** Counter and up-down counter. */
export class AddingInstrument extends Instrument implements AgentCounter {
  add(value: number, attributes?: Attributes, context?: Context): void {
    // Before the look-up: what is refused must not make a series. NaN and what is infinite are not zero less themselves.
    if (typeof value !== 'number' || value - value !== 0 || (value < 0 && this.nonNegative)) return this.refuse(value);
    try {
      this.stream.find(attributes).add(value, context, attributes);
      if (this.more.length > 0) for (const stream of this.more) stream.find(attributes).add(value, context, attributes);
    } catch (error) {
      this.unreadable(error);
    }
  }
}

/** Histogram and gauge. */
export class RecordingInstrument extends Instrument implements AgentRecorder {
  record(value: number, attributes?: Attributes, context?: Context): void {
    if (typeof value !== 'number' || value - value !== 0 || (value < 0 && this.nonNegative)) return this.refuse(value);
    try {
      this.stream.find(attributes).record(value, context, attributes);
      if (this.more.length > 0) for (const stream of this.more) stream.find(attributes).record(value, context, attributes);
    } catch (error) {
      this.unreadable(error);
    }
  }
}

/** A bound instrument that leaves as several metrics. */
class BoundSeveral implements BoundCounter, BoundRecorder {
  readonly #series: readonly Series[];

  constructor(series: readonly Series[]) {
    this.#series = series;
  }

  add(value: number, context?: Context): void {
    for (const series of this.#series) series.add(value, context);
  }

  record(value: number, context?: Context): void {
    for (const series of this.#series) series.record(value, context);
  }
}

/** An instrument that a view drops, or that could not be made: it takes everything and keeps nothing. */
export const UNMEASURED: AgentCounter & AgentRecorder & BoundCounter & BoundRecorder = Object.freeze({
  add: () => undefined,
  record: () => undefined,
  bind: () => UNMEASURED,
});
