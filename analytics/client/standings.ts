import type { SqlFault, Standing, StandingEvents, StandingQuery } from '../../pipeline/analytics.ts';
import type { Order, ReplyHead } from '../wire/messages.ts';

type StandingHead = Extract<ReplyHead, { readonly type: 'stands' | 'fell' }>;

interface Stood {
  readonly scope: string;
  readonly query: StandingQuery;
  readonly events: StandingEvents;
  /** In the process that runs; undefined = it does not know of it yet. */
  id: number | undefined;
  /** Waits for a snapshot. */
  asks: boolean;
}

/** Queries that stay open, and stay so while the process they are in is another. */
export class Standings {
  readonly #order: (order: Order) => void;
  readonly #all = new Set<Stood>();
  readonly #byId = new Map<number, Stood>();
  /** Scopes of which one runs at this moment. */
  running: readonly string[] = [];
  #lastId = 0;
  #isReady = false;

  /** `order`: is called between `ready` and `lost` only. */
  constructor(order: (order: Order) => void) {
    this.#order = order;
  }

  add(scope: string, query: StandingQuery, events: StandingEvents): Standing {
    const stood: Stood = { scope, query, events, id: undefined, asks: false };
    this.#all.add(stood);
    if (this.#isReady) this.#send(stood);
    return {
      ask: () => {
        if (stood.asks) return;
        stood.asks = true;
        this.#want(stood, 'snapshot');
      },
      next: () => this.#want(stood, 'next'),
      end: () => {
        this.#want(stood, 'end');
        this.#forget(stood);
      },
    };
  }

  /** The process runs. `refusal`: of scopes that may not ask now. */
  ready(refusal: (scope: string) => SqlFault | undefined): void {
    this.#isReady = true;
    for (const stood of this.#all) {
      const fault = refusal(stood.scope);
      if (fault !== undefined) this.#end(stood, fault);
      else if (stood.id === undefined) this.#send(stood);
    }
  }

  /** The process has ended, and another will come. */
  lost(): void {
    this.#isReady = false;
    this.running = [];
    this.#byId.clear();
    for (const stood of this.#all) {
      if (stood.id === undefined) continue;
      stood.id = undefined;
      stood.events.lost();
    }
  }

  /** The process has ended for good. */
  fail(fault: SqlFault): void {
    this.#isReady = false;
    for (const stood of this.#all) this.#end(stood, fault);
  }

  told(head: StandingHead, body: Uint8Array): void {
    const stood = this.#byId.get(head.id);
    if (stood === undefined) return;
    if (head.type === 'fell') this.#end(stood, head.fault);
    else if (head.what === 'delta') stood.events.changed(body);
    else if (head.what === 'renew') stood.events.lost();
    else {
      stood.asks = false;
      stood.events.whole(body);
    }
  }

  #send(stood: Stood): void {
    this.#lastId += 1;
    stood.id = this.#lastId;
    this.#byId.set(stood.id, stood);
    this.#order({ type: 'stand', id: stood.id, scope: stood.scope, query: stood.query });
    if (stood.asks) this.#want(stood, 'snapshot');
  }

  #want({ id }: Stood, want: 'snapshot' | 'next' | 'end'): void {
    if (id !== undefined) this.#order({ type: 'standing', id, want });
  }

  #end(stood: Stood, fault: SqlFault): void {
    if (this.#forget(stood)) stood.events.ended(fault);
  }

  #forget(stood: Stood): boolean {
    if (stood.id !== undefined) this.#byId.delete(stood.id);
    stood.id = undefined;
    return this.#all.delete(stood);
  }
}
