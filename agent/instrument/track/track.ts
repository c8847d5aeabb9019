import type { Attributes } from '@opentelemetry/api';
import type { AgentMeter } from '../metrics/contract.ts';
import type { AnyFunction, Operation, StartedTracking } from './contract.ts';
import { isAsync, kindOf, makeLike } from './likeness.ts';
import { type NamedOperation, type OperationCells, Operations } from './operations.ts';
import { Pending } from './pending.ts';
import { Scopes } from './scopes.ts';
import { isPlainPromise, isUnfinished, whenSettled } from './settling.ts';

export interface TrackingOptions {
  /** Scopes reach over `await`, by AsyncLocalStorage. */
  readonly carriesScopes: boolean;
}

/** What a wrapper needs at a call; one for each function that is tracked. */
interface Plan {
  readonly fn: AnyFunction;
  readonly operation: NamedOperation;
  readonly tags: ((...args: never[]) => Attributes) | undefined;
  readonly scopes: Scopes;
}

/** Operations, measured into `op.duration` and `op.active` of `meter`. What is tracked behaves as if it were not. */
export function startTracking(meter: AgentMeter, { carriesScopes }: TrackingOptions): StartedTracking {
  const operations = new Operations(meter);
  const scopes = new Scopes(carriesScopes);
  const planOf = (name: string, fn: AnyFunction, tags: Plan['tags']): Plan => ({
    fn,
    operation: operations.named(name),
    tags: typeof tags === 'function' ? tags : undefined,
    scopes,
  });
  return {
    track(name, fn, options) {
      const tags = options?.tags;
      const plan = planOf(name, fn, tags === undefined ? undefined : () => tags);
      return (isAsync(fn) ? callAsync(plan, undefined, []) : call(plan, undefined, [])) as ReturnType<typeof fn>;
    },
    tracked(name, fn, options) {
      try {
        const kind = kindOf(fn);
        if (kind === undefined) return fn;
        const wrapper = WRAPPERS[kind](planOf(name, fn, options?.tags as Plan['tags']));
        makeLike(wrapper, fn);
        return wrapper as typeof fn;
      } catch {
        // A proxy that does not let itself be looked at.
        return fn;
      }
    },
    operation(name, options) {
      const tags = options?.tags;
      const cells = operations.named(name).cells(scopes.current);
      return new RunningOperation(cells, tags === undefined ? undefined : tagsOf(cells, () => tags, []));
    },
    scope: (tags, fn) => scopes.run(tags, fn),
    totals: () => operations.totals(),
  };
}

/** A method has neither `prototype` nor a way to be called by `new`, as arrow functions have; only a function has both. */
const WRAPPERS = {
  plain: (plan: Plan): object =>
    ({
      wrapper(this: unknown, ...args: never[]): unknown {
        return call(plan, this, args);
      },
    }).wrapper,
  // The promise of an async function is new at each call: nobody can tell the one that comes back from it. Listening to that one
  // instead would make Node take its rejection for handled when nobody handles it.
  async: (plan: Plan): object => (plan.tags === undefined ? untagged(plan) : tagged(plan)),
  constructor: (plan: Plan): object => {
    function wrapper(this: unknown, ...args: never[]): unknown {
      if (new.target === undefined) return call(plan, this, args);
      return Reflect.construct(plan.fn, args, new.target === wrapper ? plan.fn : new.target);
    }
    return wrapper;
  },
};

/** All in one, as arguments that are handed on are made into an array. */
function untagged({ fn, operation, scopes }: Plan): object {
  return {
    wrapper(this: unknown, ...args: never[]): unknown {
      const pending = Pending.begin(operation.cells(scopes.current), undefined);
      let result: unknown;
      try {
        result = Reflect.apply(fn, this, args);
        return whenSettled(result as Promise<unknown>, pending.onValue, pending.onError);
      } catch (error) {
        return pending.unheard(result, error);
      }
    },
  }.wrapper;
}

function tagged(plan: Plan): object {
  return {
    wrapper(this: unknown, ...args: never[]): unknown {
      return callAsync(plan, this, args);
    },
  }.wrapper;
}

function call(plan: Plan, self: unknown, args: readonly never[]): unknown {
  const cells = plan.operation.cells(plan.scopes.current);
  const tags = plan.tags === undefined ? undefined : tagsOf(cells, plan.tags, args);
  const startMs = cells.begin();
  let result: unknown;
  try {
    result = Reflect.apply(plan.fn, self, args);
  } catch (error) {
    cells.fail(startMs, error, tags);
    throw error;
  }
  if ((typeof result === 'object' && result !== null) || typeof result === 'function') {
    settle(result, cells, startMs, tags);
  } else {
    cells.end(startMs, tags);
  }
  return result;
}

function callAsync(plan: Plan, self: unknown, args: readonly never[]): unknown {
  const cells = plan.operation.cells(plan.scopes.current);
  const pending = Pending.begin(cells, plan.tags === undefined ? undefined : tagsOf(cells, plan.tags, args));
  let result: unknown;
  try {
    result = Reflect.apply(plan.fn, self, args);
    return whenSettled(result as Promise<unknown>, pending.onValue, pending.onError);
  } catch (error) {
    return pending.unheard(result, error);
  }
}

/** `result` goes to the caller as it is, and is looked at no more than can be helped. */
function settle(result: object, cells: OperationCells, startMs: number, tags: Attributes | undefined): void {
  try {
    if (isPlainPromise(result)) {
      result.then(
        () => cells.end(startMs, tags),
        (error: unknown) => cells.fail(startMs, error, tags),
      );
    } else if (isUnfinished(result)) cells.abandon();
    else cells.end(startMs, tags);
  } catch {
    cells.abandon();
  }
}

/** Before the call, as it may change what it is handed. A tag that cannot be had is none. */
function tagsOf(cells: OperationCells, tags: (...args: never[]) => Attributes, args: readonly never[]): Attributes | undefined {
  try {
    return cells.withTags(Reflect.apply(tags, undefined, args));
  } catch {
    return undefined;
  }
}

class RunningOperation implements Operation {
  readonly #cells: OperationCells;
  readonly #tags: Attributes | undefined;
  readonly #startMs: number;
  #ended = false;

  constructor(cells: OperationCells, tags: Attributes | undefined) {
    this.#cells = cells;
    this.#tags = tags;
    this.#startMs = cells.begin();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cells.end(this.#startMs, this.#tags);
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cells.fail(this.#startMs, error, this.#tags);
  }

  [Symbol.dispose](): void {
    this.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.end();
    return Promise.resolve();
  }
}
