import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TRACK_LIMITS } from '../../../../agent/instrument/track/limits.ts';
import { OPERATIONS_METER, operationViews } from '../../../../agent/instrument/track/operations.ts';
import { startTracking } from '../../../../agent/instrument/track/track.ts';
import { OwnEngine } from '../../../support/metric-engine.ts';

const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];

interface Gate {
  readonly name: Name;
  readonly fails: boolean;
  open(): void;
}

/** Three operations, each of which waits until its gate opens. */
function app(): {
  readonly begin: (
    name: Name,
    fails: boolean,
    tag: string | undefined,
  ) => { readonly gate: Gate; readonly done: Promise<unknown> };
  readonly counts: () => Readonly<Record<string, number>>;
  readonly active: () => number;
} {
  const engine = new OwnEngine({ views: operationViews() });
  const tracking = startTracking(engine.provider.getMeter(OPERATIONS_METER), { carriesScopes: false });
  const work = async (passed: Promise<unknown>, _tag?: string): Promise<unknown> => passed;
  const plain = Object.fromEntries(NAMES.map((name) => [name, tracking.tracked(name, async (p: Promise<unknown>) => work(p))]));
  const tagged = Object.fromEntries(
    NAMES.map((name) => [
      name,
      tracking.tracked(name, async (p: Promise<unknown>, tag: string) => work(p, tag), { tags: (_p, tag) => ({ tag }) }),
    ]),
  );
  return {
    begin: (name, fails, tag) => {
      let open = (): void => undefined;
      const passed = new Promise<string>((resolve, reject) => {
        open = () => (fails ? reject(new TypeError(name)) : resolve(name));
      });
      const done = tag === undefined ? plain[name]!(passed) : tagged[name]!(passed, tag);
      return { gate: { name, fails, open }, done };
    },
    counts: () =>
      Object.fromEntries(
        engine
          .collect()
          .filter(({ metric }) => metric === 'op.duration')
          .map(({ attributes, tree }) => [
            `${String(attributes['op.name'])} ${String(attributes['outcome'])} ${String(attributes['tag'] ?? '')}`,
            Number(tree['count']),
          ]),
      ),
    active: () =>
      engine
        .collect()
        .filter(({ metric }) => metric === 'op.active')
        .reduce((sum, { value }) => sum + value, 0),
  };
}

describe('operations whose promises are pending', () => {
  it('end each under its own name, outcome and tags, in whatever order, and give on what they were given', async () => {
    const call = fc.record({
      name: fc.constantFrom(...NAMES),
      fails: fc.boolean(),
      tag: fc.constantFrom(undefined, 'x', 'y'),
      order: fc.double({ noNaN: true }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(call, { maxLength: 12 }), { maxLength: 4 }), async (waves) => {
        const { begin, counts, active } = app();
        const expected: Record<string, number> = {};
        for (const wave of waves) {
          const begun = wave.map(({ name, fails, tag, order }) => ({ ...begin(name, fails, tag), order }));
          for (const { name, fails, tag } of wave) {
            const key = `${name} ${fails ? 'error' : 'ok'} ${tag ?? ''}`;
            expected[key] = (expected[key] ?? 0) + 1;
          }
          expect(active()).toBe(wave.length);
          for (const { gate } of begun.toSorted((left, right) => left.order - right.order)) gate.open();
          const settled = await Promise.allSettled(begun.map(({ done }) => done));
          expect(settled.map((each) => (each.status === 'fulfilled' ? each.value : (each.reason as Error).message))).toEqual(
            wave.map(({ name }) => name),
          );
        }
        expect(counts()).toEqual(expected);
        expect(active()).toBe(0);
      }),
      { endOnFailure: true, numRuns: 60 },
    );
  });

  it('may be more at once than are kept to be used again', async () => {
    const { begin, counts, active } = app();
    const count = 3 * TRACK_LIMITS.pendingKept;
    for (let wave = 1; wave <= 2; wave++) {
      const begun = Array.from({ length: count }, (_, i) => begin(NAMES[i % 3]!, false, undefined));
      expect(active()).toBe(count);
      for (const { gate } of begun) gate.open();
      await Promise.all(begun.map(({ done }) => done));
      expect(Object.values(counts()).reduce((sum, each) => sum + each, 0)).toBe(wave * count);
    }
    expect(active()).toBe(0);
  });
});
