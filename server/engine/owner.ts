import type { HttpListener } from '../../pipeline/host.ts';
import { RequestsUnderWay } from './requests-under-way.ts';

/** Who takes the requests of a listener. A request stays with the owner its head was for, to the end. */
export class Owner<Handler> {
  readonly handler: Handler;
  readonly underWay = new RequestsUnderWay();

  constructor(handler: Handler) {
    this.handler = handler;
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
      return listenerOf(server, url, engine, closing);
    },
  };
}
