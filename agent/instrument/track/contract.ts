import type { Attributes } from '@opentelemetry/api';

export type Outcome = 'ok' | 'error' | 'timeout' | 'cancelled';

export type AnyFunction = (...args: never[]) => unknown;

/** Whom the work of a request is for. The scope of the process is not among them: it is the resource's, and a collector
 *  rejects points that claim another. */
export interface RequestTags {
  readonly tenant?: string;
  readonly tier?: string;
  readonly domain?: string;
}

/** An operation that has begun. Only the first of its ends counts; leaving the block of `using` is `end`. */
export interface Operation extends Disposable, AsyncDisposable {
  end(): void;
  /** `using` cannot see what a block throws: tell it before it leaves. */
  fail(error: unknown): void;
}

/** What an operation has done since the process began. */
export interface OperationTotals {
  readonly name: string;
  /** That have ended. */
  readonly calls: number;
  readonly failures: number;
  readonly seconds: number;
}

export interface Tracking {
  /** Calls `fn` once and measures it; gives back what it gives, throws what it throws. */
  track<Result>(name: string, fn: () => Result, options?: { readonly tags?: Attributes }): Result;
  /** `fn`, measured at each call. A function that is tracked already, a generator and a class are given back as they are. */
  tracked<Fn extends AnyFunction>(
    name: string,
    fn: Fn,
    options?: { readonly tags?: (...args: Parameters<Fn>) => Attributes },
  ): Fn;
  /** `using op = operation('import.csv')`, or `op.end()` where there is no `using`. */
  operation(name: string, options?: { readonly tags?: Attributes }): Operation;
  /** Operations that begin within `fn` have these tags, and those of the scope around it that they do not replace. Without
   *  AsyncLocalStorage that ends at the first `await` of `fn`. */
  scope<Result>(tags: RequestTags, fn: () => Result): Result;
}

export interface StartedTracking extends Tracking {
  /** Of each operation. */
  totals(): OperationTotals[];
}
