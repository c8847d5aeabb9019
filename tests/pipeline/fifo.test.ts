import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Fifo } from '../../pipeline/fifo.ts';

test('gives back what came in, in order, whatever the mix of pushes and shifts', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.integer({ min: -3000, max: -1 })), { maxLength: 12 }),
      (moves) => {
        const fifo = new Fifo<number>();
        const naive: number[] = [];
        let next = 0;
        for (const move of moves) {
          for (let n = 0; n < move; n++) {
            fifo.push(next);
            naive.push(next++);
          }
          for (let n = 0; n > move; n--) {
            expect(fifo.peek()).toBe(naive[0]);
            expect(fifo.shift()).toBe(naive.shift());
          }
          expect(fifo.size).toBe(naive.length);
        }
      },
    ),
    { numRuns: 30 },
  );
});
