import type { Transport } from './batch/batch.ts';
import { SIGNALS, type Signal } from './signal.ts';

const TRANSPORTS: readonly Transport[] = ['http', 'grpc', 'in_process'];
type BySignal<Value> = Readonly<Record<Signal, Value>>;

/** Items that came in by one transport. */
export interface ReceiverTraffic {
  accepted: number;
  refused: number;
}

/** Items of one signal that one processor took and passed on, in all its pipelines. */
export interface ProcessorTraffic {
  incoming: number;
  outgoing: number;
}

/** Its counters at one moment, by id of the component. */
export interface TrafficSnapshot {
  readonly receivers: readonly (readonly [string, BySignal<Readonly<Record<Transport, Readonly<ReceiverTraffic>>>>])[];
  readonly processors: readonly (readonly [string, BySignal<Readonly<ProcessorTraffic>>])[];
  readonly unread: readonly (readonly [string, readonly (readonly [string, number])[]])[];
  readonly turnedAway: readonly (readonly [string, BySignal<number>])[];
}

function bySignal<Value>(make: () => Value): BySignal<Value> {
  return Object.fromEntries(SIGNALS.map((signal) => [signal, make()])) as Record<Signal, Value>;
}

/**
 * What own metrics tell beside the ledger, over all scopes: no part of its balance, but what the Go collector counts as
 * well. It lives as long as the ledger, so reloads do not set it back. Bounded by what is configured.
 */
export class Traffic {
  readonly receivers = new Map<string, BySignal<Readonly<Record<Transport, ReceiverTraffic>>>>();
  readonly processors = new Map<string, BySignal<ProcessorTraffic>>();
  /** By receiver and error code: requests that were refused by their length alone, before anything was read. */
  readonly unread = new Map<string, Map<string, number>>();
  /** By exporter: items that came in but found no room in its queue; their sender was told to come again. */
  readonly turnedAway = new Map<string, Record<Signal, number>>();

  receiver(id: string): BySignal<Readonly<Record<Transport, ReceiverTraffic>>> {
    let found = this.receivers.get(id);
    if (found === undefined) {
      const none = (): ReceiverTraffic => ({ accepted: 0, refused: 0 });
      found = bySignal(() => ({ http: none(), grpc: none(), in_process: none() }));
      this.receivers.set(id, found);
    }
    return found;
  }

  processor(id: string): BySignal<ProcessorTraffic> {
    let found = this.processors.get(id);
    if (found === undefined) {
      found = bySignal(() => ({ incoming: 0, outgoing: 0 }));
      this.processors.set(id, found);
    }
    return found;
  }

  countUnread(receiver: string, code: string, requests = 1): void {
    let codes = this.unread.get(receiver);
    if (codes === undefined) {
      codes = new Map();
      this.unread.set(receiver, codes);
    }
    codes.set(code, (codes.get(code) ?? 0) + requests);
  }

  countTurnedAway(exporter: string, signal: Signal, items: number): void {
    let counts = this.turnedAway.get(exporter);
    if (counts === undefined) {
      counts = { metrics: 0, traces: 0, logs: 0 };
      this.turnedAway.set(exporter, counts);
    }
    counts[signal] += items;
  }

  snapshot(): TrafficSnapshot {
    return structuredClone({
      receivers: [...this.receivers],
      processors: [...this.processors],
      unread: [...this.unread].map(([id, codes]): [string, [string, number][]] => [id, [...codes]]),
      turnedAway: [...this.turnedAway],
    });
  }

  /** Goes on from the counters of a process before this one. */
  restore({ receivers, processors, unread, turnedAway }: TrafficSnapshot): void {
    for (const signal of SIGNALS) {
      for (const [id, counts] of receivers)
        for (const transport of TRANSPORTS) {
          const own = this.receiver(id)[signal][transport];
          own.accepted += counts[signal][transport].accepted;
          own.refused += counts[signal][transport].refused;
        }
      for (const [id, counts] of processors) {
        const own = this.processor(id)[signal];
        own.incoming += counts[signal].incoming;
        own.outgoing += counts[signal].outgoing;
      }
      for (const [id, counts] of turnedAway) this.countTurnedAway(id, signal, counts[signal]);
    }
    for (const [id, codes] of unread) for (const [code, requests] of codes) this.countUnread(id, code, requests);
  }
}
