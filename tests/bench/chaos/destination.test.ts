import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { UnsteadyDestination } from '../../../bench/chaos/destination.ts';
import type { Trouble } from '../../../bench/chaos/record.ts';
import { OwnEngine } from '../../support/metric-engine.ts';

let destination: UnsteadyDestination;
beforeEach(async () => {
  destination = await UnsteadyDestination.start('served');
});
afterEach(() => destination.stop());

function request(total: number): Buffer {
  const engine = new OwnEngine();
  const served = engine.provider.getMeter('test').createCounter('served');
  for (const route of ['/a', '/b']) served.add(total / 2, { route });
  return gzipSync(engine.reader.collect(engine.nowNs, 2 ** 20).requests[0]!.body);
}

/** The status of a whole answer, or why there is none. */
async function posted(total: number, patienceMs = 30_000): Promise<string> {
  try {
    const answer = await fetch(destination.url, {
      method: 'POST',
      body: request(total),
      headers: { 'content-encoding': 'gzip', connection: 'close' },
      signal: AbortSignal.timeout(patienceMs),
    });
    await answer.arrayBuffer();
    return String(answer.status);
  } catch (error) {
    const { cause, name } = error as Error & { cause?: { code?: string } };
    return cause?.code ?? name;
  }
}

describe('an unsteady destination', () => {
  test('that is well takes what comes, and knows its total', async () => {
    expect(await posted(42)).toBe('200');
    expect(destination).toMatchObject({ total: 42, requests: 1, taken: 1 });
    expect(destination.firstTakenSince(0)).toBeGreaterThan(0);
    expect(destination.firstTakenSince(performance.now())).toBe(Infinity);
  });

  test.each<[Trouble, string]>([
    ['absent', 'ECONNREFUSED'],
    ['hangs', 'TimeoutError'],
    ['answers 503', '503'],
    ['answers 413', '413'],
    ['answers 401', '401'],
    ['resets', 'ECONNRESET'],
    ['drips', 'TimeoutError'],
  ])('that %s takes nothing, and is well again at the same address', async (trouble, seen) => {
    await destination.turn(trouble);
    // Who waits for what never comes waits a little; for the request to arrive whole it must be enough.
    expect(await posted(1, seen === 'TimeoutError' ? 1000 : 30_000)).toBe(seen);
    expect(destination.taken).toBe(0);
    expect(destination.met).toEqual(trouble === 'absent' ? {} : { [trouble]: 1 });
    await destination.turn(undefined);
    expect(await posted(2)).toBe('200');
    expect(destination.total).toBe(2);
  });
});
