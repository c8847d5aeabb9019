import type {
  Attributes,
  BatchObservableCallback,
  BatchObservableResult,
  Observable,
  ObservableCallback,
  ObservableResult,
} from '@opentelemetry/api';
import type { Faults } from './faults.ts';
import { METRIC_LIMITS } from './limits.ts';
import { ObservedSeries, type Series } from './series.ts';
import type { Stream } from './stream.ts';

/** A callback and what it may observe. */
interface Registration {
  readonly callback: ObservableCallback | BatchObservableCallback;
  readonly observables: readonly AgentObservable[];
  readonly batch: boolean;
}

export interface ObservableOptions {
  readonly name: string;
  readonly integers: boolean;
  readonly streams: readonly Stream<ObservedSeries | Series>[];
  readonly faults: Faults;
  readonly callbacks: Callbacks;
}

/** An observable instrument. */
export class AgentObservable implements Observable {
  readonly name: string;
  readonly #options: ObservableOptions;

  constructor(options: ObservableOptions) {
    this.name = options.name;
    this.#options = options;
  }

  addCallback(callback: ObservableCallback): void {
    this.#options.callbacks.add({ callback, observables: [this], batch: false });
  }

  removeCallback(callback: ObservableCallback): void {
    this.#options.callbacks.remove({ callback, observables: [this], batch: false });
  }

  /** What was observed and not published is forgotten. */
  begin(): void {
    this.#each((series) => series.forget());
  }

  publish(): void {
    this.#each((series) => series.publish());
  }

  /** Without throwing, whatever it is handed. */
  observe(value: number, attributes: Attributes | undefined): void {
    const { faults, integers, name, streams } = this.#options;
    if (!(typeof value === 'number' && value < Infinity && value > -Infinity)) return faults.refuse(name, value);
    const taken = integers ? Math.trunc(value) : value;
    try {
      for (const stream of streams) {
        const series = stream.find(attributes);
        if (series instanceof ObservedSeries) series.observe(taken, joins(stream, series));
        else series.record(taken);
      }
    } catch (error) {
      faults.count('attribute', name, () => `cannot read the attributes of an observation of ${name}: ${String(error)}`);
    }
  }

  #each(visit: (series: ObservedSeries) => void): void {
    for (const stream of this.#options.streams) {
      for (const series of stream.series) if (series instanceof ObservedSeries) visit(series);
    }
  }
}

/** Values of sets that a view or the limit made one are added, where they add up. */
function joins(stream: Stream<ObservedSeries | Series>, series: ObservedSeries): boolean {
  return stream.record.point === 'sum' && (stream.allowed !== undefined || stream.isOverflow(series));
}

/** A round: until it ends, results are taken. */
interface Round {
  open: boolean;
}

/** A round, what its callbacks are for, and how long it waits for asynchronous ones. */
interface Observing {
  readonly all: ReadonlySet<AgentObservable>;
  readonly round: Round;
  readonly timeoutMs: number;
}

/** Those that were there when the agent started, whatever a test of the application puts in their place. */
const later = setTimeout;

/** A timer, as what is immediate would keep the process alive, or wait for something else to happen. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    later(resolve, 0).unref();
  });
}

/** The callbacks of a provider, and how they are run. */
export class Callbacks {
  readonly #faults: Faults;
  readonly #registrations: Registration[] = [];
  #round: Round = { open: false };

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  add(registration: Registration): void {
    const { callback, observables } = registration;
    if (typeof callback !== 'function' || observables.length === 0) return;
    if (this.#registrations.some((each) => isSame(each, registration))) return;
    if (this.#registrations.length < METRIC_LIMITS.callbacks) this.#registrations.push(registration);
    else this.#fault(registration, () => `there are ${METRIC_LIMITS.callbacks} already`);
  }

  remove(registration: Registration): void {
    const at = this.#registrations.findIndex((each) => isSame(each, registration));
    if (at >= 0) this.#registrations.splice(at, 1);
  }

  /** Runs each callback once. What only synchronous ones observe is published before this returns, the rest when all are done
   *  or `timeoutMs` is over; a round that still runs is ended, and what it would observe later is not taken. `inTurns`: each
   *  callback has a turn of the event loop to itself while there is time, and all is published at the end. */
  observe(timeoutMs: number, inTurns = false): Promise<void> {
    this.#round.open = false;
    const round = { open: true };
    this.#round = round;
    const registrations = this.#registrations.slice();
    const all = new Set(registrations.flatMap(({ observables }) => observables));
    for (const observable of all) observable.begin();
    const running = new Map<Registration, Promise<void>>();
    if (inTurns) return this.#inTurns(registrations, running, { all, round, timeoutMs });
    for (const registration of registrations) this.#begin(registration, running, round);
    return this.#publish(running, { all, round, timeoutMs });
  }

  /** What took its time in a turn of the application's own is none of its callbacks'. */
  async #inTurns(
    registrations: readonly Registration[],
    running: Map<Registration, Promise<void>>,
    about: Observing,
  ): Promise<void> {
    const { round, timeoutMs } = about;
    const hurryMs = performance.now() + timeoutMs / 2;
    for (const registration of registrations) {
      if (performance.now() < hurryMs) await nextTurn();
      if (!round.open) return;
      if (this.#registrations.includes(registration)) this.#begin(registration, running, round);
    }
    await this.#publish(running, about);
  }

  #begin(registration: Registration, running: Map<Registration, Promise<void>>, round: Round): void {
    const done = this.#run(registration, round);
    if (done !== undefined)
      running.set(
        registration,
        done.finally(() => running.delete(registration)),
      );
  }

  #publish(running: ReadonlyMap<Registration, Promise<void>>, { all, round, timeoutMs }: Observing): Promise<void> {
    const waited = new Set([...running.keys()].flatMap(({ observables }) => observables));
    for (const observable of all) if (!waited.has(observable)) observable.publish();
    if (running.size === 0) {
      round.open = false;
      return Promise.resolve();
    }
    return this.#wait(running, waited, round, timeoutMs);
  }

  async #wait(
    running: ReadonlyMap<Registration, Promise<void>>,
    waited: ReadonlySet<AgentObservable>,
    round: Round,
    timeoutMs: number,
  ): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
      timer.unref();
    });
    await Promise.race([Promise.all(running.values()), timeout]);
    clearTimeout(timer);
    // Another round has begun, and holds what its own callbacks observe.
    if (!round.open) return;
    round.open = false;
    for (const late of running.keys()) this.#fault(late, () => `it takes longer than ${timeoutMs} ms`);
    for (const observable of waited) observable.publish();
  }

  /** A promise if the callback is not done yet; it never rejects. */
  #run(registration: Registration, round: Round): Promise<void> | undefined {
    const { batch, callback, observables } = registration;
    const own: Round = { open: true };
    const take = (observable: Observable | undefined, value: number, attributes: Attributes | undefined): void => {
      const known = observables.find((each) => each === observable);
      if (known === undefined) this.#fault(registration, () => 'it observes what it was not registered for');
      else if (round.open && own.open) known.observe(value, attributes);
    };
    const [first] = observables;
    const failed = (error: unknown): void => this.#fault(registration, () => `it threw ${String(error)}`);
    try {
      const result: ObservableResult | BatchObservableResult = batch
        ? { observe: (observable: Observable, value: number, attributes?: Attributes) => take(observable, value, attributes) }
        : { observe: (value: number, attributes?: Attributes) => take(first, value, attributes) };
      const returned: unknown = (callback as (given: typeof result) => unknown)(result);
      if (isThenable(returned))
        return Promise.resolve(returned)
          .then(() => undefined, failed)
          .finally(() => (own.open = false));
    } catch (error) {
      failed(error);
    }
    own.open = false;
    return undefined;
  }

  #fault({ observables }: Registration, why: () => string): void {
    const names = observables.map(({ name }) => name).join(', ');
    this.#faults.count('callback', names, () => `cannot observe ${names} by its callback: ${why()}`);
  }
}

function isSame(left: Registration, right: Registration): boolean {
  return (
    left.callback === right.callback &&
    left.batch === right.batch &&
    left.observables.length === right.observables.length &&
    left.observables.every((observable) => right.observables.includes(observable))
  );
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
