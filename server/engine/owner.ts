import type { HttpListener } from '../../pipeline/host.ts';
import { RequestsUnderWay } from './requests-under-way.ts';

/** What has no end of its own: nobody waits for it, it ends when its owner leaves. */
export interface Unending {
  ownerLeft(): void;
}

/** Who takes the requests of a listener. A request stays with the owner its head was for, to the end. */
export class Owner<Handler> {
  readonly handler: Handler;
  readonly underWay = new RequestsUnderWay();
  readonly unending = new Set<Unending>();
  #hasLeft = false;

  constructor(handler: Handler) {
    this.handler = handler;
  }

  get hasLeft(): boolean {
    return this.#hasLeft;
  }

  /** Others get the next requests, or nobody does. */
  leave(): void {
    this.#hasLeft = true;
    for (const each of this.unending) each.ownerLeft();
  }
}

interface Owned<Handler> {
  owner: Owner<Handler>;
  close(deadlineMs: number): Promise<void>;
}

/** A server as its owner holds it; after `handTo`, `close` waits for the requests of this owner only. */
export function listenerOf<Handler>(server: Owned<Handler>, url: string, engine: string, closing = (): void => {}): HttpListener {
  let left: Owner<Handler> | undefined;
  let closed: Promise<void> | undefined;
  return {
    url,
    engine,
    close(deadlineMs) {
      if (left === undefined) closing();
      closed ??= left === undefined ? server.close(deadlineMs) : left.underWay.drained(deadlineMs);
      return closed;
    },
    handTo(handler) {
      left = server.owner;
      server.owner = new Owner<Handler>(handler);
      left.leave();
      return listenerOf(server, url, engine, closing);
    },
  };
}
