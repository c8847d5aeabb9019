import type { OutgoingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import type { ErrorCode } from '../../pipeline/errors.ts';
import type { GrpcHandler, GrpcHead, GrpcWatch } from '../../pipeline/host-grpc.ts';
import type { DeadlineWatch, Waited } from './deadline-watch.ts';
import type { GrpcConnection } from './grpc-connection.ts';
import { trailersOf } from './grpc-headers.ts';
import { framed } from './grpc-message.ts';
import { HEAD, WITH_TRAILERS, write } from './grpc-write.ts';
import type { Owner, Unending } from './owner.ts';

interface WatchedCall {
  readonly stream: ServerHttp2Stream;
  readonly head: GrpcHead;
  readonly connection: GrpcConnection;
  readonly owner: Owner<GrpcHandler>;
}

/** Why it ends; its caller may ask again. */
export const GOING = 'the collector is stopping or takes another configuration';

/** One call that is answered again and again. A caller that does not read holds one message, and one that waits. */
export class GrpcWatching implements Waited, Unending {
  readonly deadlineAtMs: number;
  readonly #call: WatchedCall;
  readonly #deadlines: DeadlineWatch;
  #stop: (() => void) | undefined;
  #isFlushing = false;
  #waiting: Uint8Array | undefined;
  #trailers: OutgoingHttpHeaders = {};
  #over = false;

  constructor(call: WatchedCall, deadlines: DeadlineWatch, deadlineAtMs: number) {
    this.#call = call;
    this.#deadlines = deadlines;
    this.deadlineAtMs = deadlineAtMs;
  }

  begin(watch: GrpcWatch): void {
    const { stream, owner } = this.#call;
    owner.unending.add(this);
    if (this.deadlineAtMs !== Infinity) this.#deadlines.add(this);
    stream.once('close', () => this.#closed());
    stream.once('wantTrailers', () => write(stream, () => stream.sendTrailers(this.#trailers)));
    write(stream, () => stream.respond(HEAD, WITH_TRAILERS));
    try {
      this.#stop = watch.begin((message) => this.#tell(message));
    } catch {
      this.#end('INTERNAL', 'a fault of the collector');
    }
  }

  ownerLeft(): void {
    this.#end('SHUTTING_DOWN', GOING);
  }

  connectionLeaves(): void {
    this.#end('SHUTTING_DOWN', 'the connection has reached its age');
  }

  pastDeadline(): void {
    this.#end('DEADLINE_EXCEEDED', 'the deadline of the call has passed');
  }

  #tell(message: Uint8Array): void {
    if (this.#over) return;
    if (this.#isFlushing) {
      this.#waiting = message;
      return;
    }
    const { stream, connection } = this.#call;
    this.#isFlushing = true;
    write(stream, () => stream.write(framed(message), () => this.#flushed()));
    connection.answered();
  }

  #flushed(): void {
    this.#isFlushing = false;
    const message = this.#waiting;
    this.#waiting = undefined;
    if (message !== undefined) this.#tell(message);
  }

  #end(code: ErrorCode, cause: string): void {
    if (this.#over) return;
    this.#leave();
    const { stream, head, owner } = this.#call;
    this.#trailers = trailersOf(owner.handler.fault(head, code, cause));
    write(stream, () => stream.end());
  }

  #leave(): void {
    this.#over = true;
    this.#call.owner.unending.delete(this);
    this.#deadlines.delete(this);
    this.#stop?.();
  }

  /** Only now is its place free: what its caller does not read is still there. */
  #closed(): void {
    if (!this.#over) this.#leave();
    this.#call.connection.watchEnds(this);
  }
}
