import { setImmediate as nextTurn, setTimeout } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { CollectorsEnd } from '../../../../agent/instrument/export/collectors-end.ts';
import { type EndPart, flushAtEnd } from '../../../../agent/instrument/export/flush-at-end.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0)) each();
});

const NOTHING = (): readonly EndPart[] => [];

function started(): void {
  undo.push(flushAtEnd(NOTHING, collectors([])));
}
function listening(listener: () => void): () => void {
  process.on('exit', listener);
  undo.push(() => process.removeListener('exit', listener));
  return listener;
}
function collectors(steps: string[], any = true): CollectorsEnd {
  return { isAny: () => any, end: () => void steps.push('collectors end'), leave: () => undefined };
}
const lastOfExit = (): unknown => process.listeners('exit').at(-1);

describe('the listener of exit that flushes', () => {
  it('stays behind those that the application adds', async () => {
    started();
    const theirs = listening(() => undefined);
    await nextTurn();
    expect(process.listeners('exit')).toContain(theirs);
    expect(lastOfExit()).not.toBe(theirs);
  });

  it('lets the event loop turn beside another that wants to be last, too', async () => {
    const rival = (): void => undefined;
    const follow = (event: string | symbol, listener: unknown): void => {
      if (event !== 'exit' || listener === rival) return;
      queueMicrotask(() => process.removeListener('exit', rival).on('exit', rival));
    };
    process.on('newListener', follow);
    undo.push(() => process.removeListener('newListener', follow).removeListener('exit', rival));
    started();
    listening(() => undefined);
    await nextTurn();
    expect(lastOfExit()).toBe(rival);
  });

  it('begins all parts before it waits for one, then ends the collectors, even where something fails', () => {
    const steps: string[] = [];
    const part = (name: string, fails = false): EndPart => ({
      beginFlush: () => {
        steps.push(`${name} begins`);
        return () => {
          steps.push(`${name} is waited for`);
          if (fails) throw new Error('a fault');
          return true;
        };
      },
    });
    const broken: EndPart = {
      beginFlush: () => {
        throw new Error('a fault');
      },
    };
    undo.push(flushAtEnd(() => [part('a', true), broken, {}, part('b')], collectors(steps)));
    (lastOfExit() as () => void)();
    expect(steps).toEqual(['a begins', 'b begins', 'a is waited for', 'b is waited for', 'collectors end']);
  });

  it.each([
    [false, 500],
    [true, 250],
  ])('has half a second for all of it, of which collectors have half (%s)', (any, expected) => {
    const told: number[] = [];
    const beginFlush = (timeoutMs: number): (() => boolean) => {
      told.push(Math.round(timeoutMs));
      return () => true;
    };
    undo.push(flushAtEnd(() => [{ beginFlush }, { beginFlush }], collectors([], any)));
    (lastOfExit() as () => void)();
    expect(told).toEqual([expected, expected]);
  });

  it('has so much less as the event loop was kept going for', async () => {
    let told = NaN;
    let settle = (): void => undefined;
    const part: EndPart = {
      turning: () => new Promise<void>((resolve) => (settle = resolve)),
      beginFlush: (timeoutMs) => {
        told = timeoutMs;
        return () => true;
      },
    };
    undo.push(flushAtEnd(() => [part], collectors([], false)));
    (process.listeners('beforeExit').at(-1) as () => void)();
    await setTimeout(30);
    settle();
    await nextTurn();
    (lastOfExit() as () => void)();
    expect(told).toBeLessThanOrEqual(475);
  });

  it('is gone when it is undone, and so are all others of ours', () => {
    const events = ['exit', 'beforeExit', 'newListener', 'SIGTERM', 'SIGINT'];
    const count = (): number[] => events.map((event) => process.listenerCount(event));
    const before = count();
    const end = flushAtEnd(NOTHING, collectors([]));
    expect(count()).toEqual(before.map((each) => each + 1));
    end();
    expect(count()).toEqual(before);
  });
});
