import type { MessagePort } from 'node:worker_threads';
import { type AgentHere, type CollectorHere, meetingPoint, type SeamRequest } from '../../../pipeline/meeting-point.ts';

/** Who sends what is measured. */
export interface Sending {
  /** To another collector from now on, or to none: `connect` says which. */
  reconnect(): void;
  /** Never rejects. */
  flush(timeoutMs: number): Promise<unknown>;
}

/** The collectors that the application runs in this process: the first of them that takes a signal gets the agent's, for as
 *  long as it runs. */
export interface CollectorsHere {
  /** Tells who sends of each change; until `leave`. */
  join(sending: Sending): void;
  leave(): void;
  /** A way to the collector, for whichever thread sends; undefined: there is none, or it cannot be had, and the network is
   *  left. */
  connect(): MessagePort | undefined;
  /** By a way that it gave. */
  isConnected(): boolean;
  /** There was one, which the application has stopped. */
  hasLeft(): boolean;
  /** It cannot answer while this thread is blocked. */
  isBlockedWithUs(): boolean;
}

/** For one signal. `told` gets a line of each collector that gives no way to it. A function, as names inside of it are short in a bundle. */
export function collectorsHere(signal: SeamRequest['signal'], told: (line: string) => void = () => undefined): CollectorsHere {
  const point = meetingPoint();
  /** The one that was asked last, and whether it cannot be reached: until there is another, the network is the way. */
  let chosen: CollectorHere | undefined;
  let unreachable: CollectorHere | undefined;
  let had = false;
  let agent: AgentHere | undefined;
  // What another package does must not come back as a fault in the application.
  const first = (): CollectorHere | undefined => {
    try {
      return point?.collectors.find((collector) => collector.takes(signal));
    } catch {
      return undefined;
    }
  };
  return {
    join({ reconnect, flush }) {
      agent = {
        flush,
        changed: () => {
          if (first() !== chosen) reconnect();
        },
        endsCollectors: false,
      };
      point?.agents.add(agent);
    },
    leave: () => void (agent !== undefined && point?.agents.delete(agent)),
    connect() {
      chosen = first();
      try {
        const port = chosen?.connect();
        unreachable = undefined;
        had ||= port !== undefined;
        return port;
      } catch (error) {
        if (chosen !== unreachable)
          told(`cannot connect to the collector in this process: ${String(error)}; it goes by the network`);
        unreachable = chosen;
        return undefined;
      }
    },
    isConnected: () => chosen !== undefined && chosen !== unreachable,
    hasLeft: () => had && chosen === undefined,
    isBlockedWithUs: () => {
      const collector = first();
      return collector !== unreachable && collector?.isApart === false;
    },
  };
}
