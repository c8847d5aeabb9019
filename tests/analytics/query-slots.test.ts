import { describe, expect, it } from 'vitest';
import { QuerySlots, type Slot } from '../../analytics/query-slots.ts';
import { LIMITS } from '../../pipeline/limits.ts';

const never = new AbortController().signal;
const LONG_MS = 30_000;

/** What was given so far, in its order. */
function asking(slots: QuerySlots) {
  const given: string[] = [];
  const held = new Map<string, Slot[]>();
  return {
    given,
    async ask(scope: string): Promise<void> {
      const slot = await slots.take(scope, LONG_MS, never);
      if (slot === undefined) return;
      given.push(scope);
      held.set(scope, [...(held.get(scope) ?? []), slot]);
    },
    release: (scope: string) => held.get(scope)?.shift()?.release(),
    settled: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

describe('slots of queries', () => {
  it('are never all of one scope', async () => {
    const { given, ask, settled, release } = asking(new QuerySlots());
    for (let n = 0; n < LIMITS.sqlQueries + 2; n++) void ask('greedy');
    void ask('other');
    await settled();
    expect(given).toEqual([...Array.from({ length: LIMITS.sqlQueriesPerScope }, () => 'greedy'), 'other']);
    release('other');
    await settled();
    expect(given).toHaveLength(LIMITS.sqlQueries);
    release('greedy');
    await settled();
    expect(given.at(-1)).toBe('greedy');
  });

  it('go to who runs the fewest, then to who waits the longest', async () => {
    const { given, ask, settled, release } = asking(new QuerySlots());
    void ask('a');
    void ask('a');
    void ask('b');
    void ask('c');
    void ask('a');
    void ask('b');
    void ask('d');
    void ask('e');
    await settled();
    given.length = 0;
    release('a');
    await settled();
    release('a');
    await settled();
    expect(given).toEqual(['d', 'a']);
    release('c');
    await settled();
    release('b');
    await settled();
    expect(given).toEqual(['d', 'a', 'e', 'b']);
  });

  it('are not waited for longer than somebody wants to', async () => {
    const slots = new QuerySlots();
    const { ask, release } = asking(slots);
    for (let n = 0; n < LIMITS.sqlQueriesPerScope; n++) await ask('a');
    expect(await slots.take('a', 5, never)).toBeUndefined();
    const leaver = new AbortController();
    const waiting = slots.take('a', LONG_MS, leaver.signal);
    leaver.abort();
    expect(await waiting).toBeUndefined();
    expect(await slots.take('a', LONG_MS, leaver.signal)).toBeUndefined();
    release('a');
    const slot = await slots.take('a', 5, never);
    expect(slot).toBeDefined();
    slot?.release();
    slot?.release();
    expect(await slots.take('a', 5, never)).toBeDefined();
    expect(await slots.take('a', 5, never)).toBeUndefined();
  });

  it('are refused at once where too many wait', async () => {
    const slots = new QuerySlots();
    const { ask } = asking(slots);
    for (let n = 0; n < LIMITS.sqlQueriesPerScope + LIMITS.sqlWaitingPerScope; n++) void ask('a');
    expect(await slots.take('a', LONG_MS, never)).toBeUndefined();
    expect(await slots.take('b', LONG_MS, never)).toBeDefined();
  });
});
