import { describe, expect, test } from 'vitest';
import { config } from '../../../processors/memory_limiter/config.ts';
import { memoryLimiter } from '../../../processors/memory_limiter/index.ts';
import { boundsOf, MemoryLimiter } from '../../../processors/memory_limiter/memory_limiter.ts';
import { ProcessMemory, type Memory } from '../../../processors/memory_limiter/memory.ts';
import { quietContext } from '../../support/contexts.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const MIB = 1024 * 1024;
const LIMIT = { limitBytes: 500 * MIB, softBytes: 400 * MIB };

/** Memory that a test fills; a collection frees its garbage. */
class ScriptedMemory implements Memory {
  readonly availableBytes = 1000 * MIB;
  liveMib = 50;
  garbageMib = 0;
  keptMib = 0;
  measured = 0;
  collected = 0;
  readonly collect = (): void => {
    this.collected += 1;
    this.keptMib += this.garbageMib;
    this.garbageMib = 0;
  };

  usage() {
    this.measured += 1;
    const liveBytes = (this.liveMib + this.garbageMib) * MIB;
    return { liveBytes, rssBytes: liveBytes + this.keptMib * MIB };
  }
}

function setUp(checkIntervalMs = 1000) {
  const clock = new ManualClock();
  const memory = new ScriptedMemory();
  const { log, lines } = quietContext(clock);
  const limiter = new MemoryLimiter(LIMIT, checkIntervalMs, memory, clock, log);
  limiter.start();
  return { clock, memory, limiter, lines };
}

describe('the bounds', () => {
  const bounds = (given: object): number[] =>
    Object.values(boundsOf(config.parse(given), 1000 * MIB)).map((bytes) => Math.round(bytes / MIB));
  test.each([
    [{}, [800, 640]],
    [{ limit_mib: 500 }, [500, 400]],
    [{ limit_mib: 500, spike_limit_mib: 50 }, [500, 450]],
    [{ limit_mib: 500, limit_percentage: 10 }, [500, 400]],
    [{ limit_percentage: 50 }, [500, 400]],
    [{ limit_percentage: 50, spike_limit_percentage: 25 }, [500, 250]],
  ])('%j of a machine with 1000 MiB: limit and soft limit %j', (given, expected) => {
    expect(bounds(given)).toEqual(expected);
  });

  test.each([{ limit_mib: 10, spike_limit_mib: 10 }, { limit_percentage: 101 }, { check_interval: '0' }, { limit: 1 }])(
    '%j is a fault',
    (given) => {
      expect(config.safeParse(given).success).toBe(false);
    },
  );
});

describe('admission', () => {
  test('counts what is admitted and not answered yet, before any of it is in memory', () => {
    const { limiter } = setUp();
    for (let n = 0; n < 35; n++) expect(limiter.admit(10 * MIB)).toBeUndefined();
    expect(limiter.admit(10 * MIB)).toMatchObject({
      ok: false,
      code: 'MEMORY_LIMIT',
      retryable: true,
      retryAfterMs: 1000,
      message: 'cannot take more data: 400 MiB of memory are in use, the limit is 500 MiB less a reserve of 100 MiB',
    });
    limiter.release(10 * MIB);
    expect(limiter.admit(10 * MIB)).toBeUndefined();
  });

  test('measures again when enough has come in, whatever the time', () => {
    const { memory, limiter } = setUp();
    // Answered at once, and kept in a queue: what came in lives on, although nothing is held for it here.
    while (memory.liveMib < 1000 && limiter.admit(MIB) === undefined) {
      limiter.release(MIB);
      memory.liveMib += 1;
    }
    expect(memory.liveMib).toBe(400);
  });

  test('measures rarely while there is room', () => {
    const { memory, limiter } = setUp();
    for (let n = 0; n < 100_000; n++) {
      limiter.admit(1000);
      limiter.release(1000);
    }
    expect(memory.measured).toBeLessThan(12);
  });

  test('resumes by itself when memory is free', async () => {
    const { clock, memory, limiter } = setUp();
    memory.liveMib = 450;
    await clock.advance(1000);
    expect(limiter.admit(1)).toMatchObject({ code: 'MEMORY_LIMIT' });
    memory.liveMib = 100;
    await clock.advance(60);
    expect(limiter.admit(1)).toBeUndefined();
  });

  test('has the garbage collected before anybody is refused, but not again and again when that frees little', async () => {
    const { clock, memory, limiter } = setUp(100);
    memory.garbageMib = 380;
    await clock.advance(100);
    expect(memory.collected).toBe(1);
    expect(limiter.admit(1)).toBeUndefined();
    memory.liveMib = 450;
    await clock.advance(60_000);
    expect(memory.collected).toBeLessThan(10);
    expect(limiter.admit(1)).toMatchObject({ code: 'MEMORY_LIMIT' });
  });

  test('pages that the allocator keeps are room for data, not usage: it does not refuse for ever', async () => {
    const { clock, memory, limiter } = setUp();
    memory.keptMib = 460;
    await clock.advance(1000);
    expect(memory.usage().rssBytes).toBeGreaterThan(LIMIT.limitBytes);
    expect(limiter.admit(100 * MIB)).toBeUndefined();
    expect(limiter.admit(100 * MIB), 'over the limit only half is given out').toMatchObject({ code: 'MEMORY_LIMIT' });
  });

  test.each([
    [0, 400],
    [400, 400],
    [425, 350],
    [450, 300],
    [500, 200],
    [900, 200],
  ])('with %i MiB of kept pages gives out %i MiB', async (keptMib, roomMib) => {
    const { clock, memory, limiter } = setUp();
    memory.liveMib = 0;
    memory.keptMib = keptMib;
    await clock.advance(1000);
    expect(limiter.admit((roomMib + 1) * MIB)).toMatchObject({ code: 'MEMORY_LIMIT' });
    expect(limiter.admit(roomMib * MIB)).toBeUndefined();
  });

  test('says so once, not per request', () => {
    const { memory, limiter, lines } = setUp();
    memory.liveMib = 450;
    limiter.admit(20 * MIB);
    expect(lines.map((line) => line.level)).toEqual(['limited']);
  });

  test('start and stop are safe twice and leave no timer', () => {
    const { clock, limiter } = setUp();
    limiter.start();
    expect(clock.pending).toBe(1);
    limiter.stop();
    limiter.stop();
    expect(clock.pending).toBe(0);
  });
});

describe('the memory of this process', () => {
  test('sees buffers as they are held, and that they are gone after a collection', () => {
    const memory = new ProcessMemory();
    expect(memory.availableBytes).toBeGreaterThan(100 * MIB);
    memory.collect!();
    const before = memory.usage();
    // In a function of its own, so that nothing of it stays reachable from here.
    const whileHeld = (): number => {
      const held = Array.from({ length: 100 }, () => Buffer.alloc(MIB, 1));
      const { liveBytes } = memory.usage();
      return held.length === 100 ? liveBytes : 0;
    };
    expect(whileHeld() - before.liveBytes).toBeGreaterThan(90 * MIB);
    memory.collect!();
    expect(memory.usage().liveBytes - before.liveBytes).toBeLessThan(30 * MIB);
  });

  test('is what the component limits', async () => {
    const limiter = (await memoryLimiter.load!()).create(memoryLimiter.config.parse(undefined), quietContext());
    limiter.start();
    expect(limiter.admit(1000)).toBeUndefined();
    limiter.release(1000);
    expect(limiter.admit(1e15)).toMatchObject({ code: 'MEMORY_LIMIT' });
    limiter.stop();
  });
});
