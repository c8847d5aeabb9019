import type { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestTags } from './contract.ts';
import { TagSets, type TagSet } from './tag-sets.ts';

/** Whether carrying a scope over `await` costs nothing: on Node before 24 the first use of an AsyncLocalStorage makes every
 *  await of the process almost three times as slow. */
export const carriesFreely = (versions: NodeJS.ProcessVersions): boolean =>
  versions['bun'] !== undefined || Number.parseInt(versions.node) >= 24;

/** The tags of the request that is worked on. */
export class Scopes {
  readonly #sets = new TagSets();
  readonly #carries: boolean;
  /** Made by the first scope: an app without any pays for none. */
  #storage: AsyncLocalStorage<TagSet | undefined> | undefined;
  #current: TagSet | undefined;

  /** `carries`: over `await` too, by AsyncLocalStorage. */
  constructor(carries: boolean) {
    this.#carries = carries;
  }

  get current(): TagSet | undefined {
    return this.#storage === undefined ? this.#current : this.#storage.getStore();
  }

  run<Result>(tags: RequestTags, fn: () => Result): Result {
    const outer = this.current;
    const inner = this.#sets.of(tags, outer);
    if (this.#carries) {
      this.#storage ??= new (process.getBuiltinModule('node:async_hooks').AsyncLocalStorage)<TagSet | undefined>();
      return this.#storage.run(inner, fn);
    }
    this.#current = inner;
    try {
      return fn();
    } finally {
      this.#current = outer;
    }
  }
}
