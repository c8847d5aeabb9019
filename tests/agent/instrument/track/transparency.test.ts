import { promisify, types } from 'node:util';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { AnyFunction } from '../../../../agent/instrument/track/contract.ts';
import { startTracking } from '../../../../agent/instrument/track/track.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';

const { tracked, track } = startTracking(new OwnEngine().provider.getMeter('test'), { carriesScopes: false });

type End = 'return' | 'throw' | 'promise' | 'rejection' | 'thenable' | 'same promise';

function then(this: { readonly seen: unknown }, resolve: (value: unknown) => void): void {
  resolve(this.seen);
}

/** What a function of any kind does with what it is called with. */
function work(self: unknown, args: readonly unknown[], end: End, shared: Promise<unknown>): unknown {
  const seen = { self, args: [...args] };
  if (end === 'throw') throw Object.assign(new Error('thrown'), { seen });
  if (end === 'promise') return Promise.resolve(seen);
  if (end === 'rejection') return Promise.reject(Object.assign(new Error('rejected'), { seen }));
  // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
  if (end === 'thenable') return { seen, then };
  return end === 'same promise' ? shared : seen;
}

const KINDS: Readonly<Record<string, (end: End, shared: Promise<unknown>) => AnyFunction>> = {
  function: (end, shared) =>
    function ordinary(this: unknown, _first: unknown, ...rest: unknown[]) {
      return work(this, [_first, ...rest], end, shared);
    },
  arrow:
    (end, shared) =>
    (...args: unknown[]) =>
      work('lexical', args, end, shared),
  method: (end, shared) =>
    ({
      method(this: unknown, ...args: unknown[]) {
        return work(this, args, end, shared);
      },
    }).method,
  async: (end, shared) =>
    async function waiting(this: unknown, ...args: unknown[]) {
      await undefined;
      return work(this, args, end, shared);
    },
  generator: (end, shared) =>
    function* generating(this: unknown, ...args: unknown[]) {
      yield 1;
      // A promise that is handed out as a value is nobody's to handle.
      return work(this, args, end === 'rejection' ? 'throw' : end, shared);
    },
  'async generator': (end, shared) =>
    async function* generatingLater(this: unknown, ...args: unknown[]) {
      yield 1;
      await work(this, args, end, shared);
    },
  bound: (end, shared) =>
    function toBind(this: unknown, ...args: unknown[]) {
      return work(this, args, end, shared);
    }.bind('bound', 'first') as AnyFunction,
  proxy: (end, shared) =>
    new Proxy(function behind(this: unknown, ...args: unknown[]) {
      return work(this, args, end, shared);
    }, {}),
  sloppy: () => new Function('a', 'return { self: this === globalThis, a, length: arguments.length }') as AnyFunction,
};

/** All that a caller can see of a call. */
async function seenOf(fn: AnyFunction, self: unknown, args: readonly unknown[], shared: Promise<unknown>): Promise<unknown> {
  let result: unknown;
  try {
    result = Reflect.apply(fn, self, args as never[]);
  } catch (error) {
    return ['threw', (error as Error).message, (error as { seen?: unknown }).seen];
  }
  const about = [result === shared, result instanceof Promise, Object.prototype.toString.call(result)];
  const drained: unknown[] = [];
  try {
    if (types.isGeneratorObject(result)) {
      const iterator = result as unknown as AsyncGenerator<unknown>;
      for (let next = await iterator.next(); ; next = await iterator.next()) {
        drained.push(next);
        if (next.done === true) break;
      }
    }
    return ['returned', about, drained, await result];
  } catch (error) {
    return ['rejected', about, drained, (error as Error).message, (error as { seen?: unknown }).seen];
  }
}

const isConstructor = (fn: AnyFunction): boolean => {
  try {
    Reflect.construct(Object, [], fn);
    return true;
  } catch {
    return false;
  }
};

describe('a function that is tracked', () => {
  it('does with any `this` and arguments what it does untracked', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...Object.keys(KINDS)),
        fc.constantFrom<End>('return', 'throw', 'promise', 'rejection', 'thenable', 'same promise'),
        fc.anything(),
        fc.array(fc.anything(), { maxLength: 4 }),
        async (kind, end, self, args) => {
          const shared = Promise.resolve('shared');
          const fn = KINDS[kind]!(end, shared);
          const expected = await seenOf(fn, self, args, shared);
          expect(await seenOf(tracked('work', fn), self, args, shared)).toEqual(expected);
        },
      ),
      { endOnFailure: true, numRuns: 300 },
    );
  });

  it.each(Object.entries(KINDS))('looks like it: %s', (_kind, make) => {
    const fn = Object.assign(make('return', Promise.resolve()), { extra: 1 });
    const wrapper = tracked('work', fn);
    expect([wrapper.name, wrapper.length, wrapper.extra]).toEqual([fn.name, fn.length, 1]);
    expect(Object.keys(wrapper)).toEqual(Object.keys(fn));
    expect(Object.getPrototypeOf(wrapper)).toBe(Object.getPrototypeOf(fn));
    // As packages ask whether a function is async; node:util's own answer is not to be had without an async function.
    expect(Object.prototype.toString.call(wrapper)).toBe(Object.prototype.toString.call(fn));
    expect(wrapper.constructor).toBe(fn.constructor);
    expect(isConstructor(wrapper)).toBe(isConstructor(fn));
    if (!fn.name.startsWith('bound ')) {
      expect((wrapper as { prototype?: unknown }).prototype).toBe((fn as { prototype?: unknown }).prototype);
    }
  });

  it('is tracked once, by its first name', () => {
    const wrapper = tracked('first', (): number => 1);
    expect(tracked('second', wrapper)).toBe(wrapper);
  });

  it('makes objects as before, and can be extended', () => {
    function Point(this: { x: number; made: unknown }, x: number): void {
      this.x = x;
      this.made = new.target;
    }
    type Constructor = new (x: number) => { x: number; made: unknown };
    const Wrapped = tracked('point', Point as unknown as AnyFunction) as unknown as Constructor;
    class Further extends Wrapped {}
    const [point, further] = [new Wrapped(1), new Further(2)];
    expect(point).toMatchObject({ x: 1, made: Point });
    expect(further).toMatchObject({ x: 2, made: Further });
    expect([point instanceof Wrapped, point instanceof Point, further instanceof Wrapped]).toEqual([true, true, true]);
  });

  it('is not wrapped when it is a class, whose statics know no other `this`', () => {
    class Counter {
      static #made = 0;
      static next(): number {
        return (this.#made += 1);
      }
    }
    expect(tracked('counter', Counter as unknown as AnyFunction)).toBe(Counter);
  });

  it('keeps what hangs on it, such as its form for promisify', async () => {
    const fn = Object.assign((_done: () => void): void => undefined, { [promisify.custom]: async () => 'promised' });
    expect(await (promisify(tracked('work', fn)) as () => Promise<string>)()).toBe('promised');
  });

  it('is given back when it is no function, or cannot be looked at', () => {
    const hidden = new Proxy((): number => 1, {
      ownKeys: () => {
        throw new Error('no');
      },
    });
    for (const value of [undefined, 7, 'text', hidden]) expect(tracked('work', value as unknown as AnyFunction)).toBe(value);
  });

  it('whose result cannot be looked at gives it back all the same', () => {
    const result = new Proxy(
      {},
      {
        get: () => {
          throw new Error('no');
        },
      },
    );
    expect(track('work', () => result)).toBe(result);
  });
});

describe('an async function that is tracked', () => {
  it('leaves who waits for it in the stack of an error', async () => {
    const inner = tracked('inner', async () => {
      await Promise.resolve();
      throw new Error('late');
    });
    async function whoWaits(): Promise<void> {
      await inner();
    }
    const error = await whoWaits().catch((caught: unknown) => caught as Error);
    // Node's own text has `async` before the name; a source map's does not.
    expect((error as Error).stack).toMatch(/at (async )?whoWaits/);
  });

  it('is listened to as `await` listens, whatever stands in the place of then', async () => {
    const { then } = Promise.prototype;
    const fn = tracked('work', async () => 7);
    let asked = 0;
    // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
    Promise.prototype.then = function patched(...given: never[]): never {
      asked += 1;
      return Reflect.apply(then, this, given) as never;
    };
    let promise: Promise<number>;
    try {
      promise = fn();
    } finally {
      // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
      Promise.prototype.then = then;
    }
    expect(asked).toBe(0);
    expect(await promise).toBe(7);
  });

  it('gives out its own promise where promises are made by something that fails', async () => {
    const fn = tracked('work', async () => 7);
    const species = Object.getOwnPropertyDescriptor(Promise, Symbol.species)!;
    let given: Promise<number>;
    Object.defineProperty(Promise, Symbol.species, { configurable: true, get: () => () => 0 });
    try {
      given = fn();
    } finally {
      Object.defineProperty(Promise, Symbol.species, species);
    }
    expect(await given).toBe(7);
  });
});

describe('a rejection', () => {
  const unhandled: unknown[] = [];
  const listener = (reason: unknown): void => void unhandled.push(reason);
  let before: NodeJS.UnhandledRejectionListener[] = [];
  const listen = (): void => {
    before = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', listener);
  };
  afterEach(() => {
    process.off('unhandledRejection', listener);
    for (const each of before) process.on('unhandledRejection', each);
    unhandled.length = 0;
  });
  const turns = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) await new Promise(setImmediate);
  };

  it('of an async function that nobody handles is told by Node, once', async () => {
    listen();
    const error = new Error('nobody cares');
    void tracked('work', async () => {
      throw error;
    })();
    void track('work', async () => {
      throw error;
    });
    await turns();
    expect(unhandled).toEqual([error, error]);
  });

  it('that somebody handles is not', async () => {
    listen();
    const fail = (): Promise<never> => Promise.reject(new Error('handled'));
    for (const fn of [fail, async () => fail()]) await expect(tracked('work', fn)()).rejects.toThrow('handled');
    await turns();
    expect(unhandled).toEqual([]);
  });
});
