import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { agentsEndCollectors, Offer } from '../../../agent/embed/offer.ts';
import { type AgentHere, type CollectorHere, meetingPoint } from '../../../pipeline/meeting-point.ts';

const point = meetingPoint()!;
afterEach(() => {
  point.agents.clear();
  point.collectors.splice(0);
});

const collector = (): CollectorHere => ({
  isApart: true,
  takes: () => true,
  connect: () => new MessageChannel().port1,
  end: () => undefined,
});

function agent(more: Partial<AgentHere> = {}): { readonly told: (readonly CollectorHere[])[] } {
  const told: (readonly CollectorHere[])[] = [];
  point.agents.add({
    changed: () => void told.push([...point.collectors]),
    flush: () => Promise.resolve(),
    endsCollectors: false,
    ...more,
  });
  return { told };
}

describe('a collector that is offered to the agents of its process', () => {
  it('is there once it is renewed, keeps its place when it is again, and is gone when it is withdrawn', () => {
    const made: CollectorHere[] = [];
    const make = (): CollectorHere => {
      made.push(collector());
      return made.at(-1)!;
    };
    const [first, second] = [new Offer(make), new Offer(make)];
    const { told } = agent();
    first.renew();
    second.renew();
    first.renew();
    const [a, b, c] = made;
    first.withdraw();
    first.withdraw();
    expect(told).toEqual([[a], [a, b], [c, b], [b]]);
    second.withdraw();
  });

  it('gets what agents have measured before it goes, and waits for none of them longer than it may', async () => {
    const seen: number[] = [];
    agent({ flush: () => new Promise(() => {}) });
    agent({
      flush: (timeoutMs) => {
        seen.push(timeoutMs, point.collectors.length);
        return Promise.reject(new Error('a fault'));
      },
    });
    const offer = new Offer(collector);
    // Of one that never ran nobody expects anything.
    await offer.close();
    expect(seen).toEqual([]);
    offer.renew();
    await offer.close();
    await offer.close();
    expect(seen).toEqual([500, 1]);
    expect(point.collectors).toEqual([]);
  });
});

it('who ends a collector is the agent that sends to it, while it has not yet', () => {
  expect(agentsEndCollectors()).toBe(false);
  agent();
  expect(agentsEndCollectors()).toBe(false);
  agent({ endsCollectors: true });
  expect(agentsEndCollectors()).toBe(true);
});
