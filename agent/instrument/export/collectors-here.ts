import type { MessagePort } from 'node:worker_threads';
import { type AgentHere, type CollectorHere, meetingPoint } from '../../../pipeline/meeting-point.ts';

/** Who sends what is measured. */
export interface Sending {
  /** To another collector from now on, or to none: `connect` says which. */
  reconnect(): void;
  /** Never rejects. */
  flush(timeoutMs: number): Promise<unknown>;
}

/** The collectors that the application runs in this process: the first of them that takes metrics gets the agent's, for as
 *  long as it runs. */
export interface CollectorsHere {
  /** Tells who sends of each change; until `leave`. */
  join(sending: Sending): void;
  leave(): void;
  /** A way to the collector, for whichever thread sends; undefined: there is none, and the network is left. */
  connect(): MessagePort | undefined;
  isConnected(): boolean;
  /** There was one, which the application has stopped. */
  hasLeft(): boolean;
  /** It cannot answer while this thread is blocked. */
  isBlockedWithUs(): boolean;
  /** The process ends, and the last data has been sent. */
  end(): void;
}

/** A function, as names inside of it are short in a bundle. */
export function collectorsHere(): CollectorsHere {
  const point = meetingPoint();
  let connected: CollectorHere | undefined;
  let had = false;
  let ends = true;
  let agent: AgentHere | undefined;
  // What another package does must not come back as a fault in the application.
  const first = (): CollectorHere | undefined => {
    try {
      return point?.collectors.find((collector) => collector.takes('metrics'));
    } catch {
      return undefined;
    }
  };
  return {
    join({ reconnect, flush }) {
      agent = {
        flush,
        changed: () => {
          if (first() !== connected) reconnect();
        },
        get endsCollectors() {
          return ends;
        },
      };
      point?.agents.add(agent);
    },
    leave: () => void (agent !== undefined && point?.agents.delete(agent)),
    connect() {
      connected = first();
      had ||= connected !== undefined;
      try {
        return connected?.connect();
      } catch {
        return undefined;
      }
    },
    isConnected: () => connected !== undefined,
    hasLeft: () => had && connected === undefined,
    isBlockedWithUs: () => first()?.isApart === false,
    end() {
      ends = false;
      // Each goes from the list when it ends.
      const running = point?.collectors.slice() ?? [];
      for (const collector of running) collector.end();
    },
  };
}
