import type { Attributes, Context } from '@opentelemetry/api';
import type { Cells } from './cells.ts';
import type { AttributeFilter, BoundCounter, BoundRecorder, Steps } from './contract.ts';
import type { ExemplarGate, ExemplarSource } from './exemplars.ts';
import type { ExplicitBuckets } from './explicit.kernel.ts';
import { recordExponential } from './exponential.kernel.ts';
import type { Faults } from './faults.ts';

/** What every series of a stream shares. */
export interface SeriesContext {
  readonly instrument: string;
  readonly integers: boolean;
  /** Numbers below zero are refused. */
  readonly nonNegative: boolean;
  /** Attributes that the view keeps; undefined for all. */
  readonly allowed: AttributeFilter | undefined;
  readonly faults: Faults;
  readonly gate: ExemplarGate;
}

/**
 * One set of attributes of a stream, and the handle that `bind` gives. Each can `add` and `record`, as a view may make any
 * kind of point of any instrument; one calls the other in the class itself, so that the engine can inline it. `attributes`
 * serve exemplars only. A measurement that cannot be taken is counted, never thrown.
 */
export abstract class Series implements BoundCounter, BoundRecorder, ExemplarSource {
  readonly id: number;
  readonly allowed: AttributeFilter | undefined;
  protected readonly floats: Float64Array;
  protected readonly at: number;
  protected readonly nonNegative: boolean;
  protected readonly integers: boolean;
  protected readonly gate: ExemplarGate;
  readonly #context: SeriesContext;

  constructor(id: number, cells: Cells, context: SeriesContext) {
    this.id = id;
    this.allowed = context.allowed;
    this.floats = cells.floats;
    this.at = cells.offset;
    this.nonNegative = context.nonNegative;
    this.integers = context.integers;
    this.gate = context.gate;
    this.#context = context;
  }

  abstract add(value: number, context?: Context, attributes?: Attributes): void;
  abstract record(value: number, context?: Context, attributes?: Attributes): void;

  protected refuse(value: unknown): void {
    this.#context.faults.refuse(this.#context.instrument, value);
  }
}

export class SumSeries extends Series implements Steps {
  constructor(id: number, cells: Cells, context: SeriesContext) {
    super(id, cells, context);
    this.floats[this.at] = -0;
  }

  add(value: number, context?: Context, attributes?: Attributes): void {
    if (typeof value !== 'number') return this.refuse(value);
    const sum = this.floats[this.at]! + (this.integers ? Math.trunc(value) : value);
    // What is infinite or NaN is not zero when it is taken from itself.
    if (sum - sum !== 0 || (value < 0 && this.nonNegative)) return this.refuse(value);
    this.floats[this.at] = sum;
    if (this.gate.open) this.gate.offer(this, 0, value, context, attributes);
  }

  /** What need not be looked at: of an up-down counter, 1 more. */
  up(): void {
    this.floats[this.at]! += 1;
  }

  down(): void {
    this.floats[this.at]! -= 1;
  }

  record(value: number, context?: Context, attributes?: Attributes): void {
    this.add(value, context, attributes);
  }
}

export class GaugeSeries extends Series {
  constructor(id: number, cells: Cells, context: SeriesContext) {
    super(id, cells, context);
    this.floats[this.at] = NaN;
  }

  record(value: number, context?: Context, attributes?: Attributes): void {
    if (typeof value !== 'number' || value - value !== 0 || (value < 0 && this.nonNegative)) return this.refuse(value);
    // -0 stands for no measurement where sums are.
    this.floats[this.at] = (this.integers ? Math.trunc(value) : value) + 0;
    if (this.gate.open) this.gate.offer(this, 0, value, context, attributes);
  }

  add(value: number, context?: Context, attributes?: Attributes): void {
    this.record(value, context, attributes);
  }
}

export class ExplicitSeries extends Series {
  readonly #buckets: ExplicitBuckets;

  constructor(id: number, cells: Cells, context: SeriesContext, buckets: ExplicitBuckets) {
    super(id, cells, context);
    this.#buckets = buckets;
  }

  record(value: number, context?: Context, attributes?: Attributes): void {
    if (typeof value !== 'number' || (value < 0 && this.nonNegative)) return this.refuse(value);
    const taken = this.integers ? Math.trunc(value) : value;
    const bucket = this.#buckets.record(this.floats, this.at, taken);
    if (bucket < 0) return this.refuse(value);
    if (this.gate.open) this.gate.offer(this, bucket, value, context, attributes);
  }

  add(value: number, context?: Context, attributes?: Attributes): void {
    this.record(value, context, attributes);
  }
}

export class ExponentialSeries extends Series {
  readonly #size: number;

  constructor(id: number, cells: Cells, context: SeriesContext, size: number) {
    super(id, cells, context);
    this.#size = size;
  }

  record(value: number, context?: Context, attributes?: Attributes): void {
    if (typeof value !== 'number' || (value < 0 && this.nonNegative)) return this.refuse(value);
    if (!recordExponential(this.floats, this.at, this.#size, this.integers ? Math.trunc(value) : value)) {
      return this.refuse(value);
    }
    if (this.gate.open) this.gate.offer(this, -1, value, context, attributes);
  }

  add(value: number, context?: Context, attributes?: Attributes): void {
    this.record(value, context, attributes);
  }
}

/** What the callbacks of an observable said in a round. It is published when the round ends: until then the cell holds what
 *  the round before gave. */
export class ObservedSeries {
  readonly id: number;
  readonly #floats: Float64Array;
  readonly #at: number;
  #observed = NaN;

  constructor(id: number, cells: Cells) {
    this.id = id;
    this.#floats = cells.floats;
    this.#at = cells.offset;
    this.#floats[this.#at] = NaN;
  }

  /** `joins`: several sets of attributes share this series, and their values are added. */
  observe(value: number, joins: boolean): void {
    this.#observed = joins && !Number.isNaN(this.#observed) ? this.#observed + value : value;
  }

  forget(): void {
    this.#observed = NaN;
  }

  /** A series that was not observed has no point. */
  publish(): void {
    // -0 stands for no measurement.
    this.#floats[this.#at] = this.#observed + 0;
    this.#observed = NaN;
  }
}
