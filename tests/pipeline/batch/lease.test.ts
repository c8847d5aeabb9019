import { describe, expect, test } from 'vitest';
import { Lease } from '../../../pipeline/batch/lease.ts';
import { BufferPool, pool } from '../../../pipeline/batch/pool.ts';

describe('the pool', () => {
  test('gives back what was given to it, by size class', () => {
    const own = new BufferPool(1024 * 1024);
    const first = own.take(186_000);
    expect(first.bytes.length).toBe(192 * 1024);
    own.give(first);
    expect(own.take(3000)).not.toBe(first);
    expect(own.take(190_000)).toBe(first);
    expect([1, 1024, 1025, 65_536, 65_537].map((bytes) => own.take(bytes).bytes.length)).toEqual([
      256, 1024, 2048, 65_536, 131_072,
    ]);
  });

  test('knows its own memory from that of others, such as a slab that many use', () => {
    const own = new BufferPool(1024 * 1024);
    expect(own.owner(new ArrayBuffer(65_536))).toBeUndefined();
    expect(own.owner(Buffer.from('x').buffer)).toBeUndefined();
    const taken = own.take(65_536);
    expect(own.owner(taken.bytes.buffer)).toBe(taken);
    expect(taken.words.buffer).toBe(taken.bytes.buffer);
  });

  test('keeps no more than its bound', () => {
    const own = new BufferPool(65_536);
    const [first, second] = [own.take(65_536), own.take(65_536)];
    own.give(first);
    own.give(second);
    expect(own.take(65_536) === second).toBe(true);
    expect(own.take(65_536) === first).toBe(false);
  });
});

test('one size that is no longer asked for does not keep the others out', () => {
  const own = new BufferPool(256 * 1024);
  const old = Array.from({ length: 4 }, () => own.take(65_536));
  for (const buffer of old) own.give(buffer);
  const now = own.take(1024);
  own.give(now);
  expect(own.take(1024)).toBe(now);
});

describe('a lease', () => {
  // A size that nothing else in this process uses.
  const BYTES = 777 * 64 * 1024;

  test('gives its memory back when the last holder has let go', () => {
    const lease = new Lease();
    const { buffer } = lease.bytes(BYTES);
    lease.retain(2);
    lease.release(true);
    lease.release(true);
    expect(lease.held).toBe(1);
    lease.release(true);
    // Over the pool's bound it is not kept; within it, it is the next one out.
    const small = new Lease();
    const kept = small.words(5000).buffer;
    small.release(true);
    expect(pool.take(20_000).bytes.buffer).toBe(kept);
    expect(buffer.byteLength).toBe(BYTES);
  });

  test('keeps memory that somebody may still read away from others', () => {
    const lease = new Lease();
    const { buffer } = lease.bytes(30_000);
    lease.retain();
    lease.release(false);
    lease.release(true);
    expect(pool.take(30_000).bytes.buffer).not.toBe(buffer);
  });

  test('a holder too few or too many is a bug that is told', () => {
    const lease = new Lease();
    lease.release(true);
    expect(() => lease.release(true)).toThrow('BUG:');
    expect(() => lease.retain()).toThrow('BUG:');
    expect(() => lease.bytes(1)).toThrow('BUG:');
  });
});
