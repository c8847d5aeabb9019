import { LIMITS } from '../../pipeline/limits.ts';
import { type CollectorHere, meetingPoint, type MeetingPoint } from '../../pipeline/meeting-point.ts';
import { within } from '../instrument/within.ts';

/** A collector at the place where agents of this process look for one, while it runs. */
export class Offer {
  readonly #point: MeetingPoint | undefined = meetingPoint();
  readonly #make: () => CollectorHere;
  #here: CollectorHere | undefined;

  /** `make` is asked whenever agents have to connect anew. */
  constructor(make: () => CollectorHere) {
    this.#make = make;
  }

  /** It runs, or runs anew. */
  renew(): void {
    const before = this.#here;
    this.#here = this.#make();
    const at = before === undefined ? -1 : (this.#point?.collectors.indexOf(before) ?? -1);
    if (at < 0) this.#point?.collectors.push(this.#here);
    else this.#point?.collectors.splice(at, 1, this.#here);
    this.#tell();
  }

  /** It is about to stop: what agents have measured until now is still sent to it. */
  async close(): Promise<void> {
    if (this.#here === undefined) return;
    const flushed = [...(this.#point?.agents ?? [])].map((agent) => agent.flush(LIMITS.embeddedExitMs));
    await within(Promise.allSettled(flushed), LIMITS.embeddedExitMs, undefined, true);
    this.withdraw();
  }

  /** It does not run any more. */
  withdraw(): void {
    const here = this.#here;
    if (here === undefined) return;
    this.#here = undefined;
    const at = this.#point?.collectors.indexOf(here) ?? -1;
    if (at >= 0) this.#point?.collectors.splice(at, 1);
    this.#tell();
  }

  #tell(): void {
    for (const agent of this.#point?.agents ?? []) agent.changed();
  }
}

/** An agent of this process has data for collectors until it ends them itself. */
export function agentsEndCollectors(): boolean {
  return [...(meetingPoint()?.agents ?? [])].some(({ endsCollectors }) => endsCollectors);
}
