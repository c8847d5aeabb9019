import type { Audit } from './audit.ts';
import type { Batch, Origin } from './batch/batch.ts';
import type { Lease } from './batch/lease.ts';
import { Receipt } from './batch/receipt.ts';
import { letGo, type ScopedBatch } from './batch/scoped-batch.ts';
import type { Chain } from './chain.ts';
import { charge, type Charged, end, overLimit, refund } from './charging.ts';
import type { Clock } from './clock.ts';
import type { Admission, Intake, Outcome, Refusal, Rejection } from './component.ts';
import type { Lane } from './fanout.ts';
import { count, type Ledger, type ReceiverCount, type Rows } from './ledger.ts';
import type { Log } from './log.ts';
import { ACTION_STRIDE } from './otlp/edits.kernel.ts';
import type { Inspection } from './otlp/inspection.ts';
import { mergeInspections } from './otlp/merge-inspections.ts';
import { refusal } from './queue.ts';
import { needsOf, reserve, type Need, type Passage } from './reservation.ts';
import { Ticket } from './room.ts';
import { bind, type Bound, VIOLATIONS } from './scope/bind.ts';
import type { Binding } from './scope/binding.ts';
import type { ScopeStageConfig } from './scope/stage.ts';
import type { ScopeLimiter, ScopeLimiters } from './scope-limits.ts';
import { SIGNALS, type Signal } from './signal.ts';
import type { Traffic } from './traffic.ts';

export interface IntakeOptions {
  readonly receiver: string;
  readonly binding: Binding;
  readonly stage: ScopeStageConfig;
  readonly admission: Admission | undefined;
  readonly limiters: ScopeLimiters;
  /** The pipelines that the receiver feeds. */
  readonly chains: readonly Chain[];
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Audit;
}

interface Entrance {
  readonly chains: readonly Chain[];
  readonly inspection: Inspection;
  /** Some answer waits for a destination. */
  readonly waits: boolean;
}

interface ChainPassage extends Passage {
  readonly chain: Chain;
}

/** One request on its way in. */
interface Arrival {
  readonly signal: Signal;
  readonly origin: Origin;
  readonly receipt: Receipt;
  readonly lease: Lease;
  readonly bound: Bound;
  readonly charged: Charged;
  readonly passages: readonly ChainPassage[];
  readonly needs: readonly Need[];
  /** When the sender may be answered, once all is entered. */
  readonly answer: Promise<Outcome> | Outcome;
}

const OK: Outcome = { ok: true };
/** The row of items whose scope would be one too many to count. */
const OTHER_SCOPES = '*';

/**
 * Where one receiver delivers: binds a request to its scopes, takes room for all its items in all branches of all its
 * pipelines or in none, counts, and runs the pipelines.
 */
export class ReceiverIntake implements Intake {
  readonly binding: Binding;
  readonly #options: IntakeOptions;
  readonly #rows: Rows<ReceiverCount>;
  readonly #traffic: ReturnType<Traffic['receiver']>;
  readonly #entrances: Readonly<Partial<Record<Signal, Entrance>>>;
  #closed = false;

  constructor(options: IntakeOptions) {
    this.binding = options.binding;
    this.#options = options;
    this.#rows = options.ledger.receiver(options.receiver);
    this.#traffic = options.ledger.traffic.receiver(options.receiver);
    this.#entrances = Object.fromEntries(
      SIGNALS.flatMap((signal) => {
        const chains = options.chains.filter((chain) => chain.signal === signal);
        return chains.length === 0 ? [] : [[signal, entrance(chains, options.stage.keys)]];
      }),
    );
  }

  /** After the receivers have stopped: a late request is refused. */
  close(): void {
    this.#closed = true;
  }

  admit(bytes: number): Refusal | undefined {
    if (this.#closed) return this.#stopping();
    const { audit, admission, ledger, receiver } = this.#options;
    const refused = audit.refusal() ?? admission?.admit(bytes);
    if (refused !== undefined) ledger.traffic.countUnread(receiver, refused.code.toLowerCase());
    return refused;
  }

  release(bytes: number): void {
    this.#options.admission?.release(bytes);
  }

  begin(signal: Signal, origin: Origin): Refusal | undefined {
    const scope = scopeOf(origin.binding);
    const limiter = this.#limiterOf(origin.binding);
    const nowMs = this.#options.clock.now();
    const excess = limiter?.begin(nowMs);
    if (scope === undefined || limiter === undefined || excess === undefined) return undefined;
    // A gRPC connection is many calls, of several senders where a proxy stands before us: one that waits unread takes
    // the others' window.
    const holdMs = origin.transport === 'http' ? limiter.holdMs(excess.waitMs, nowMs) : 0;
    const refused = overLimit(signal, scope, excess, holdMs);
    const row = this.#rows.of(signal, this.#counted(scope));
    count((row.unreadRequests ??= Object.create(null) as Record<string, number>), 'rate_limited', 1);
    this.#auditLimit(signal, origin, scope);
    this.#options.log.limited(`rate_limited ${this.#options.receiver}`, refused.message);
    return refused;
  }

  end({ binding }: Origin): void {
    this.#limiterOf(binding)?.end();
  }

  /** The limits of a sender whose scope its head has told. */
  #limiterOf(binding: Binding): ScopeLimiter | undefined {
    const scope = scopeOf(binding);
    return scope === undefined ? undefined : this.#options.limiters.of(scope);
  }

  #counted(scope: string): string {
    return this.#options.ledger.knows(scope) ? scope : OTHER_SCOPES;
  }

  inspection(signal: Signal): Inspection | undefined {
    return this.#entrances[signal]?.inspection;
  }

  next(batch: Batch): Promise<Outcome> | Outcome {
    const entrance = this.#entrances[batch.signal];
    if (this.#closed) return this.#stopping();
    if (entrance === undefined) return refusal('NOT_FOUND', `cannot take ${batch.signal}: no pipeline takes them`);
    const arrival = this.#arrive(batch, entrance);
    const audited = this.#auditRejected(arrival);
    const refused = arrival.charged.refused ?? this.#admitGrowth(batch, entrance);
    if (audited === undefined) return refused === undefined ? this.#pass(arrival) : this.#refuse(arrival, refused);
    return audited.then((unaudited) => {
      const answer = unaudited ?? refused ?? (this.#closed ? this.#stopping() : undefined);
      return answer === undefined ? this.#pass(arrival) : this.#refuse(arrival, answer);
    });
  }

  #pass(arrival: Arrival): Promise<Outcome> | Outcome {
    const unmet = reserve(arrival.needs);
    if (unmet === undefined) return this.#enter(arrival);
    return blocks(unmet) ? this.#wait(arrival, unmet) : this.#turnAway(arrival, unmet);
  }

  /**
   * What a request takes besides its body: what the walk and the scope stage have left in memory, and what each pipeline
   * will add, its edits and the bytes that come of them. All of it lives when the pipelines have run, so it is not held:
   * from the next measurement on it is seen, and until then it counts as having come in.
   */
  #admitGrowth({ walk }: Batch, { chains, inspection }: Entrance): Refusal | undefined {
    const { admission } = this.#options;
    if (admission === undefined) return undefined;
    const edits = inspection.attributes === undefined ? 0 : walk.markCount * ACTION_STRIDE * 4;
    const bytes = walk.lease.byteLength + chains.length * (walk.bytes.length + edits);
    const refused = admission.admit(bytes);
    if (refused === undefined) admission.release(bytes);
    return refused;
  }

  #arrive(batch: Batch, { chains, waits }: Entrance): Arrival {
    let settled: ((outcome: Outcome) => void) | undefined;
    const answer = waits ? new Promise<Outcome>((resolve) => (settled = resolve)) : OK;
    const receipt = new Receipt(settled);
    const { stage, limiters, clock } = this.#options;
    const whole = this.#withinLimit(bind(batch, stage, receipt));
    const charged = charge(limiters, whole, batch, scopeOf(batch.origin.binding), clock.now());
    const { bound } = charged;
    const passages: ChainPassage[] = [];
    for (const scoped of bound.batches)
      for (const chain of chains) passages.push({ batch: scoped, chain, lane: chain.lane(scoped.scope) });
    const { signal, origin, walk } = batch;
    return { signal, origin, receipt, lease: walk.lease, bound, charged, passages, needs: needsOf(passages), answer };
  }

  /** Waits for room in one queue after the other, holding none meanwhile: two requests that held what the other needs
   *  would wait for ever. */
  async #wait(arrival: Arrival, first: Need): Promise<Outcome> {
    const ticket = new Ticket();
    let unmet: Need | undefined = first;
    while (unmet !== undefined) {
      if (!blocks(unmet)) return this.#turnAway(arrival, unmet);
      const { room } = unmet.queue;
      const isMyTurn: boolean = await room.wait(ticket, unmet.demand);
      // The queue may outlive this intake, whose processors are flushed for good.
      if (!isMyTurn || this.#closed) {
        if (isMyTurn) room.leave(ticket);
        return this.#refuse(arrival, this.#stopping());
      }
      const next: Need | undefined = reserve(arrival.needs, ticket);
      if (next?.queue !== unmet.queue) room.leave(ticket);
      unmet = next;
    }
    return this.#enter(arrival);
  }

  /** All room is taken: counts, runs the pipelines, and answers. */
  #enter({ signal, origin, receipt, lease, bound, charged, passages, answer }: Arrival): Promise<Outcome> | Outcome {
    for (const batch of bound.batches) {
      const row = this.#rows.of(signal, batch.scope);
      row.received += batch.items;
      row.accepted += batch.items;
      this.#traffic[signal][origin.transport].accepted += batch.items;
    }
    this.#countRejected(signal, origin, bound);
    if (passages.length > 0) {
      receipt.retain(passages.length);
      lease.retain(passages.length);
    }
    let told: Map<Chain, Rejection[]> | undefined;
    for (const { batch, chain, lane } of passages) {
      const rejected = lane.leads ? chain.enter(batch, lane, origin) : this.#nowhere(batch, chain, lane);
      if (rejected !== undefined) (told ??= new Map()).set(chain, [...(told.get(chain) ?? []), ...rejected]);
    }
    receipt.release(OK);
    lease.release(true);
    if (answer instanceof Promise) void answer.then(() => end(charged));
    else end(charged);
    const chains = told === undefined ? 0 : new Set(passages.map((passage) => passage.chain)).size;
    const rejected = told === undefined ? bound.rejected : [...bound.rejected, ...rejectedByAll(told, chains)];
    if (rejected.length === 0) return answer;
    return answer instanceof Promise ? answer.then((outcome) => withRejected(outcome, rejected)) : withRejected(answer, rejected);
  }

  /** A promise: the answer has to wait until the violations are on disk, or is that refusal. */
  #auditRejected({ signal, origin, bound, charged }: Arrival): Promise<Refusal | undefined> | undefined {
    const { audit, receiver } = this.#options;
    if (!audit.active) return undefined;
    if (charged.refused !== undefined)
      for (const { scope, items } of bound.batches) this.#auditLimit(signal, origin, scope, items);
    let waits: Promise<Refusal | undefined>[] | undefined;
    for (const { scope, reason, items, attempted } of bound.rejected) {
      if (reason === 'rate_limited') this.#auditLimit(signal, origin, scope, items);
      if (!VIOLATIONS.has(reason)) continue;
      const wait = audit.record({
        type: 'SCOPE_VIOLATION',
        severity: 'CRITICAL',
        action: reason,
        result: 'FAILURE',
        scope: this.#counted(scope),
        user: origin.user,
        client: origin.head?.remoteAddress,
        component: receiver,
        items,
        details: { signal, transport: origin.transport, ...(attempted !== undefined && { attempted_scope: attempted }) },
      });
      if (wait !== undefined) (waits ??= []).push(wait);
    }
    return waits === undefined ? undefined : Promise.all(waits).then((answers) => answers.find((answer) => answer !== undefined));
  }

  /** `items` absent: those of a request that was not read. */
  #auditLimit(signal: Signal, origin: Origin, scope: string, items?: number): void {
    const { audit, receiver } = this.#options;
    if (!audit.active) return;
    void audit.record({
      type: 'ERROR',
      severity: 'WARN',
      action: items === undefined ? 'rate_limited_unread' : 'rate_limited',
      result: 'FAILURE',
      scope: this.#counted(scope),
      user: origin.user,
      client: origin.head?.remoteAddress,
      component: receiver,
      ...(items !== undefined && { items }),
      details: { signal, transport: origin.transport },
    });
  }

  #nowhere(batch: ScopedBatch, chain: Chain, lane: Lane): undefined {
    lane.row.accepted += batch.items;
    count(lane.row.dropped, 'no_destination', batch.items);
    letGo(batch, OK, true);
    this.#options.log.limited(
      `no_destination ${chain.id}`,
      `cannot deliver ${batch.signal} of ${batch.scope}: no exporter of pipeline ${chain.id} takes that scope`,
    );
  }

  #turnAway(arrival: Arrival, unmet: Need): Refusal {
    this.#options.ledger.traffic.countTurnedAway(unmet.queue.id, arrival.signal, itemsOf(unmet));
    return this.#refuse(arrival, refusalOf(unmet));
  }

  #refuse({ signal, origin, lease, bound, charged }: Arrival, answer: Refusal): Refusal {
    refund(charged);
    end(charged);
    const reason = answer.code.toLowerCase();
    for (const batch of bound.batches) {
      const row = this.#rows.of(signal, batch.scope);
      row.received += batch.items;
      count(row.rejected, reason, batch.items);
      this.#traffic[signal][origin.transport].refused += batch.items;
    }
    this.#countRejected(signal, origin, bound);
    lease.release(true);
    this.#options.log.limited(`${reason} ${this.#options.receiver}`, `cannot accept ${signal}: ${answer.message}`);
    return answer;
  }

  #countRejected(signal: Signal, { transport }: Origin, bound: Bound): void {
    for (const { scope, reason, items, message } of bound.rejected) {
      this.#traffic[signal][transport].refused += items;
      const row = this.#rows.of(signal, this.#counted(scope));
      row.received += items;
      count(row.rejected, reason, items);
      if (VIOLATIONS.has(reason))
        this.#options.log.limited(
          `SCOPE_VIOLATION ${this.#options.receiver}`,
          `SCOPE_VIOLATION at ${this.#options.receiver}: ${message}`,
        );
    }
  }

  /** Batches of one scope too many become rejections. */
  #withinLimit(bound: Bound): Bound {
    const { ledger } = this.#options;
    let allKnown = true;
    for (const batch of bound.batches) allKnown &&= ledger.knows(batch.scope);
    if (allKnown) return bound;
    const known = bound.batches.filter((batch) => ledger.knows(batch.scope));
    const others = bound.batches.filter((batch) => !ledger.knows(batch.scope));
    const message = 'cannot accept data of one more scope: this process is at its limit of scopes';
    return {
      batches: known,
      rejected: [
        ...bound.rejected,
        ...others.map(({ items }) => ({ scope: OTHER_SCOPES, reason: 'scope_limit', items, message })),
      ],
    };
  }

  #stopping(): Refusal {
    return refusal('SHUTTING_DOWN', 'cannot take more data: the collector is stopping', 1000);
  }
}

/** The scope that a request is of whatever it holds, if there is only one. */
function scopeOf({ allowed }: Binding): string | undefined {
  return allowed.length === 1 ? allowed[0] : undefined;
}

function entrance(chains: readonly Chain[], claimKeys: readonly string[]): Entrance {
  const asked = chains.map((chain) => chain.processors.flatMap((processor) => processor.inspection ?? []));
  const keepsMatches = chains.some((chain) => chain.reusesMatches);
  const inspection = mergeInspections(claimKeys, asked, keepsMatches);
  return { chains, inspection, waits: chains.some((chain) => chain.waits) };
}

function itemsOf({ demand }: Need): number {
  return demand.reduce((sum, { items }) => sum + items, 0);
}

function blocks({ queue }: Need): boolean {
  return queue.delivery.sending_queue.on_full === 'block';
}

function refusalOf({ queue }: Need): Refusal {
  return refusal('QUEUE_FULL', `cannot queue data for ${queue.id}: its queue is full`, queue.retryAfterMs);
}

/** An item is only told as rejected as far as every pipeline let it go. */
function rejectedByAll(told: ReadonlyMap<Chain, readonly Rejection[]>, chains: number): readonly Rejection[] {
  if (told.size < chains) return [];
  const items = (rejections: readonly Rejection[]) => rejections.reduce((sum, rejection) => sum + rejection.items, 0);
  return [...told.values()].reduce((least, rejections) => (items(rejections) < items(least) ? rejections : least));
}

function withRejected(outcome: Outcome, rejected: readonly Rejection[]): Outcome {
  return outcome.ok ? { ok: true, rejected } : outcome;
}
