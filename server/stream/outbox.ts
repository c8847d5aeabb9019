import { LIMITS } from '../../pipeline/limits.ts';
import type { ServerSocket } from '../../pipeline/web-socket.ts';

/** Deltas of one subscription that a slow reader does not get. */
interface Missed {
  dropped: number;
  fromSeq: number;
  toSeq: number;
}

/** One subscription, as its outbox sees it. */
export interface Recipient {
  readonly id: string;
  readonly conflates: boolean;
  /** After a gap, where `conflates`: asks for a new snapshot, which comes by `send`. */
  catchUp(): void;
}

interface Waiting {
  readonly bytes: Uint8Array;
  readonly isBinary: boolean;
  /** Of a delta; everything else is never dropped. */
  readonly recipient: Recipient | undefined;
  readonly seq: number;
}

const encoder = new TextEncoder();

/**
 * What one client still has to get. As long as it reads, messages go out at once. When the socket holds too much, deltas
 * wait here, in common memory with other clients; when that is too much the oldest are dropped, and the client is told
 * exactly which: before the next delta of that subscription that it gets, or when the connection is closed.
 */
export class Outbox {
  readonly #socket: ServerSocket;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  readonly #missed = new Map<Recipient, Missed>();
  /** When it began to wait, and has waited ever since; 0 = it does not. */
  #slowSinceMs = 0;
  #sent = 0;
  #dropped = 0;

  constructor(socket: ServerSocket) {
    this.#socket = socket;
  }

  get sent(): number {
    return this.#sent;
  }
  get dropped(): number {
    return this.#dropped;
  }
  get slowSinceMs(): number {
    return this.#slowSinceMs;
  }
  /** What must not be dropped is more than a client may leave unread. */
  get isOverfull(): boolean {
    return this.#queuedBytes > 2 * LIMITS.streamQueueBytes;
  }

  /** Anything but a delta. */
  send(bytes: Uint8Array, isBinary: boolean, nowMs: number): void {
    if (this.#queue.length === 0 && !this.#isBlocked) this.#write(bytes, isBinary);
    else this.#wait({ bytes, isBinary, recipient: undefined, seq: 0 }, nowMs);
  }

  deliver(recipient: Recipient, seq: number, bytes: Uint8Array, nowMs: number): void {
    const isBlocked = this.#queue.length > 0 || this.#isBlocked;
    if (recipient.conflates && (isBlocked || this.#missed.has(recipient))) {
      this.#miss(recipient, seq);
      this.#slowSinceMs ||= nowMs;
    } else if (isBlocked) {
      this.#wait({ bytes, isBinary: false, recipient, seq }, nowMs);
    } else {
      this.#tellMissed(recipient);
      this.#write(bytes, false);
    }
  }

  /** The socket may have room again. */
  flush(): void {
    if (this.#slowSinceMs === 0) return;
    let at = 0;
    for (; at < this.#queue.length && !this.#isBlocked; at++) {
      const waiting = this.#queue[at]!;
      this.#queuedBytes -= waiting.bytes.length;
      if (waiting.recipient !== undefined) this.#tellMissed(waiting.recipient);
      this.#write(waiting.bytes, waiting.isBinary);
    }
    if (at > 0) this.#queue.splice(0, at);
    if (this.#queue.length > 0 || this.#isBlocked) return;
    this.#slowSinceMs = 0;
    for (const recipient of this.#missed.keys()) {
      this.#tellMissed(recipient);
      if (recipient.conflates) recipient.catchUp();
    }
  }

  /** The subscription has ended: nothing of it is told any more. */
  forget(recipient: Recipient): void {
    this.#missed.delete(recipient);
    this.#queue = this.#queue.filter((waiting) => {
      if (waiting.recipient !== recipient) return true;
      this.#queuedBytes -= waiting.bytes.length;
      return false;
    });
  }

  /** Before the connection is closed: of what waits only the news is sent that it does not come. */
  abandon(): void {
    for (const { recipient, seq } of this.#queue) if (recipient !== undefined) this.#miss(recipient, seq);
    this.#queue = [];
    this.#queuedBytes = 0;
    for (const recipient of this.#missed.keys()) this.#tellMissed(recipient);
  }

  get #isBlocked(): boolean {
    return this.#socket.bufferedBytes >= LIMITS.streamSocketBytes;
  }

  #write(bytes: Uint8Array, isBinary: boolean): void {
    this.#sent += 1;
    this.#socket.send(bytes, isBinary);
  }

  #wait(waiting: Waiting, nowMs: number): void {
    this.#slowSinceMs ||= nowMs;
    this.#queue.push(waiting);
    this.#queuedBytes += waiting.bytes.length;
    while (this.#queuedBytes > LIMITS.streamQueueBytes) {
      const oldest = this.#queue.findIndex(({ recipient }) => recipient !== undefined);
      if (oldest < 0) return;
      const [{ recipient, seq, bytes }] = this.#queue.splice(oldest, 1) as [Waiting];
      this.#queuedBytes -= bytes.length;
      this.#miss(recipient!, seq);
    }
  }

  #miss(recipient: Recipient, seq: number): void {
    this.#dropped += 1;
    const missed = this.#missed.get(recipient);
    if (missed === undefined) {
      this.#missed.set(recipient, { dropped: 1, fromSeq: seq, toSeq: seq });
      return;
    }
    missed.dropped += 1;
    missed.fromSeq = Math.min(missed.fromSeq, seq);
    missed.toSeq = Math.max(missed.toSeq, seq);
  }

  #tellMissed(recipient: Recipient): void {
    const missed = this.#missed.get(recipient);
    if (missed === undefined) return;
    this.#missed.delete(recipient);
    const { dropped, fromSeq, toSeq } = missed;
    const gap = { type: 'gap', id: recipient.id, dropped, from_seq: fromSeq, to_seq: toSeq };
    this.#write(encoder.encode(JSON.stringify(gap)), false);
  }
}
