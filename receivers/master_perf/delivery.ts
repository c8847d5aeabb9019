import type { Origin } from '../../pipeline/batch/batch.ts';
import { Lease } from '../../pipeline/batch/lease.ts';
import type { Context, Intake, Outcome, Refusal } from '../../pipeline/component.ts';
import { ERRORS, type ErrorCode } from '../../pipeline/errors.ts';
import type { Ingested } from '../../pipeline/ingest.ts';
import { walk, Walk } from '../../pipeline/otlp/walk.ts';
import { claimsOfRow } from '../../pipeline/perf/claim.ts';
import { encodePerfRows } from '../../pipeline/perf/encode.ts';
import type { PerfRow } from '../../pipeline/perf/record.ts';

/** A row, and which of those that were brought it is. */
export interface BroughtRow {
  readonly index: number;
  readonly row: PerfRow;
}

type RejectedRows = Ingested['rejected'][number];

export const refusal = (code: ErrorCode, message: string): Refusal => ({
  ok: false,
  code,
  retryable: ERRORS[code].retryable,
  message,
});

/** Rows with the same claims; the scope stage takes all of them or none. */
interface Group {
  readonly claims: readonly string[];
  readonly rows: BroughtRow[];
}

/**
 * The way of rows into the pipeline: as log records, through the scope stage, which alone decides whose they are. Each group
 * of equal claims is a request of its own, so that a claim that is refused can be told by its rows.
 */
export class RowDelivery {
  readonly #intake: Intake;
  readonly #context: Context;
  readonly #service: string;

  constructor(intake: Intake, context: Context, service: string) {
    this.#intake = intake;
    this.#context = context;
    this.#service = service;
  }

  /** Never rejects. A refusal when nothing of it was taken, else what was rejected. */
  async deliver(rows: readonly BroughtRow[], origin: Origin): Promise<Ingested | Refusal> {
    const inspection = this.#intake.inspection('logs');
    if (inspection === undefined)
      return refusal('NOT_FOUND', 'cannot take rows of MASTER_PERF: no logs pipeline names the receiver');
    const refused = this.#intake.begin('logs', origin);
    if (refused !== undefined) return refused;
    try {
      const keys = inspection.claimKeys.map((key) => Buffer.from(key).toString());
      const groups = groupsOf(rows, keys);
      const outcomes = await Promise.all(groups.map((group) => this.#send(group, keys[0]!, origin)));
      return answerOf(groups, outcomes);
    } catch (error) {
      const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#context.log.limited('internal', `cannot handle rows of MASTER_PERF: ${cause}`);
      return refusal('INTERNAL', 'cannot handle the rows: a fault of the collector; its log says more');
    } finally {
      this.#intake.end(origin);
    }
  }

  async #send({ claims, rows }: Group, claimKey: string, origin: Origin): Promise<Outcome> {
    const bytes = encodePerfRows({
      rows: rows.map(({ row }) => row),
      claims,
      claimKey,
      service: this.#service,
      observedUnixNano: BigInt(this.#context.clock.now()) * 1_000_000n,
    });
    const refused = this.#intake.admit(bytes.length);
    if (refused !== undefined) return refused;
    try {
      const walked = walk('logs', bytes, this.#intake.inspection('logs')!, () => undefined, {
        lease: new Lease(),
        matches: undefined,
      });
      if (!(walked instanceof Walk)) return walked;
      return await this.#intake.next({ signal: 'logs', walk: walked, origin });
    } finally {
      this.#intake.release(bytes.length);
    }
  }
}

function groupsOf(rows: readonly BroughtRow[], claimKeys: readonly string[]): Group[] {
  const groups = new Map<string, Group>();
  for (const brought of rows) {
    const claims = claimsOfRow(brought.row, claimKeys);
    const key = JSON.stringify(claims);
    const group = groups.get(key) ?? { claims, rows: [] };
    group.rows.push(brought);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function answerOf(groups: readonly Group[], outcomes: readonly Outcome[]): Ingested | Refusal {
  const refusals = outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome]));
  const [first] = refusals;
  if (first !== undefined && refusals.length === outcomes.length) return first;
  const rejected: RejectedRows[] = [];
  let accepted = 0;
  for (const [place, outcome] of outcomes.entries()) {
    const rows = groups[place]!.rows.map(({ index }) => index);
    if (!outcome.ok) {
      rejected.push({ rows, items: rows.length, reason: outcome.code.toLowerCase(), message: outcome.message });
      continue;
    }
    const told = outcome.rejected ?? [];
    rejected.push(...told.map(({ reason, items, message }) => ({ rows, items, reason, message })));
    accepted += rows.length - told.reduce((sum, { items }) => sum + items, 0);
  }
  return { ok: true, accepted, rejected };
}
