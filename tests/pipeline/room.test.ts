import { describe, expect, test } from 'vitest';
import { Room, Ticket, type Share } from '../../pipeline/room.ts';
import { settle } from '../support/manual-clock.ts';

const share = (items: number, bytes = items * 10, requests = 1, scope = 'A'): Share => ({ scope, items, bytes, requests });
const of = (scope: string, items: number): Share => share(items, items * 10, 1, scope);
const room = (sizer: 'items' | 'bytes' | 'requests', queue_size: number, queue_bytes = 1_000_000): Room =>
  new Room({ sizer, queue_size, queue_bytes });

describe('the room of a queue', () => {
  test.each([
    ['items', 100],
    ['bytes', 1000],
    ['requests', 2],
  ] as const)('is bounded by %s', (sizer, size) => {
    const bounded = room(sizer, size);
    expect(bounded.tryTake([share(50)])).toBe(true);
    expect(bounded.tryTake([share(50)])).toBe(true);
    expect(bounded.tryTake([share(1)])).toBe(false);
    bounded.give(share(50));
    expect(bounded.tryTake([share(50)])).toBe(true);
  });

  test('is always bounded by bytes as well', () => {
    const bounded = room('requests', 1000, 100);
    expect(bounded.tryTake([share(1, 60)])).toBe(true);
    expect(bounded.tryTake([share(1, 60)])).toBe(false);
    expect(bounded.tryTake([share(1, 40)])).toBe(true);
  });

  test('takes one request of any size when it is empty, as that would never fit otherwise', () => {
    const bounded = room('items', 10);
    expect(bounded.tryTake([share(500)])).toBe(true);
    expect(bounded.tryTake([share(1)])).toBe(false);
    bounded.give(share(500));
    expect(bounded.used).toEqual({ items: 0, bytes: 0, requests: 0 });
  });

  test('what a processor made larger than its reservation is counted as it is', () => {
    const bounded = room('items', 10);
    bounded.tryTake([share(4)]);
    bounded.exchange(share(4), 4, 90);
    expect(bounded.used).toEqual({ items: 4, bytes: 90, requests: 1 });
  });
});

describe('waiting for room', () => {
  test('is served in the order of tickets, and nobody without a ticket overtakes', async () => {
    const bounded = room('items', 10);
    bounded.tryTake([share(10)]);
    const served: string[] = [];
    const [first, second] = [new Ticket(), new Ticket()];
    const waits = [
      bounded.wait(second, [share(5)]).then(() => served.push('second')),
      bounded.wait(first, [share(5)]).then(() => served.push('first')),
    ];
    bounded.give(share(5));
    expect(bounded.tryTake([share(1)]), 'a newcomer').toBe(false);
    expect(bounded.tryTake([share(5)], second), 'the younger').toBe(false);
    await settle();
    expect(served).toEqual(['first']);
    expect(bounded.tryTake([share(5)], first)).toBe(true);
    bounded.give(share(5));
    await Promise.all(waits);
    expect(served).toEqual(['first', 'second']);
    expect(bounded.tryTake([share(5)], second)).toBe(true);
  });

  test('who gives up its place lets the next one through', async () => {
    const bounded = room('items', 10);
    bounded.tryTake([share(5)]);
    const [large, small] = [new Ticket(), new Ticket()];
    void bounded.wait(large, [share(10)]);
    const served = bounded.wait(small, [share(2)]);
    bounded.leave(large);
    expect(await served).toBe(true);
  });

  test('ends with false when the process stops, now and later', async () => {
    const bounded = room('items', 10);
    bounded.tryTake([share(10)]);
    const waiting = bounded.wait(new Ticket(), [share(1)]);
    bounded.close();
    expect(await waiting).toBe(false);
    expect(await bounded.wait(new Ticket(), [share(1)])).toBe(false);
  });
});

describe('the share of one scope', () => {
  const shared = (queue_size: number, scope_share = 0.5, sizer: 'items' | 'bytes' | 'requests' = 'items'): Room =>
    new Room({ sizer, queue_size, queue_bytes: 1_000_000, scope_share });
  /** One scope takes one item at a time for as long as it may. */
  const fill = (bounded: Room, scope: string, size = 1): number => {
    let taken = 0;
    while (bounded.tryTake([of(scope, size)])) taken += size;
    return taken;
  };

  test('is what it may fill by itself, and others find room behind it', () => {
    const bounded = shared(1000);
    expect(fill(bounded, 'A')).toBe(500);
    expect(fill(bounded, 'B')).toBe(250);
    expect(bounded.tryTake([of('C', 250)]), 'whoever holds nothing may have all that is left').toBe(true);
    expect(bounded.used.items).toBe(1000);
  });

  test.each([0.2, 0.5, 0.8])('of %s is the same for all that fill the queue, and leaves a part for one more', (scopeShare) => {
    const bounded = shared(100_000, scopeShare);
    const scopes = ['A', 'B', 'C', 'D'];
    const held = new Map(scopes.map((scope) => [scope, 0]));
    for (let round = 0; round < 100_000; round++) {
      const scope = scopes[round % scopes.length] as string;
      if (bounded.tryTake([of(scope, 1)])) held.set(scope, held.get(scope)! + 1);
    }
    const fair = (100_000 * scopeShare) / (1 + 3 * scopeShare);
    for (const scope of scopes) expect(Math.abs(held.get(scope)! - fair), scope).toBeLessThan(3);
  });

  test.each(['items', 'bytes', 'requests'] as const)('is kept in %s', (sizer) => {
    const bounded = shared(sizer === 'bytes' ? 1000 : 100, 0.5, sizer);
    expect(fill(bounded, 'A')).toBe(50);
    expect(fill(bounded, 'B')).toBe(25);
  });

  test('is kept in bytes whatever the queue counts', () => {
    const bounded = new Room({ sizer: 'items', queue_size: 1_000_000, queue_bytes: 1000, scope_share: 0.5 });
    expect(fill(bounded, 'A')).toBe(50);
  });

  test('comes back with what is given back, and nothing is remembered of scopes that hold nothing', () => {
    const bounded = shared(100);
    expect(fill(bounded, 'A', 10)).toBe(50);
    bounded.give(of('A', 10));
    expect(bounded.tryTake([of('A', 10)])).toBe(true);
    bounded.exchange(of('A', 50), 20, 200);
    bounded.give(of('A', 20));
    expect(bounded.used).toMatchObject({ items: 0, bytes: 0 });
    expect(fill(bounded, 'A', 10)).toBe(50);
  });

  test.each([0.5, 1])('what each has is told whatever one may have (%s)', (scopeShare) => {
    const bounded = shared(1000, scopeShare);
    const nothing = { items: 0, bytes: 0, requests: 0 };
    bounded.tryTake([of('A', 30), of('B', 5)]);
    bounded.tryTake([of('A', 10)]);
    expect(bounded.usedBy('A')).toEqual({ items: 40, bytes: 400, requests: 2 });
    expect(bounded.usedBy('B')).toEqual({ items: 5, bytes: 50, requests: 1 });
    expect(bounded.usedBy('C')).toEqual(nothing);
    bounded.give(of('B', 5));
    bounded.exchange(of('A', 30), 20, 700);
    expect(bounded.usedBy('A')).toEqual({ items: 30, bytes: 800, requests: 2 });
    bounded.give(share(30, 800, 2));
    expect([bounded.usedBy('A'), bounded.usedBy('B')]).toEqual([nothing, nothing]);
  });

  test('who had something and has it no more gets in like who never had', () => {
    const bounded = shared(100);
    bounded.tryTake([of('A', 10)]);
    bounded.give(of('A', 10));
    expect(fill(bounded, 'B')).toBe(50);
    expect(bounded.tryTake([of('A', 50)])).toBe(true);
  });

  test('of requests in parts nothing is left when all were given back', () => {
    const bounded = shared(100, 1, 'requests');
    bounded.tryTake([share(10)]);
    for (let part = 0; part < 10; part++) bounded.give(share(1, 10, 0.1));
    expect(bounded.usedBy('A')).toEqual({ items: 0, bytes: 0, requests: 0 });
  });

  test('a request of several scopes goes in when each of them may, or not at all', () => {
    const bounded = shared(100);
    expect(fill(bounded, 'A', 10)).toBe(50);
    expect(bounded.tryTake([of('A', 1), of('B', 1)])).toBe(false);
    expect(bounded.used.items).toBe(50);
    bounded.give(of('A', 10));
    expect(bounded.tryTake([of('A', 1), of('B', 1)])).toBe(true);
  });

  test('an empty queue takes a request of several scopes of any size', () => {
    expect(shared(10).tryTake([of('A', 500), of('B', 500)])).toBe(true);
    expect(room('items', 10).tryTake([of('A', 500), of('B', 500)])).toBe(true);
  });

  test('who waits for it is passed by others, not by its own', async () => {
    const bounded = shared(100);
    fill(bounded, 'A');
    let served = false;
    const ticket = new Ticket();
    void bounded.wait(ticket, [of('A', 10)]).then(() => (served = true));
    expect(bounded.tryTake([of('B', 10)]), 'another scope').toBe(true);
    expect(bounded.tryTake([of('A', 1)]), 'its own').toBe(false);
    bounded.give(of('B', 10));
    await settle();
    expect(served).toBe(false);
    bounded.give(of('A', 10));
    await settle();
    expect(served).toBe(true);
    expect(bounded.tryTake([of('A', 10)], ticket)).toBe(true);
  });

  test('who waits for room itself is passed by nobody', () => {
    const bounded = shared(100);
    bounded.tryTake([of('A', 40)]);
    bounded.tryTake([of('B', 20)]);
    void bounded.wait(new Ticket(), [of('C', 50)]);
    expect(bounded.tryTake([of('D', 1)])).toBe(false);
  });
});
