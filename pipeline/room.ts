import type { Delivery } from './plan.ts';

type Bounds = Pick<Delivery['sending_queue'], 'sizer' | 'queue_size' | 'queue_bytes' | 'scope_share'>;

/** What something takes of a queue's room. `requests` may be a fraction where requests were merged or split. */
export interface Share {
  readonly scope: string;
  readonly items: number;
  readonly bytes: number;
  readonly requests: number;
}

/** What one request takes of it: a share for each of its scopes. */
export type Demand = readonly Share[];

let tickets = 0;

/** Made by whoever has to wait for room, once per request. Lower numbers came earlier. */
export class Ticket {
  readonly number = ++tickets;
}

type Total = Omit<Share, 'scope'>;
const NOTHING: Total = { items: 0, bytes: 0, requests: 0 };
/** What one scope has of it. */
type Held = { -readonly [key in keyof Total]: Total[key] };

interface Waiter {
  readonly ticket: Ticket;
  readonly need: Demand;
  readonly wake: (room: boolean) => void;
}

/**
 * The room of one exporter's queue: what is reserved for requests whose items are still in processors, and what is in
 * the queue, together. It is bounded twice, by `queue_size` and by `queue_bytes`; when it is empty it takes one request
 * of any size, as one that never fits would be refused for ever.
 *
 * With `scope_share` s under 1, no scope holds more than s/(1 - s) times what is free: alone it fills the part s, k scopes
 * that take all they can get s/(1 + (k - 1)s) each, and there is always room for one more. It is the dynamic threshold of
 * shared-memory switches (Choudhury and Hahne, 1998): no list of scopes, and nothing kept free for scopes that do not send.
 * A scope that holds nothing gets in wherever the whole has room.
 *
 * Whoever waits gets room in the order of tickets, not of standing in this line: a request that needs room in several
 * queues goes from one line to another, and if each line had an order of its own, two lines could send their heads to
 * each other's ends for ever. Only who waits for the share of its own scope is passed by the others.
 */
export class Room {
  readonly #bounds: Bounds;
  #items = 0;
  #bytes = 0;
  #requests = 0;
  readonly #held = new Map<string, Held>();
  /** One scope may have it all. */
  readonly #undivided: boolean;
  readonly #waiters: Waiter[] = [];
  #closed = false;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
    this.#undivided = (bounds.scope_share ?? 1) >= 1;
  }

  get used(): Total {
    return { items: this.#items, bytes: this.#bytes, requests: this.#requests };
  }

  /** What one scope has of it. */
  usedBy(scope: string): Total {
    return this.#held.get(scope) ?? NOTHING;
  }

  /** Takes room, or says that there is none now. A waiter shows its ticket. */
  tryTake(need: Demand, ticket?: Ticket): boolean {
    for (const waiter of this.#waiters) {
      if (ticket !== undefined && waiter.ticket.number >= ticket.number) break;
      if (this.#mayHold(waiter.need) || sameScope(waiter.need, need)) return false;
    }
    if (!this.#fits(need) || !this.#mayHold(need)) return false;
    for (const { scope, items, bytes, requests } of need) this.#add(scope, items, bytes, requests);
    if (ticket !== undefined && this.#waiters.length > 0) this.leave(ticket);
    return true;
  }

  give(share: Share): void {
    this.#add(share.scope, -share.items, -share.bytes, -share.requests);
    if (this.#waiters.length > 0) this.#wakeFirst();
  }

  /** What was reserved becomes what was made of it, one request, even where that is larger. */
  exchange(reserved: Share, items: number, bytes: number): void {
    this.#add(reserved.scope, items - reserved.items, bytes - reserved.bytes, 1 - reserved.requests);
    if (this.#waiters.length > 0) this.#wakeFirst();
  }

  /** Resolves to true when it is this ticket's turn and there is room, to false when the process is stopping. */
  wait(ticket: Ticket, need: Demand): Promise<boolean> {
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
    for (const { need, wake } of this.#waiters) {
      if (!this.#mayHold(need)) continue;
      if (this.#fits(need)) wake(true);
      return;
    }
  }

  #add(scope: string, items: number, bytes: number, requests: number): void {
    this.#items += items;
    this.#bytes += bytes;
    this.#requests += requests;
    let held = this.#held.get(scope);
    if (held === undefined) this.#held.set(scope, (held = { items: 0, bytes: 0, requests: 0 }));
    held.items += items;
    held.bytes += bytes;
    held.requests += requests;
    if (held.items !== 0 || held.bytes !== 0) return;
    // Of parts that were added and taken away again something may be left.
    held.requests = 0;
    // One that is alone will most likely come again.
    if (this.#held.size > 1) this.#held.delete(scope);
  }

  /** As far as the shares of its scopes go. */
  #mayHold(need: Demand): boolean {
    if (this.#undivided) return true;
    const total = totalOf(need);
    return need.every((share) => this.#mayScopeHold(share, total));
  }

  #mayScopeHold({ scope, items, bytes, requests }: Share, total: Total): boolean {
    const held = this.#held.get(scope);
    if (held === undefined || (held.items === 0 && held.bytes === 0)) return true;
    const { sizer, queue_size, queue_bytes, scope_share = 1 } = this.#bounds;
    const within = (own: number, all: number, bound: number): boolean => own * (1 - scope_share) <= (bound - all) * scope_share;
    if (!within(held.bytes + bytes, this.#bytes + total.bytes, queue_bytes)) return false;
    if (sizer === 'items') return within(held.items + items, this.#items + total.items, queue_size);
    if (sizer === 'bytes') return within(held.bytes + bytes, this.#bytes + total.bytes, queue_size);
    return within(held.requests + requests, this.#requests + total.requests, queue_size);
  }

  #fits(need: Demand): boolean {
    if (this.#items === 0 && this.#bytes === 0) return true;
    const { items, bytes, requests } = totalOf(need);
    const { sizer, queue_size, queue_bytes } = this.#bounds;
    if (this.#bytes + bytes > queue_bytes) return false;
    if (sizer === 'items') return this.#items + items <= queue_size;
    return sizer === 'bytes' ? this.#bytes + bytes <= queue_size : this.#requests + requests <= queue_size;
  }
}

/** Most requests are of one scope. */
function totalOf(need: Demand): Total {
  if (need.length === 1) return need[0]!;
  const total = { items: 0, bytes: 0, requests: 0 };
  for (const { items, bytes, requests } of need) {
    total.items += items;
    total.bytes += bytes;
    total.requests += requests;
  }
  return total;
}

function sameScope(one: Demand, other: Demand): boolean {
  return one.some(({ scope }) => other.some((share) => share.scope === scope));
}
