import { z } from 'zod';
import type { Ledger, LedgerSnapshot } from './ledger.ts';
import { LIMITS } from './limits.ts';
import { SIGNALS } from './signal.ts';

/** The counters of a process as text, for the next one. Another layout gets another number. */
const FORMAT = 'periscope-ledger/1';

const count = z.int().min(0);
const reasons = z.record(z.string(), count);
const key = { scope: z.string(), signal: z.enum(SIGNALS) };
const bySignal = <Value extends z.ZodType>(value: Value) => z.strictObject({ metrics: value, traces: value, logs: value });
const byId = <Value extends z.ZodType>(value: Value) => z.array(z.tuple([z.string(), value]));
const taken = z.strictObject({ accepted: count, refused: count });
/** States of before there were embedded collectors know two transports. */
const byTransport = z.strictObject({ http: taken, grpc: taken, in_process: taken.default({ accepted: 0, refused: 0 }) });

const stateSchema = z.strictObject({
  format: z.literal(FORMAT),
  clean: z.boolean(),
  writtenAt: z.iso.datetime(),
  ledger: z.strictObject({
    receivers: z.array(
      z
        .strictObject({
          receiver: z.string(),
          ...key,
          received: count,
          accepted: count,
          rejected: reasons,
          unreadRequests: reasons.exactOptional(),
        })
        .refine((row) => row.received === row.accepted + sumOf(row.rejected)),
    ),
    pipelines: z.array(z.strictObject({ pipeline: z.string(), ...key, accepted: count, dropped: reasons })),
    exporters: z.array(
      z
        .strictObject({
          exporter: z.string(),
          ...key,
          routed: count,
          exported: count,
          refused: count,
          dropped: reasons,
          inFlight: count,
          onFull: z.enum(['refuse', 'drop', 'block']),
        })
        .refine((row) => row.routed === row.exported + row.refused + sumOf(row.dropped) + row.inFlight),
    ),
  }),
  traffic: z.strictObject({
    receivers: byId(bySignal(byTransport)),
    processors: byId(bySignal(z.strictObject({ incoming: count, outgoing: count }))),
    unread: byId(z.array(z.tuple([z.string(), count]))),
    turnedAway: byId(bySignal(count)),
  }),
});

/** What a process has counted, at one moment. `clean` = it ended then, and nothing was in flight. */
export type LedgerState = z.output<typeof stateSchema>;

/** What changes when something is counted. */
export function countsOf(ledger: Ledger): string {
  return JSON.stringify({ ledger: ledger.snapshot(), traffic: ledger.traffic.snapshot() });
}

/** `counts` as `countsOf` told them. */
export function stateText(counts: string, clean: boolean, atMs: number): string {
  const head = JSON.stringify({ format: FORMAT, clean, writtenAt: new Date(atMs).toISOString() });
  return `${head.slice(0, -1)},${counts.slice(1)}\n`;
}

/** Undefined for a text that this version did not write whole, or whose rows do not balance. */
export function readState(text: string): LedgerState | undefined {
  try {
    return stateSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/**
 * The state with at most `LIMITS.scopes` scopes, and how many were let go. Those `known` to the configuration stay before those
 * it no longer has. A scope goes with all its rows, as every equation is within one.
 */
export function withinScopes(state: LedgerState, known: readonly string[]): { state: LedgerState; letGo: number } {
  const { receivers, pipelines, exporters } = state.ledger;
  const scopes = new Set([...receivers, ...pipelines, ...exporters].map(({ scope }) => scope));
  if (scopes.size <= LIMITS.scopes) return { state, letGo: 0 };
  const byRank = new Set([...known.filter((scope) => scopes.has(scope)), ...scopes]);
  const kept = new Set([...byRank].slice(0, LIMITS.scopes));
  const stays = ({ scope }: { readonly scope: string }): boolean => kept.has(scope);
  const ledger = {
    receivers: receivers.filter(stays),
    pipelines: pipelines.filter(stays),
    exporters: exporters.filter(stays),
  } satisfies LedgerSnapshot;
  return { state: { ...state, ledger }, letGo: scopes.size - kept.size };
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, items) => sum + items, 0);
}
