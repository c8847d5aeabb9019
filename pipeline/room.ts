import type { Delivery } from './plan.ts';

type Bounds = Pick<Delivery['sending_queue'], 'sizer' | 'queue_size' | 'queue_bytes'>;

/** What something takes of a queue's room. `requests` may be a fraction where requests were merged or split. */
export interface Share {
  readonly items: number;
  readonly bytes: number;
  readonly requests: number;
}

let tickets = 0;

/** Made by whoever has to wait for room, once per request. Lower numbers came earlier. */
export class Ticket {
  readonly number = ++tickets;
}

interface Waiter {
  readonly ticket: Ticket;
  readonly need: Share;
  readonly wake: (room: boolean) => void;
}

/**
 * The room of one exporter's queue: what is reserved for requests whose items are still in processors, and what is in
 * the queue, together. It is bounded twice, by `queue_size` and by `queue_bytes`; when it is empty it takes one request
 * of any size, as one that never fits would be refused for ever.
 *
 * Whoever waits gets room in the order of tickets, not of standing in this line: a request that needs room in several
 * queues goes from one line to another, and if each line had an order of its own, two lines could send their heads to
 * each other's ends for ever.
 */
export class Room {
  readonly #bounds: Bounds;
  #items = 0;
  #bytes = 0;
  #requests = 0;
  readonly #waiters: Waiter[] = [];
  #closed = false;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get used(): Share {
    return { items: this.#items, bytes: this.#bytes, requests: this.#requests };
  }

  /** Takes room, or says that there is none now. A waiter shows its ticket. */
  tryTake(need: Share, ticket?: Ticket): boolean {
    const head = this.#waiters[0];
    if (head !== undefined && (ticket === undefined || head.ticket.number < ticket.number)) return false;
    if (!this.#fits(need)) return false;
    this.#items += need.items;
    this.#bytes += need.bytes;
    this.#requests += need.requests;
    if (head !== undefined && head.ticket === ticket) this.leave(ticket);
    return true;
  }

  give(share: Share): void {
    this.#items -= share.items;
    this.#bytes -= share.bytes;
    this.#requests -= share.requests;
    if (this.#waiters.length > 0) this.#wakeFirst();
  }

  /** What was reserved becomes what a processor made of it, even where that is larger. */
  exchange(reserved: Share, items: number, bytes: number): void {
    this.#items += items - reserved.items;
    this.#bytes += bytes - reserved.bytes;
    this.#requests += 1 - reserved.requests;
    if (this.#waiters.length > 0) this.#wakeFirst();
  }

  /** Resolves to true when it is this ticket's turn and there is room, to false when the process is stopping. */
  wait(ticket: Ticket, need: Share): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((wake) => {
      this.#remove(ticket);
      const behind = this.#waiters.findIndex((waiter) => waiter.ticket.number > ticket.number);
      this.#waiters.splice(behind < 0 ? this.#waiters.length : behind, 0, { ticket, need, wake });
      this.#wakeFirst();
    });
  }

  /** Gives up a place in the line. */
  leave(ticket: Ticket): void {
    this.#remove(ticket);
    this.#wakeFirst();
  }

  /** Sends everybody in the line away, now and from now on. */
  close(): void {
    this.#closed = true;
    for (const waiter of this.#waiters.splice(0)) waiter.wake(false);
  }

  #remove(ticket: Ticket): void {
    const at = this.#waiters.findIndex((waiter) => waiter.ticket === ticket);
    if (at >= 0) this.#waiters.splice(at, 1);
  }

  #wakeFirst(): void {
    const first = this.#waiters[0];
    if (first !== undefined && this.#fits(first.need)) first.wake(true);
  }

  #fits({ items, bytes, requests }: Share): boolean {
    if (this.#items === 0 && this.#bytes === 0) return true;
    const { sizer, queue_size, queue_bytes } = this.#bounds;
    if (this.#bytes + bytes > queue_bytes) return false;
    if (sizer === 'items') return this.#items + items <= queue_size;
    return sizer === 'bytes' ? this.#bytes + bytes <= queue_size : this.#requests + requests <= queue_size;
  }
}
