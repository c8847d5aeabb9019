import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { type CollectorsHere, collectorsHere } from '../../../../agent/instrument/export/collectors-here.ts';
import { type CollectorHere, meetingPoint } from '../../../../pipeline/meeting-point.ts';

const point = meetingPoint()!;
afterEach(() => {
  point.agents.clear();
  point.collectors.splice(0);
});

function collector(more: Partial<CollectorHere> = {}): CollectorHere {
  return { isApart: true, takes: () => true, connect: () => new MessageChannel().port1, end: () => undefined, ...more };
}

/** An agent that connects at once, as its worker does; what it is asked for. */
function agent(): { readonly here: CollectorsHere; readonly asked: unknown[]; readonly changed: () => void } {
  const here = collectorsHere('metrics');
  const asked: unknown[] = [];
  const reconnect = (): void => {
    const port = here.connect();
    asked.push(port === undefined ? 'network' : 'collector');
    port?.close();
  };
  here.join({
    reconnect,
    flush: (timeoutMs) => {
      asked.push(timeoutMs);
      return Promise.resolve(true);
    },
  });
  return { here, asked, changed: () => [...point.agents].at(-1)!.changed() };
}

describe('an agent among the collectors of its process', () => {
  it('goes to the first that takes metrics, stays there while others come, and goes by the network without one', () => {
    const { here, asked, changed } = agent();
    expect(here.connect()).toBeUndefined();
    const forLogs = collector({ takes: (signal) => signal === 'logs' });
    point.collectors.push(forLogs);
    changed();
    expect(here.isConnected()).toBe(false);
    const first = collector();
    point.collectors.push(first);
    changed();
    point.collectors.push(collector());
    changed();
    expect([asked, here.hasLeft()]).toEqual([['collector'], false]);
    point.collectors.splice(point.collectors.indexOf(first), 1);
    changed();
    point.collectors.pop();
    changed();
    expect(asked).toEqual(['collector', 'collector', 'network']);
    expect(here.hasLeft()).toBe(true);
  });

  it('goes by the network where the collector cannot be reached, says so, once, and why', () => {
    const told: string[] = [];
    const here = collectorsHere('metrics', (line) => told.push(line));
    let throws = true;
    const connect = (): MessagePort => {
      if (throws) throw new Error('gone');
      return new MessageChannel().port1;
    };
    point.collectors.push(collector({ connect, isApart: false }));
    expect([here.connect(), here.connect()]).toEqual([undefined, undefined]);
    expect(told).toEqual(['cannot connect to the collector in this process: Error: gone; it goes by the network']);
    // So nothing is blocked together with this thread either, and nobody has left who was never there.
    expect([here.isConnected(), here.isBlockedWithUs(), here.hasLeft()]).toEqual([false, false, false]);
    throws = false;
    here.connect()?.close();
    expect([here.isConnected(), here.isBlockedWithUs()]).toEqual([true, true]);
    point.collectors.splice(0);
    here.connect();
    expect([here.isConnected(), here.hasLeft()]).toEqual([false, true]);
  });

  it('does not stumble over one that is broken', () => {
    const takes = (): boolean => {
      throw new Error('broken');
    };
    const { here, asked, changed } = agent();
    point.collectors.push(collector({ takes }));
    changed();
    expect([here.connect(), here.isBlockedWithUs(), asked]).toEqual([undefined, false, []]);
  });

  it('knows one that cannot answer while this thread is blocked', () => {
    const { here } = agent();
    expect(here.isBlockedWithUs()).toBe(false);
    point.collectors.push(collector({ isApart: false }));
    expect(here.isBlockedWithUs()).toBe(true);
  });

  it('leaves the end of collectors to who sends everything', () => {
    const { here } = agent();
    expect([...point.agents].map(({ endsCollectors }) => endsCollectors)).toEqual([false]);
    here.leave();
    expect(point.agents.size).toBe(0);
  });
});
