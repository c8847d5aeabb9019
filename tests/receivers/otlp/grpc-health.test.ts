import { describe, expect, test } from 'vitest';
import type { GrpcWatch } from '../../../pipeline/host-grpc.ts';
import { LIMITS } from '../../../pipeline/limits.ts';
import { HealthWatches } from '../../../receivers/otlp/grpc-health.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const request = (service: string): Uint8Array => Buffer.from([10, service.length, ...Buffer.from(service)]);

function setUp() {
  const clock = new ManualClock();
  const state = new Map<string, boolean | undefined>([['a', true]]);
  let looks = 0;
  const serves = (service: string): boolean | undefined => {
    looks += 1;
    return state.get(service);
  };
  const watches = new HealthWatches(serves, clock);
  const watch = (service: string): { readonly told: number[]; readonly stop: () => void } => {
    const told: number[] = [];
    const answer = watches.watch(request(service)) as GrpcWatch;
    return { told, stop: answer.begin((message) => void told.push(message.at(-1)!)) };
  };
  return { clock, state, watch, looks: () => looks };
}

describe('watches of health', () => {
  test('are told only what has changed, each of its own service', async () => {
    const { clock, state, watch } = setUp();
    const [a, b] = [watch('a'), watch('b')];
    await clock.advance(10 * LIMITS.healthLookMs);
    expect([a.told, b.told]).toEqual([[1], [3]]);
    state.set('a', false).set('b', true);
    await clock.advance(LIMITS.healthLookMs);
    expect([a.told, b.told]).toEqual([
      [1, 2],
      [3, 1],
    ]);
  });

  test('have one timer, one look a second for each service, and neither when the last has gone', async () => {
    const { clock, watch, looks } = setUp();
    const watchers = Array.from({ length: 1000 }, () => watch('a'));
    expect(clock.pending).toBe(1);
    const before = looks();
    await clock.advance(LIMITS.healthLookMs);
    expect(looks() - before).toBe(1);
    for (const { stop } of watchers) stop();
    expect(clock.pending).toBe(0);
    const again = watch('a');
    await clock.advance(LIMITS.healthLookMs);
    expect([again.told, clock.pending]).toEqual([[1], 1]);
  });
});
