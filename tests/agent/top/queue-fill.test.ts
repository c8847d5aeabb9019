import { describe, expect, it } from 'vitest';
import { queueFill } from '../../../agent/top/queue-fill.ts';
import type { QueueShare } from '../../../pipeline/stats.ts';

const MIB = 2 ** 20;
const share = (more: Partial<QueueShare>): QueueShare => ({
  exporter: 'out',
  scope: 'A',
  sizer: 'items',
  size: 0,
  capacity: 1_000_000,
  bytes: 0,
  bytesMax: 64 * MIB,
  share: 1,
  ...more,
});
const text = (more: Partial<QueueShare>): string => queueFill(share(more)).text;

describe('how full a queue is', () => {
  it('is told of the bound that is nearest', () => {
    expect(text({ size: 120_000, bytes: MIB })).toBe('12% of 1M');
    expect(text({ size: 120_000, bytes: 32 * MIB })).toBe('50% of 64 MiB');
    expect(text({ sizer: 'requests', size: 5, capacity: 1000, bytes: 10 })).toBe('<1% of 1k req');
    expect(text({ sizer: 'bytes', size: 3 * MIB, capacity: 4 * MIB, bytes: 3 * MIB, bytesMax: 4 * MIB })).toBe('75% of 4 MiB');
    expect(text({})).toBe('0% of 1M');
  });

  it('is of what one scope may fill by itself', () => {
    const half = queueFill(share({ size: 500, capacity: 1000, share: 0.5 }));
    expect(half).toEqual({ part: 1, text: '100% of 500' });
    expect(text({ bytes: 16 * MIB, share: 0.5 })).toBe('50% of 32 MiB');
  });

  it('is full only where it is, and empty only where nothing is in it', () => {
    expect(text({ size: 999, capacity: 1000 })).toBe('99% of 1k');
    expect(text({ size: 1 })).toBe('<1% of 1M');
    expect(text({ size: 2500, capacity: 1000 })).toBe('250% of 1k');
  });
});
