import { describe, expect, it } from 'vitest';
import type { StartedTracking } from '../../../../agent/instrument/track/contract.ts';
import { TRACK_LIMITS } from '../../../../agent/instrument/track/limits.ts';
import { OPERATIONS_METER, operationViews } from '../../../../agent/instrument/track/operations.ts';
import { startTracking } from '../../../../agent/instrument/track/track.ts';
import { UNTRACKED } from '../../../../agent/instrument/track/untracked.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';
import type { DecodedPoint } from '../../../support/metric-points.ts';

class Tracked {
  readonly #engine = new OwnEngine({ views: operationViews() });
  readonly tracking: StartedTracking = startTracking(this.#engine.provider.getMeter(OPERATIONS_METER), { carriesScopes: false });

  points(metric: string): readonly DecodedPoint[] {
    return this.#engine.collect().filter((point) => point.metric === metric);
  }

  /** Operations that have ended: attributes, and how many. */
  ended(): readonly (readonly [Readonly<Record<string, unknown>>, number])[] {
    return this.points('op.duration').map(({ attributes, tree }) => [attributes, Number(tree['count'])] as const);
  }

  get instruments(): number {
    return this.#engine.provider.stats().instruments;
  }

  active(): number {
    return this.points('op.active').reduce((sum, { value }) => sum + value, 0);
  }
}

const until = async (over: () => boolean): Promise<void> => {
  while (!over()) await new Promise(setImmediate);
};

describe('tracked', () => {
  it('makes its instruments for the first operation, and once', () => {
    const app = new Tracked();
    expect(app.instruments).toBe(0);
    const run = app.tracking.tracked('run', () => 1);
    expect([run(), app.tracking.track('other', () => 2), app.instruments]).toEqual([1, 2, 2]);
  });

  it('counts each call by its outcome, in seconds, in an exponential histogram', async () => {
    const app = new Tracked();
    const wait = app.tracking.tracked('wait', (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)));
    await wait(20);
    const [point] = app.points('op.duration');
    expect(point).toMatchObject({
      meter: OPERATIONS_METER,
      unit: 's',
      type: 'exponentialHistogram',
      attributes: { 'op.name': 'wait', outcome: 'ok' },
    });
    // Timers may be early by a millisecond of their own clock.
    expect(Number(point!.tree['sum'])).toBeGreaterThan(0.018);
    expect(Number(point!.tree['sum'])).toBeLessThan(20);
  });

  it.each([
    ['a class of its own', new (class CardDeclined extends Error {})(), 'error', 'CardDeclined'],
    ['a built-in', new TypeError('secret 4711'), 'error', 'TypeError'],
    ['an abort', AbortSignal.abort().reason as unknown, 'cancelled', 'AbortError'],
    ['a timeout', new DOMException('', 'TimeoutError'), 'timeout', 'TimeoutError'],
    ['a text', 'secret', 'error', '_OTHER'],
    ['nothing', undefined, 'error', '_OTHER'],
    ['an object without a class', Object.create(null) as unknown, 'error', '_OTHER'],
    ['a name that is a message', { constructor: { name: 'user 4711 not found' } }, 'error', '_OTHER'],
    [
      'what cannot be looked at',
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('no');
          },
        },
      ),
      'error',
      '_OTHER',
    ],
  ])('tells what was thrown by the name of its class and never by its message: %s', async (_title, thrown, outcome, type) => {
    const app = new Tracked();
    const throws = app.tracking.tracked('work', () => {
      throw thrown;
    });
    const rejects = app.tracking.tracked('work', () => Promise.reject(thrown as Error));
    const fails = app.tracking.tracked('work', async () => {
      throw thrown;
    });
    for (const fn of [throws, rejects, fails]) {
      const caught = await Promise.resolve()
        .then(fn)
        .then(
          () => 'nothing',
          (error: unknown) => ({ error }),
        );
      expect((caught as { error: unknown }).error).toBe(thrown);
    }
    expect(app.ended()).toEqual([[{ 'op.name': 'work', outcome, 'error.type': type }, 3]]);
    expect(app.active()).toBe(0);
  });

  it('knows no more error types than the limit', () => {
    const app = new Tracked();
    const fail = app.tracking.tracked('work', (name: string) => {
      throw { constructor: { name } };
    });
    for (let i = 0; i < TRACK_LIMITS.errorTypes + 10; i++) expect(() => fail(`Error${i}`)).toThrow();
    const types = app.ended().map(([attributes, count]) => [attributes['error.type'], count]);
    expect(types).toHaveLength(TRACK_LIMITS.errorTypes + 1);
    expect(types).toContainEqual(['_OTHER', 10]);
  });

  it('knows no more operations than the limit', () => {
    const app = new Tracked();
    for (let i = 0; i < TRACK_LIMITS.operations + 10; i++) app.tracking.track(`work ${i}`, () => i);
    const names = app.ended().map(([attributes, count]) => [attributes['op.name'], count]);
    expect(names).toHaveLength(TRACK_LIMITS.operations + 1);
    expect(names).toContainEqual(['_OTHER', 10]);
  });

  it('tells of each operation what all its calls took, whatever their tags', async () => {
    const { tracking } = new Tracked();
    const charge = tracking.tracked('charge', (fails: boolean) => {
      if (fails) throw new Error('no');
    });
    charge(false);
    expect(() => charge(true)).toThrow('no');
    tracking.scope({ tenant: 'acme' }, () => charge(false));
    tracking.track('charge', () => 7, { tags: { plan: 'gold' } });
    await tracking.track('wait', () => new Promise((resolve) => setTimeout(resolve, 5)));
    const [charged, waited, ...more] = tracking.totals();
    expect(charged).toMatchObject({ name: 'charge', calls: 4, failures: 1 });
    expect(waited).toMatchObject({ name: 'wait', calls: 1, failures: 0 });
    expect(waited?.seconds).toBeGreaterThan(0.003);
    expect(more).toEqual([]);
  });

  it('adds the tags of a call, as they were before it, and none that hide its own', () => {
    const app = new Tracked();
    const charge = app.tracking.tracked('charge', (order: { plan: string }) => (order.plan = 'changed'), {
      tags: ({ plan }) => ({ plan, outcome: 'excellent', 'op.name': 'x' }),
    });
    charge({ plan: 'gold' });
    expect(app.ended()).toEqual([[{ 'op.name': 'charge', outcome: 'ok', plan: 'gold' }, 1]]);
  });

  it('does without tags that cannot be had', () => {
    const app = new Tracked();
    const tags = (): never => {
      throw new Error('no tags');
    };
    expect(app.tracking.tracked('work', () => 7, { tags })()).toBe(7);
    expect(app.ended()).toEqual([[{ 'op.name': 'work', outcome: 'ok' }, 1]]);
  });

  it('counts what has not ended', async () => {
    const app = new Tracked();
    let finish = (): void => undefined;
    const work = app.tracking.tracked('work', () => new Promise<void>((resolve) => (finish = resolve)));
    const first = work();
    const finishFirst = finish;
    const second = work();
    expect(app.active()).toBe(2);
    finishFirst();
    await first;
    expect(app.active()).toBe(1);
    finish();
    await second;
    await until(() => app.active() === 0);
  });

  it('measures an operation within another as one of its own', async () => {
    const app = new Tracked();
    const inner = app.tracking.tracked('inner', async () => 1);
    await app.tracking.track('outer', async () => (await inner()) + (await inner()));
    expect(app.ended()).toEqual([
      [{ 'op.name': 'inner', outcome: 'ok' }, 2],
      [{ 'op.name': 'outer', outcome: 'ok' }, 1],
    ]);
  });

  it('has no duration for what begins its work when it is asked: generators, query builders, lazy promises', () => {
    const app = new Tracked();
    class Lazy extends Promise<unknown> {
      // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
      override then(): never {
        throw new Error('begun');
      }
    }
    const query = {
      // oxlint-disable-next-line unicorn/no-thenable -- it is what is tested
      then: () => {
        throw new Error('begun');
      },
    };
    const lazy = new Lazy(() => undefined);
    expect(app.tracking.track<unknown>('work', () => query)).toBe(query);
    expect(app.tracking.track<unknown>('work', () => lazy)).toBe(lazy);
    const items = app.tracking.track('work', function* () {
      yield 1;
    });
    expect([...items]).toEqual([1]);
    expect(app.ended()).toEqual([]);
    expect(app.active()).toBe(0);
  });
});

describe('an operation', () => {
  it('ends with its block', async () => {
    const app = new Tracked();
    {
      using _import = app.tracking.operation('import', { tags: { format: 'csv' } });
      expect(app.active()).toBe(1);
    }
    {
      await using _import = app.tracking.operation('import', { tags: { format: 'csv' } });
    }
    expect(app.ended()).toEqual([[{ 'op.name': 'import', outcome: 'ok', format: 'csv' }, 2]]);
    expect(app.active()).toBe(0);
  });

  it('ends once, as it ended first', () => {
    const app = new Tracked();
    {
      using op = app.tracking.operation('import');
      op.fail(new RangeError());
      op.end();
      op.fail(new TypeError());
    }
    expect(app.ended()).toEqual([[{ 'op.name': 'import', outcome: 'error', 'error.type': 'RangeError' }, 1]]);
    expect(app.active()).toBe(0);
  });
});

describe('without an engine', () => {
  it('tracked is the function itself, and all others go straight through', async () => {
    const fn = (): number => 7;
    expect(UNTRACKED.tracked('work', fn)).toBe(fn);
    expect(UNTRACKED.track('work', fn)).toBe(7);
    expect(UNTRACKED.scope({ tenant: 'a' }, fn)).toBe(7);
    {
      using op = UNTRACKED.operation('work');
      op.fail(new Error('x'));
      op.end();
      await using _other = UNTRACKED.operation('work');
    }
  });
});
