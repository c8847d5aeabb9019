import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { flushAtEnd } from '../../../../agent/instrument/export/flush-at-end.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const each of undo.splice(0)) each();
});

const NOTHING = { flushSync: () => true, flushesBeforeExit: false, flush: () => Promise.resolve(true) };

function started(): void {
  undo.push(flushAtEnd(NOTHING));
}
function listening(listener: () => void): () => void {
  process.on('exit', listener);
  undo.push(() => process.removeListener('exit', listener));
  return listener;
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

  it('says when it has flushed, even where that failed', () => {
    const steps: string[] = [];
    const flushSync = (): boolean => {
      steps.push('flush');
      throw new Error('a fault');
    };
    undo.push(flushAtEnd({ ...NOTHING, flushSync }, undefined, () => void steps.push('flushed')));
    (lastOfExit() as () => void)();
    expect(steps).toEqual(['flush', 'flushed']);
  });

  it('is gone when it is undone, and so are all others of ours', () => {
    const events = ['exit', 'beforeExit', 'newListener', 'SIGTERM', 'SIGINT'];
    const count = (): number[] => events.map((event) => process.listenerCount(event));
    const before = count();
    const end = flushAtEnd(NOTHING);
    expect(count()).toEqual(before.map((each) => each + 1));
    end();
    expect(count()).toEqual(before);
  });
});
