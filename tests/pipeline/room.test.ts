import { describe, expect, test } from 'vitest';
import { Room, Ticket, type Share } from '../../pipeline/room.ts';
import { settle } from '../support/manual-clock.ts';

const share = (items: number, bytes = items * 10, requests = 1): Share => ({ items, bytes, requests });
const room = (sizer: 'items' | 'bytes' | 'requests', queue_size: number, queue_bytes = 1_000_000): Room =>
  new Room({ sizer, queue_size, queue_bytes });

describe('the room of a queue', () => {
  test.each([
    ['items', 100],
    ['bytes', 1000],
    ['requests', 2],
  ] as const)('is bounded by %s', (sizer, size) => {
    const bounded = room(sizer, size);
    expect(bounded.tryTake(share(50))).toBe(true);
    expect(bounded.tryTake(share(50))).toBe(true);
    expect(bounded.tryTake(share(1))).toBe(false);
    bounded.give(share(50));
    expect(bounded.tryTake(share(50))).toBe(true);
  });

  test('is always bounded by bytes as well', () => {
    const bounded = room('requests', 1000, 100);
    expect(bounded.tryTake(share(1, 60))).toBe(true);
    expect(bounded.tryTake(share(1, 60))).toBe(false);
    expect(bounded.tryTake(share(1, 40))).toBe(true);
  });

  test('takes one request of any size when it is empty, as that would never fit otherwise', () => {
    const bounded = room('items', 10);
    expect(bounded.tryTake(share(500))).toBe(true);
    expect(bounded.tryTake(share(1))).toBe(false);
    bounded.give(share(500));
    expect(bounded.used).toEqual({ items: 0, bytes: 0, requests: 0 });
  });

  test('what a processor made larger than its reservation is counted as it is', () => {
    const bounded = room('items', 10);
    bounded.tryTake(share(4));
    bounded.exchange(share(4), 4, 90);
    expect(bounded.used).toEqual({ items: 4, bytes: 90, requests: 1 });
  });
});

describe('waiting for room', () => {
  test('is served in the order of tickets, and nobody without a ticket overtakes', async () => {
    const bounded = room('items', 10);
    bounded.tryTake(share(10));
    const served: string[] = [];
    const [first, second] = [new Ticket(), new Ticket()];
    const waits = [
      bounded.wait(second, share(5)).then(() => served.push('second')),
      bounded.wait(first, share(5)).then(() => served.push('first')),
    ];
    bounded.give(share(5));
    expect(bounded.tryTake(share(1)), 'a newcomer').toBe(false);
    expect(bounded.tryTake(share(5), second), 'the younger').toBe(false);
    await settle();
    expect(served).toEqual(['first']);
    expect(bounded.tryTake(share(5), first)).toBe(true);
    bounded.give(share(5));
    await Promise.all(waits);
    expect(served).toEqual(['first', 'second']);
    expect(bounded.tryTake(share(5), second)).toBe(true);
  });

  test('who gives up its place lets the next one through', async () => {
    const bounded = room('items', 10);
    bounded.tryTake(share(5));
    const [large, small] = [new Ticket(), new Ticket()];
    void bounded.wait(large, share(10));
    const served = bounded.wait(small, share(2));
    bounded.leave(large);
    expect(await served).toBe(true);
  });

  test('ends with false when the process stops, now and later', async () => {
    const bounded = room('items', 10);
    bounded.tryTake(share(10));
    const waiting = bounded.wait(new Ticket(), share(1));
    bounded.close();
    expect(await waiting).toBe(false);
    expect(await bounded.wait(new Ticket(), share(1))).toBe(false);
  });
});
