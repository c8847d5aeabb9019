import { type AgentHere, meetingPoint } from '../../../pipeline/meeting-point.ts';

/** The end of the collectors that the application runs in this process: after the agent's last data, which they may be to take,
 *  by a port or without one. */
export interface CollectorsEnd {
  /** One that stops while this thread is blocked. */
  isAny(): boolean;
  /** Blocks until all have stopped, or until `endMs` of performance.now. */
  end(endMs: number): void;
  /** They end by themselves again. */
  leave(): void;
}

/** From now on they wait for the agent. A function, as names inside of it are short in a bundle. */
export function collectorsEnd(): CollectorsEnd {
  const point = meetingPoint();
  const agent: AgentHere = { flush: async () => undefined, changed: () => undefined, endsCollectors: true };
  point?.agents.add(agent);
  // Each goes from the list when it ends.
  const apart = () => point?.collectors.filter(({ isApart }) => isApart) ?? [];
  return {
    isAny: () => apart().length > 0,
    end(endMs) {
      for (const collector of apart()) quietly(() => collector.end(Math.max(0, endMs - performance.now())));
    },
    leave: () => void point?.agents.delete(agent),
  };
}

/** What another package does must not keep the next one from its end: the process ends as it would without us. */
export function quietly(step: () => void): void {
  try {
    step();
  } catch {
    // It is over.
  }
}
