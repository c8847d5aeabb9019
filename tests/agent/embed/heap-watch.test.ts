import { afterEach, describe, expect, it } from 'vitest';
import { watchHeap } from '../../../agent/embed/heap-watch.ts';
import { LIMITS } from '../../../pipeline/limits.ts';

let undo = (): void => {};
afterEach(() => undo());
const pause = (looks: number) => new Promise((resolve) => setTimeout(resolve, looks * LIMITS.embeddedHeapLookMs));

describe('a watched heap', () => {
  it('tells once when it stays too large', async () => {
    const told: number[] = [];
    undo = watchHeap(1, (usedMb) => told.push(usedMb));
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(1);
    expect(told[0]).toBeGreaterThan(1);
    await pause(2 * LIMITS.embeddedHeapLooks);
    expect(told).toHaveLength(1);
  });

  it('says nothing below its bound, and nothing after it was undone', async () => {
    const told: number[] = [];
    undo = watchHeap(1_000_000, (usedMb) => told.push(usedMb));
    const undone = watchHeap(1, (usedMb) => told.push(usedMb));
    undone();
    await pause(2 * LIMITS.embeddedHeapLooks);
    expect(told).toEqual([]);
  });
});
