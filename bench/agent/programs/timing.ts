/** How long a program measures. */
export interface Effort {
  readonly warmUpMs: number;
  readonly blockMs: number;
  readonly blocks: number;
}

export const EFFORTS = {
  full: { warmUpMs: 400, blockMs: 10, blocks: 41 },
  smoke: { warmUpMs: 20, blockMs: 5, blocks: 5 },
} as const satisfies Record<string, Effort>;
export type EffortName = keyof typeof EFFORTS;

/** Calls of one batch: enough that what is around a batch is nothing beside it. */
export const CALLS = 10_000;

/** ns of one of the CALLS of `batch`: the median of many short blocks, so that those in which this thread had to wait for
 *  its core do not count. */
export async function nsPerCall(batch: () => unknown, { warmUpMs, blockMs, blocks }: Effort): Promise<number> {
  const beganMs = performance.now();
  let warm = 0;
  for (; performance.now() - beganMs < warmUpMs; warm++) await batch();
  const batches = Math.max(1, Math.round((warm * blockMs) / warmUpMs));
  const figures: number[] = [];
  for (let block = 0; block < blocks; block++) {
    const startMs = performance.now();
    for (let i = 0; i < batches; i++) await batch();
    figures.push(((performance.now() - startMs) * 1e6) / (batches * CALLS));
  }
  return figures.sort((a, b) => a - b)[blocks >> 1]!;
}
