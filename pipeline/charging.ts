import type { Batch } from './batch/batch.ts';
import type { Refusal } from './component.ts';
import { refusal } from './queue.ts';
import { type Bound, type BoundRejection, VIOLATIONS } from './scope/bind.ts';
import type { Excess, ScopeLimiter, ScopeLimiters } from './scope-limits.ts';
import { ITEM_NAMES, type Signal } from './signal.ts';

/** What a request took of the limits of one scope. */
interface Charge {
  readonly limiter: ScopeLimiter;
  readonly items: number;
  readonly bytes: number;
}

/** One request against the limits of the scopes it brings data of. */
export interface Charged {
  /** Without what is over a limit: that became rejections. */
  readonly bound: Bound;
  readonly charges: readonly Charge[];
  /** All that could be bound is over a limit. */
  readonly refused: Refusal | undefined;
  /** It was let in here, scope by scope, as nobody knew them before it was read; `end` lets it out. */
  readonly begun: boolean;
}

const NONE: readonly Charge[] = [];

/**
 * Charges each scope of a request for its own part. A request is refused as a whole (429, to be sent again) when no scope
 * of it may bring more: then nothing of it was taken. Where some may, theirs is taken, and what the others brought is
 * rejected in the partial success, which OTLP senders do not send again: to refuse the whole would make the scope that is
 * within its limits wait for the one that is not.
 *
 * `begun`: the one scope of the sender, when `begin` was asked for it. It is charged for the whole request, with what was
 * cut out of it: what claims another scope is work all the same.
 */
export function charge(
  limiters: ScopeLimiters,
  bound: Bound,
  { signal, walk, origin }: Batch,
  begun: string | undefined,
  nowMs: number,
): Charged {
  const isBegun = begun !== undefined;
  const parts = isBegun ? [{ scope: begun, items: walk.items, byteLength: walk.bytes.length }] : bound.batches;
  let charges: Charge[] | undefined;
  let over: Map<string, Excess> | undefined;
  for (const { scope, items, byteLength } of parts) {
    const limiter = limiters.of(scope);
    if (limiter === undefined) continue;
    // `begin` asks all that `charge` asks, so what was begun is charged.
    const excess = (isBegun ? undefined : limiter.begin(nowMs)) ?? limiter.charge(items, byteLength, nowMs);
    if (excess === undefined) (charges ??= []).push({ limiter, items, bytes: byteLength });
    else (over ??= new Map()).set(scope, excess);
  }
  if (!isBegun && origin.binding.from === 'token') chargeViolations(limiters, bound, origin.binding.allowed, nowMs);
  const charged = { charges: charges ?? NONE, begun: !isBegun };
  if (over === undefined) return { ...charged, bound, refused: undefined };
  if (over.size === parts.length) {
    const [scope, excess] = [...over].reduce((one, other) => (other[1].waitMs > one[1].waitMs ? other : one));
    return { ...charged, bound, refused: overLimit(signal, scope, excess) };
  }
  const rejected: BoundRejection[] = [];
  const batches = bound.batches.filter(({ scope, items }) => {
    const excess = over.get(scope);
    if (excess !== undefined)
      rejected.push({ scope, reason: 'rate_limited', items, message: words(`${items} ${ITEM_NAMES[signal]}`, scope, excess) });
    return excess === undefined;
  });
  return { ...charged, bound: { batches, rejected: [...bound.rejected, ...rejected] }, refused: undefined };
}

/**
 * What a sender of several scopes wrongly claims is work, too: it is charged to the scope of its group, or in equal parts
 * to all that the sender has. Only as far as they are not in debt, or one sender would shut the others of its scopes out
 * for hours; and nothing of it comes back.
 */
function chargeViolations(limiters: ScopeLimiters, { rejected }: Bound, allowed: readonly string[], nowMs: number): void {
  for (const { scope, reason, items } of rejected) {
    if (!VIOLATIONS.has(reason)) continue;
    const payers = reason === 'scope_mismatch' && allowed.includes(scope) ? [scope] : allowed;
    for (const payer of payers) limiters.of(payer)?.charge(Math.ceil(items / payers.length), 0, nowMs);
  }
}

/** The request was refused for another reason: its items and bytes were not taken in. A request it was all the same. */
export function refund({ charges }: Charged): void {
  for (const { limiter, items, bytes } of charges) limiter.refund(items, bytes);
}

/** The request is answered. */
export function end({ begun, charges }: Charged): void {
  if (begun) for (const { limiter } of charges) limiter.end();
}

/** `holdMs`: how long the answer waits; what it tells is true when it is given. */
export function overLimit(signal: Signal, scope: string, { limit, waitMs }: Excess, holdMs = 0): Refusal {
  const left = { limit, waitMs: Math.max(1, waitMs - holdMs) };
  const refused = refusal('RATE_LIMITED', words(signal, scope, left), left.waitMs);
  return holdMs === 0 ? refused : { ...refused, holdMs };
}

function words(what: string, scope: string, { limit, waitMs }: Excess): string {
  return `cannot accept ${what} of ${scope}: it is over its limit of ${limit}; there is room again in ${Math.ceil(waitMs / 1000)} s`;
}
