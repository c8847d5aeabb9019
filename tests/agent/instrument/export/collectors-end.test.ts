import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { collectorsEnd } from '../../../../agent/instrument/export/collectors-end.ts';
import { type CollectorHere, meetingPoint } from '../../../../pipeline/meeting-point.ts';

const point = meetingPoint()!;
afterEach(() => {
  point.agents.clear();
  point.collectors.splice(0);
});

/** Collectors that write down whether there is time for their end; `end` takes it. */
function ending(steps: string[], name: string, more: Partial<CollectorHere> = {}): CollectorHere {
  const made: CollectorHere = {
    isApart: true,
    takes: () => true,
    connect: () => new MessageChannel().port1,
    end: (timeoutMs = NaN) => {
      steps.push(`${name} ${timeoutMs > 0}`);
      point.collectors.splice(point.collectors.indexOf(made), 1);
    },
    ...more,
  };
  return made;
}

describe('the end of the collectors of this process', () => {
  it('is one for all of them, in the time that is left', () => {
    const collectors = collectorsEnd();
    expect(collectors.isAny()).toBe(false);
    const steps: string[] = [];
    point.collectors.push(ending(steps, 'a'), ending(steps, 'b'));
    expect(collectors.isAny()).toBe(true);
    collectors.end(performance.now() + 60_000);
    point.collectors.push(ending(steps, 'c'));
    collectors.end(0);
    expect(steps).toEqual(['a true', 'b true', 'c false']);
  });

  it('is left to the agent until that is gone', () => {
    const collectors = collectorsEnd();
    expect([...point.agents].map(({ endsCollectors }) => endsCollectors)).toEqual([true]);
    collectors.leave();
    expect(point.agents.size).toBe(0);
  });

  it('comes for the others where one of them is broken', () => {
    const steps: string[] = [];
    const broken = (): never => {
      throw new Error('a fault');
    };
    point.collectors.push(ending(steps, 'a', { end: broken }), ending(steps, 'b'));
    collectorsEnd().end(0);
    expect(steps).toEqual(['b false']);
  });

  it('takes no time from an agent whose collectors are on its own thread: they cannot do anything then', () => {
    point.collectors.push(ending([], 'a', { isApart: false }));
    expect(collectorsEnd().isAny()).toBe(false);
  });
});
