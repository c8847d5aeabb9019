import type { Outcome } from './component.ts';
import type { Signal } from './signal.ts';

/** A receiver that takes OTLP from the application which the collector is embedded in. */
export interface InProcessPoint {
  /** `bytes`: an Export…ServiceRequest in protobuf. They are the receiver's from here on, with all of their ArrayBuffer.
   *  Never rejects. */
  take(signal: Signal, bytes: Uint8Array): Promise<Outcome> | Outcome;
  /** Does a pipeline of it take that signal? */
  takes(signal: Signal): boolean;
}

/** Those of one graph (`Host.inProcess`), by the ids of their receivers. */
export class InProcessPoints {
  readonly #points = new Map<string, InProcessPoint>();

  /** Returns the way back, which is safe twice. */
  open(receiver: string, point: InProcessPoint): () => void {
    this.#points.set(receiver, point);
    return () => {
      if (this.#points.get(receiver) === point) this.#points.delete(receiver);
    };
  }

  /** Without an id the first that takes the signal. */
  find(signal: Signal, receiver?: string): InProcessPoint | undefined {
    if (receiver !== undefined) return this.#points.get(receiver);
    for (const point of this.#points.values()) if (point.takes(signal)) return point;
    return undefined;
  }

  /** Ids, in the order in which they were opened. */
  receivers(): readonly string[] {
    return [...this.#points.keys()];
  }
}
